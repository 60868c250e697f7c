"""What a person sees of numeric tracks, missed deadlines and another machine's clock."""

from __future__ import annotations

import json

import numpy as np
from test_view import drawn, moment

from reactor_zmq.cli.figures import TrackSnapshot
from reactor_zmq.cli.numbers import numbers, numbers_line
from reactor_zmq.cli.snapshot import json_line, plain_line
from reactor_zmq.client.clock import Clock
from reactor_zmq.wire.codes import State
from reactor_zmq.wire.control import Status

CHUNK = np.float32([[0.5, -1.25], [9, 9]])
ARM = TrackSnapshot("actions", "tensor", 50.0, image=CHUNK, names=("base", "grip"))


def test_the_first_row_is_shown_by_name():
    """Of a chunk of actions the next one; signs and four digits."""
    assert numbers(CHUNK, ("base", "grip")) == [("base", 0.5), ("grip", -1.25)]
    assert numbers_line(CHUNK, ("base", "grip")) == "base=+0.5 grip=-1.25 …"


def test_without_names_places_stand_in():
    """Indices in the view, bare values in a line; whole numbers as they are."""
    assert numbers(np.int32([7, 8])) == [("[0]", 7), ("[1]", 8)]
    assert numbers_line(np.int32([7, 8])) == "7 8"


def test_a_long_row_is_cut():
    """A latent of a thousand numbers does not fill the terminal."""
    assert len(numbers(np.zeros(1000, np.float32))) == 12
    assert numbers_line(np.zeros(1000, np.float32)).endswith("…")


def test_the_view_shows_numbers_and_misses():
    """Beside rate and latency stand the newest values; in the header what was missed."""
    status = Status(State.READY, 1, misses=7)
    text = "\n".join(drawn(moment(tracks=(ARM,), status=status), (120, 40)))
    assert "base +0.5" in text
    assert "grip -1.25" in text
    assert "misses 7" in text


def test_lines_tell_them_too():
    """For logs and for programs."""
    now = moment(tracks=(ARM,), status=Status(State.READY, 1, misses=7))
    assert "base=+0.5 grip=-1.25" in plain_line(now)
    assert "misses 7" in plain_line(now)
    track = json.loads(json_line(now))["tracks"][0]
    assert track["shape"] == [2, 2]
    assert track["numbers"] == {"base": 0.5, "grip": -1.25}


def test_a_clock_that_is_off_is_told():
    """Only where it is off by more than can be measured."""
    off = moment(clock=Clock(3_000_000, 200_000, 400_000, 5))
    assert "clock +3.00 ms (±0.20)" in plain_line(off)
    assert "clock" not in plain_line(moment(clock=Clock(100_000, 200_000, 400_000, 5)))
