"""Deadlines of a pinned rate: what counts as missed, and who hears of it."""

from __future__ import annotations

from stage import Stage

from reactor_zmq.machines.pacing import MARGIN_NS, Pacing
from reactor_zmq.wire import link

MS = 1_000_000
PERIOD = 20 * MS


def paced() -> Pacing:
    """Return the pacing of a model that has shown one frame at time 0."""
    pacing = Pacing(fps=50)
    pacing.finish_turn(0, 0, 1)
    return pacing


def test_a_frame_in_time_misses_nothing():
    """What is ready within the margin of its due time is in time."""
    pacing = paced()
    pacing.finish_turn(0, PERIOD + MARGIN_NS, 1)
    assert pacing.misses == 0


def test_a_late_frame_is_one_miss():
    """However late it is; the cadence begins anew with it."""
    pacing = paced()
    pacing.finish_turn(0, 5 * PERIOD, 1)
    pacing.finish_turn(0, 6 * PERIOD, 1)
    assert pacing.misses == 1


def test_nothing_was_due_during_a_rest():
    """A model that had nothing to show has missed nothing when it has something again."""
    pacing = paced()
    pacing.rest()
    pacing.finish_turn(0, 50 * PERIOD, 1)
    assert pacing.misses == 0


def test_without_a_pinned_rate_nothing_is_due():
    """A rate that follows the turns has no deadlines."""
    pacing = Pacing()
    pacing.finish_turn(0, 0, 1)
    pacing.finish_turn(0, 50 * PERIOD, 1)
    assert pacing.misses == 0


def test_misses_are_told_when_asked_for():
    """They add up over a session, are pushed to nobody, and begin anew with the next session."""
    stage = Stage()
    stage.hello("a")
    for _ in range(2):
        assert stage.heard("a", stage.actor(link.Missed(2))) == []
    (reply,) = stage.say("a", "$status", id=1)
    assert reply["data"]["misses"] == 4
    stage.say("a", "$bye")
    assert stage.hello("b")["status"]["misses"] == 0
