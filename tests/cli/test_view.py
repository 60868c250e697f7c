"""What a person sees of a run."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from reactor_zmq.cli.figures import TrackSnapshot, TrackTotals
from reactor_zmq.cli.snapshot import Heard, Snapshot, json_line, plain_line, totals_line
from reactor_zmq.cli.view import screen
from reactor_zmq.wire.codes import State
from reactor_zmq.wire.control import Progress, Status

SIZES = [(80, 24), (120, 40), (40, 10), (200, 60)]


def picture() -> np.ndarray:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:32], image[32:] = (248, 12, 20), (4, 240, 32)
    return image


def moment(**changes: object) -> Snapshot:
    facts: dict[str, object] = {
        "model": "automaton",
        "elapsed_s": 3725.0,
        "status": Status(State.READY, 3, clients=2, viewers=1),
        "tracks": (
            TrackSnapshot("main_video", "video", 59.94, 1.234, 13.4, 2.9e6, 718, 1, 3,
                          (10.0, 60.0), picture()),
        ),
        "fields": {"target": "gecko", "speed": 1.0},
        "heard": (Heard("current_target", {"name": "gecko"}, "12:01:02", 7),),
    }  # fmt: skip
    return Snapshot(**(facts | changes))  # type: ignore[arg-type]


def drawn(now: Snapshot, size: tuple[int, int], hints: tuple[str, ...] = ()) -> list[str]:
    console = Console(
        width=size[0], height=size[1], file=io.StringIO(), record=True, color_system=None
    )
    console.print(screen(now, size, hints), height=size[1])
    return console.export_text().splitlines()[: size[1]]


@pytest.mark.parametrize("size", SIZES)
def test_fits_the_terminal(size: tuple[int, int]):
    """The view fills any terminal and never overflows it."""
    lines = drawn(moment(), size, ("a hint",))
    assert len(lines) == size[1]
    assert max(len(line) for line in lines) <= size[0]


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize(
    "shown",
    [
        "automaton", "ready", "epoch 3", "clients 2", "viewers 1", "1:02:05", "main_video",
        "59.9 frames/s", "1.23 ms p50", "13.4 ms p99", "1 gaps", "3 drops", "2.9 MB/s",
        "target", '"gecko"', "current_target x7", "12:01:02",
    ],
)  # fmt: skip
def test_says_what_matters(size: tuple[int, int], shown: str):
    """Rate, latency, gaps, drops, bytes, membership, epoch, state and messages are all there."""
    assert shown in "\n".join(drawn(moment(), size))


def test_hints_are_at_the_foot():
    """What to type elsewhere stands in the last lines, uncut at 80 columns."""
    hints = ("reactor-zmq send automaton damage x=0.5 y=0.5", "reactor-zmq send automaton reset")
    lines = drawn(moment(), (80, 24), hints)
    assert [line.strip() for line in lines[-2:]] == list(hints)


def test_picture_is_in_true_colours():
    """The frame's own colours are sent to the terminal."""
    console = Console(
        width=80, height=24, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(screen(moment(), (80, 24)), height=24)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "38;2;248;12;20" in text
    assert "48;2;4;240;32" in text


def test_before_the_first_frame():
    """Before anything is known the view says what it waits for."""
    text = "\n".join(drawn(Snapshot("automaton", 0.0), (80, 24)))
    assert "connecting" in text
    assert "waiting for the first frame" in text


def test_loading_shows_progress():
    """While the model loads the view says how far it is."""
    status = Status(State.LOADING, 1, progress=Progress(1, 4, "weights"))
    text = "\n".join(drawn(moment(status=status, tracks=()), (80, 24)))
    assert "loading" in text
    assert "25%" in text
    assert "weights" in text


def test_missing_fields_are_named():
    """What holds the generator is named."""
    status = Status(State.WAITING, 1, missing=("prompt",))
    assert "waiting: prompt" in "\n".join(drawn(moment(status=status), (80, 24)))


def test_plain_line_holds_the_same():
    """The plain form says in one line what the view says."""
    line = plain_line(moment())
    assert "\n" not in line
    for shown in ("ready", "main_video 59.9/s", "1.23 ms p50", "13.40 ms p99", "gaps 1", "drops 3",
                  "2.9 MB/s", "clients 2", "viewers 1", "epoch 3"):  # fmt: skip
        assert shown in line


def test_plain_line_says_why():
    """A restart is told with its reason."""
    status = Status(State.RESTARTING, 2, "crashed")
    assert "restarting (crashed)" in plain_line(moment(status=status))
    assert "link lost" in plain_line(moment(lost=True))


def test_json_line_is_for_programs():
    """The JSON form holds the figures under stable names."""
    record = json.loads(json_line(moment()))
    assert record["status"]["state"] == "ready"
    assert record["tracks"][0]["rate_hz"] == 59.94
    assert record["fields"] == {"target": "gecko", "speed": 1.0}
    assert record["messages"] == {"current_target": 7}


def test_totals_line():
    """The closing line has frames, rate, latency, gaps and drops."""
    totals = TrackTotals("main_video", 600, 59.94, 1.2, 3.4, 1, 2, 5)
    assert totals_line(totals) == (
        "main_video: 600 frames, 59.9 frames/s, latency p50 1.20 ms p99 3.40 ms, 1 gaps, 2 drops"
    )
