"""Frames leave in the order in which they are due, also when the front end comes late."""

from __future__ import annotations

import time

from reactor_zmq.runtime.frame_pump import FramePump
from reactor_zmq.runtime.outbox import Outbox
from reactor_zmq.wire.link import Frame


def frame(seq: int, due_ns: int) -> Frame:
    """Return a frame's descriptor."""
    return Frame(
        track=0, generation=1, slot=seq, seq=seq, shape=(1, 1, 3), dtype="|u1", encoding="rgb8",
        pts_ns=0, produced_ns=0, due_ns=due_ns,
    )  # fmt: skip


def test_frame_that_is_late_does_not_overtake_one_that_waits(wait_until):
    """Two frames whose times have both come when the second arrives: the first goes first."""
    pump, sent = object.__new__(FramePump), []
    pump._due, pump._order, pump._send = [], 0, sent.append
    pump._outbox = Outbox(None)
    soon_ns = time.monotonic_ns() + 5_000_000
    first, second, third = frame(1, soon_ns), frame(2, soon_ns + 1), frame(3, 2**62)
    pump.take(first)
    assert sent == []
    wait_until(lambda: time.monotonic_ns() > second.due_ns, "the time of both")
    pump.take(second)
    pump.take(third)
    assert sent == [first, second]
    assert pump.next_due_ns() == third.due_ns


def test_frame_that_is_due_goes_at_once():
    """With nothing before it, it does not go through the queue."""
    pump, sent = object.__new__(FramePump), []
    pump._due, pump._order, pump._send = [], 0, sent.append
    pump._outbox = Outbox(None)
    pump.take(frame(1, 0))
    assert [f.seq for f in sent] == [1]
