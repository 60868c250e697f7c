"""Which frames a viewer is shown, and when it waits for a newer one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.machines.client_frames import FrameOrder, Lateness

MS = 1_000_000


def test_gap_counts_what_was_not_shown():
    """The first frame has no gap; later ones count the hole before them."""
    order = FrameOrder()
    assert [order.show(1, seq) for seq in (7, 8, 11)] == [0, 0, 2]


def test_older_and_equal_frames_are_not_shown():
    """Neither of this epoch nor of an earlier one."""
    order = FrameOrder()
    order.show(2, 5)
    assert [order.show(*at) for at in ((2, 5), (2, 4), (1, 99))] == [None, None, None]
    assert order.show(2, 6) == 0


def test_new_epoch_counts_from_its_beginning():
    """After a restart the numbers begin anew: those before the first one seen are the gap."""
    order = FrameOrder()
    order.show(1, 100)
    assert order.show(2, 3) == 3


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30))))
def test_shown_frames_and_gaps_add_up(frames: list[tuple[int, int]]):
    """Shown frames ascend, and within an epoch the gaps are exactly the holes."""
    order, shown = FrameOrder(), list[tuple[int, int]]()
    for at in frames:
        gap = order.show(*at)
        if gap is None:
            assert shown
            assert at <= shown[-1]
            continue
        if shown and shown[-1][0] == at[0]:
            assert gap == at[1] - shown[-1][1] - 1
        shown.append(at)


class Stream:
    """A stream of 60 frames a second that takes 1 ms, and the look of a viewer."""

    def __init__(self) -> None:
        self.lateness = Lateness()
        self.offset_ns = 5_000_000_000_000

    def step(self, *frames: tuple[int, int]) -> bool:
        """Receive frames as (seq, ms under way); return whether more are waited for."""
        self.lateness.begin()
        return self.look(*frames)

    def look(self, *frames: tuple[int, int]) -> bool:
        """Receive more frames in the same step."""
        for seq, under_way_ms in frames:
            sent_ns = seq * 16 * MS
            self.lateness.arrived(seq, sent_ns, sent_ns + self.offset_ns + under_way_ms * MS)
        self.lateness.looked(len(frames))
        return self.lateness.behind


def test_fresh_frames_are_shown_at_once():
    """A viewer that keeps up never waits."""
    stream = Stream()
    assert not stream.step((0, 1))
    assert not stream.step((1, 2))


def test_unknown_stream_with_several_frames_is_behind():
    """Before anything is known, several frames at once mean that there were more."""
    stream = Stream()
    assert stream.step((0, 100), (1, 90))
    stream.lateness.settled()
    assert not stream.step((9, 91))


def test_late_frames_are_followed_by_newer_ones():
    """A frame that was under way much longer than the fastest came out of a queue."""
    stream = Stream()
    stream.step((0, 1), (1, 1))
    stream.lateness.settled()
    assert stream.step((2, 100))
    assert stream.look((3, 60))
    assert not stream.look((7, 1))


def test_a_link_that_does_not_catch_up_is_not_waited_for():
    """Where frames come no faster than they are made, the newest is as new as it gets."""
    stream = Stream()
    stream.step((0, 1), (1, 1))
    stream.lateness.settled()
    assert stream.step((2, 100))
    assert stream.look((3, 100))
    assert not stream.look((4, 100))


def test_old_last_frame_is_worth_a_wait_for_the_next():
    """One older than the stream's pace is worth waiting for the next one, a fresh one is not."""
    stream = Stream()
    stream.step((0, 1), (1, 1))
    assert stream.lateness.worth_ns == 0
    stream.lateness.settled()
    stream.step((2, 40))
    assert stream.lateness.worth_ns == 16 * MS
