"""The schedule of frames, on simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.machines.pacing import MARGIN_NS, Pacing

MS = 1_000_000
SECOND = 1_000_000_000


@dataclass
class Run:
    """A model that turns on simulated time, as the host drives it."""

    pacing: Pacing
    now: int = 5 * SECOND
    starts: list[int] = field(default_factory=list)
    dues: list[int] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)

    def turn(self, took_ms: float, frames: int = 1) -> tuple[int, ...]:
        """Wait for the start, compute, schedule."""
        self.now = max(self.now, self.pacing.next_turn_ns())
        self.waits.append(self.pacing.waiting(self.now))
        self.starts.append(self.now)
        started, self.now = self.now, self.now + round(took_ms * MS)
        dues = self.pacing.finish_turn(started, self.now, frames)
        self.dues.extend(dues)
        return dues


def steps(times):
    return [b - a for a, b in pairwise(times)]


def test_an_instant_generator_makes_exactly_fps_turns_a_second():
    """fps=10 and no work: ten turns and ten frames a second, not thousands."""
    run = Run(Pacing(fps=10))
    begin = run.now
    while run.now < begin + 10 * SECOND - 2 * MARGIN_NS:
        run.turn(0)
    assert len(run.dues) == 101
    assert set(steps(run.dues)) == {SECOND // 10}


def test_a_batch_is_spread_over_the_time_its_turn_took():
    """Four frames after 40 ms of work are due 10 ms apart, batch after batch."""
    run = Run(Pacing())
    for _ in range(5):
        run.turn(40, frames=4)
    assert set(steps(run.dues)) == {10 * MS}
    assert set(steps(run.starts)) == {40 * MS}


def test_a_single_frame_without_fps_is_due_at_once():
    """The rate follows the turns."""
    run = Run(Pacing())
    for took in (7, 3, 20):
        assert run.turn(took) == (run.now,)
    assert steps(run.starts) == [7 * MS, 3 * MS]


def test_a_stall_is_not_followed_by_a_burst():
    """After a turn of a second the frames go on one period apart."""
    run = Run(Pacing(fps=20))
    for took in (1, 1, 1000, 1, 1, 1, 1, 1):
        run.turn(took)
    assert min(steps(run.dues)) == 50 * MS


def test_a_minute_does_not_drift():
    """1,800 frames at 30 fps end where a minute ends, to the nanosecond."""
    run = Run(Pacing(fps=30))
    for _ in range(1801):
        run.turn(5)
    assert run.dues[-1] - run.dues[0] == 60 * SECOND


def test_a_timer_that_fires_late_does_not_shift_the_cadence():
    """Half a millisecond of lateness in each turn is not added up."""
    pacing = Pacing(fps=10)
    dues = [*pacing.finish_turn(0, 0, 1)]
    for _ in range(100):
        late = dues[-1] + SECOND // 10 + MS // 2
        dues += pacing.finish_turn(late, late, 1)
    assert set(steps(dues)) == {SECOND // 10}


def test_where_wakeups_are_late_turns_start_earlier():
    """On a machine that wakes up 5 ms late throughout one deadline is missed, not each of them."""
    run = Run(Pacing(fps=50))
    for _ in range(20):
        run.now = max(run.now, run.pacing.next_turn_ns() + 5 * MS)
        run.turn(2)
    assert run.pacing.misses == 1
    assert set(steps(run.dues)[1:]) == {20 * MS}


def test_wakeups_within_the_margin_cost_no_time():
    """A timer that is up to a millisecond late leaves starts as late as they were."""
    prompt, late = Run(Pacing(fps=50)), Run(Pacing(fps=50))
    for _ in range(20):
        prompt.turn(2)
        late.now = max(late.now, late.pacing.next_turn_ns() + MARGIN_NS)
        late.turn(2)
    assert (
        late.pacing.next_turn_ns() == prompt.pacing.next_turn_ns() + late.dues[0] - prompt.dues[0]
    )


def test_a_rest_is_no_late_start():
    """A turn that comes long after a rest does not make those after it start earlier."""
    run = Run(Pacing(fps=50))
    for _ in range(3):
        run.turn(2)
    before = run.dues[-1] - run.starts[-1]
    run.pacing.rest()
    run.now += 15 * MS
    for _ in range(3):
        run.turn(2)
    assert run.dues[-1] - run.starts[-1] == before


def test_an_event_shows_in_the_very_next_frame():
    """A turn starts just so early that its frame is ready: what came before is in it."""
    run = Run(Pacing(fps=10))
    for _ in range(3):
        run.turn(20)
    assert [due - start for start, due in zip(run.starts[1:], run.dues[1:], strict=True)] == [
        20 * MS + MARGIN_NS,
        20 * MS + MARGIN_NS,
    ]
    assert max(run.waits) <= 1


def test_turns_longer_than_a_period_run_back_to_back():
    """An overloaded model is never held back."""
    run = Run(Pacing(fps=10))
    for _ in range(5):
        run.turn(130)
    assert set(steps(run.starts)) == {130 * MS}
    assert set(steps(run.dues)) == {130 * MS}


def test_one_slow_turn_moves_later_starts_by_at_most_one_period():
    """The expected length is the recent maximum, bounded by the frames that may wait."""
    run = Run(Pacing(fps=10, buffer_size=2))
    for took in (1, 700, 1, 1, 1):
        run.turn(took)
    assert max(run.waits) <= 2
    for _ in range(20):
        run.turn(1)
    assert run.dues[-1] - run.starts[-1] == 1 * MS + MARGIN_NS


def test_no_more_than_buffer_size_frames_wait_when_turns_get_shorter():
    """Without fps, frames of earlier batches hold the next turn back."""
    run = Run(Pacing(buffer_size=2))
    run.turn(400, frames=8)
    for _ in range(10):
        run.turn(4, frames=2)
    held = [w - 2 for w in run.waits[2:]]
    assert max(held) <= 2


def test_a_batch_at_a_pinned_rate_keeps_that_rate():
    """Batches of four at 10 fps whose turn takes 300 ms leave no hole."""
    run = Run(Pacing(fps=10))
    for _ in range(5):
        run.turn(300, frames=4)
    assert set(steps(run.dues)) == {100 * MS}


def test_a_new_rate_counts_from_the_last_frame():
    """Changing fps takes effect with the next frame."""
    run = Run(Pacing(fps=10))
    run.turn(0)
    run.turn(0)
    run.pacing.fps = 50
    run.turn(0)
    assert steps(run.dues) == [100 * MS, 20 * MS]
    run.pacing.fps = None
    assert run.pacing.fps is None


def test_flush_forgets_what_waits():
    """After a flush the next frame does not queue behind frames that were dropped."""
    pacing = Pacing(fps=10)
    pacing.finish_turn(0, 0, 5)
    assert pacing.waiting(50 * MS) == 4
    pacing.flush(50 * MS)
    assert pacing.waiting(50 * MS) == 0
    assert pacing.finish_turn(50 * MS, 50 * MS, 1) == (100 * MS,)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_an_impossible_rate_is_refused(fps):
    """The rate is a positive number or None."""
    with pytest.raises(ValueError, match="fps"):
        Pacing(fps=fps)


@given(
    fps=st.one_of(st.none(), st.floats(1, 240)),
    buffer_size=st.integers(1, 4),
    turns=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5)), min_size=1, max_size=40),
)
def test_frames_are_in_order_and_never_early(fps, buffer_size, turns):
    """Due times never go back, and never come faster than a pinned rate for long."""
    run = Run(Pacing(fps, buffer_size))
    for took, frames in turns:
        dues = run.turn(took, frames)
        assert dues[0] >= run.now - MARGIN_NS
    assert run.dues == sorted(run.dues)
    if fps is not None:
        period = SECOND / fps
        elapsed = run.dues[-1] - run.dues[0]
        assert elapsed >= (len(run.dues) - 1) * period - MARGIN_NS - 2 * len(turns)
