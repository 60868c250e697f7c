"""Which announced slots are kept, for whom, and for how long."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.machines.lane_holds import NEWEST, UNDER_WAY_NS, WINDOW, LaneHolds

ENOUGH = 6
MUCH = 100
LATER = 10 * UNDER_WAY_NS


class Reader(NamedTuple):
    track: int = 0
    every: bool = False
    cursor: int = 0
    leases: tuple[int, ...] = ()


def announced(count: int, track: int = 0) -> LaneHolds:
    """Return a machine that has announced frames 1 to ``count`` at time 0."""
    holds = LaneHolds(ENOUGH)
    for _ in range(count):
        holds.announce(track, 0)
    return holds


def test_orders_grow_from_one():
    """Each frame has an order of its own, over all tracks."""
    holds = LaneHolds(ENOUGH)
    assert [holds.announce(track, 0) for track in (0, 1, 0)] == [1, 2, 3]
    assert (holds.order, len(holds), 2 in holds, 4 in holds) == (3, 3, True, False)


def test_announcements_under_way_are_kept():
    """A frame that was just announced can still be fetched; after a while it is given up."""
    holds = announced(5)
    assert not holds.may_release(MUCH, UNDER_WAY_NS - 1)
    assert holds.to_release([], MUCH, UNDER_WAY_NS - 1) == []
    assert holds.may_release(MUCH, UNDER_WAY_NS)
    assert holds.to_release([], MUCH, UNDER_WAY_NS) == [1, 2, 3]


def test_the_newest_of_each_track_stay():
    """A reader that wakes up late finds the newest frames of its track."""
    holds = announced(4)
    for _ in range(3):
        holds.announce(1, 0)
    assert holds.to_release([], MUCH, LATER) == [1, 2, 5]


def test_what_is_shown_stays():
    """A leased frame is kept, be the ring as low as it may."""
    holds = announced(6)
    reader = Reader(leases=(2, 4))
    assert holds.to_release([reader], MUCH, LATER) == [1, 3]
    assert holds.to_release([reader], 0, LATER) == [1, 3, 5]


def test_a_low_ring_keeps_the_newest_only():
    """When the ring runs low the oldest go first, and no more of them than needed."""
    holds = announced(6)
    assert holds.to_release([], ENOUGH - 2, 0) == [1, 2]
    assert holds.to_release([], 0, 0) == [1, 2, 3, 4, 5]


def test_a_reader_of_every_frame_is_waited_for():
    """What it has not come to is kept, and given up when it has."""
    holds = announced(6)
    assert holds.to_release([Reader(every=True, cursor=2)], MUCH, LATER) == [1, 2]
    assert holds.to_release([Reader(every=True, cursor=6)], MUCH, LATER) == [1, 2, 3, 4]
    assert holds.to_release([Reader(every=True, cursor=2, track=1)], MUCH, LATER) == [1, 2, 3, 4]


def test_a_stopped_reader_of_every_frame_holds_nothing():
    """One that is too far behind is not waited for."""
    stopped = Reader(every=True, cursor=1)
    assert announced(WINDOW + 1).to_release([stopped], MUCH, LATER) == [1]
    assert len(announced(WINDOW + 2).to_release([stopped], MUCH, LATER)) == WINDOW + 2 - NEWEST


def test_what_everybody_has_come_past_is_given_up_at_once():
    """However new it is; what one reader has not come to, or another shows, is not."""
    holds = announced(5)
    fast, slow = Reader(cursor=4), Reader(cursor=3, leases=(2,))
    assert holds.passed([fast, slow], [2]) == [1, 3]
    assert holds.passed([fast], [1]) == [1, 2, 3, 4]


def test_a_reader_that_says_nothing_is_not_overlooked():
    """Where more links subscribe than readers have rows, or nobody knows how many, age decides."""
    holds = announced(5)
    assert holds.passed([Reader(cursor=5)], [2]) == []
    assert holds.passed([Reader(cursor=5)], []) == [1, 2, 3, 4, 5]
    assert holds.passed([], []) == []
    assert holds.passed([], [0]) == []


def test_a_reader_that_has_taken_nothing_yet_may_be_anybodys():
    """It keeps what was announced since it came, of any track; readers of others keep none."""
    holds = announced(5)
    new, other = Reader(track=-1, cursor=2), Reader(track=1, cursor=0)
    assert holds.passed([Reader(cursor=5), new], [2]) == [1, 2]
    assert holds.passed([Reader(cursor=5), other], [1, 1]) == [1, 2, 3, 4, 5]


def test_released_and_forgotten_frames_are_gone():
    """A given-up frame is not given up twice; with the ring all go."""
    holds = announced(4)
    holds.release(1)
    assert holds.to_release([], MUCH, LATER) == [2]
    assert holds.forget_all() == [2, 3, 4]
    assert (len(holds), holds.may_release(0, LATER), holds.announce(0, 0)) == (0, False, 5)


readers = st.builds(
    Reader,
    st.integers(-1, 2),
    st.booleans(),
    st.integers(0, 50),
    st.lists(st.integers(0, 50), max_size=2).map(tuple),
)


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=40),
    st.lists(readers, max_size=5),
    st.integers(0, 16),
    st.integers(0, LATER),
)
def test_whatever_readers_say(tracks, said, free, now_ns):
    """No reader's words release a leased frame, a track's newest, or one that is not held."""
    holds = LaneHolds(ENOUGH)
    newest = {track: holds.announce(track, 0) for track in tracks}
    released = holds.to_release(said, free, now_ns)
    assert released == sorted(set(released)) or free < ENOUGH
    assert len(released) == len(set(released))
    assert all(order in holds for order in released)
    assert not set(released) & set(newest.values())
    assert not set(released) & {order for reader in said for order in reader.leases}
    if not holds.may_release(free, now_ns):
        assert released == []


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=40),
    st.lists(readers, max_size=5),
    st.lists(st.integers(0, 6), max_size=3),
)
def test_nobody_loses_what_is_still_to_be_read(tracks, said, links):
    """No frame is passed that is shown, or that a reader of its track has yet to come to."""
    holds = LaneHolds(ENOUGH)
    track_of = {holds.announce(track, 0): track for track in tracks}
    passed = holds.passed(said, links)
    assert passed == sorted(set(passed))
    assert not set(passed) & {order for reader in said for order in reader.leases}
    for order in passed:
        track = track_of[order]
        there = [reader for reader in said if reader.track in (track, -1)]
        assert there
        assert all(reader.cursor >= order for reader in there)
        assert track >= len(links) or len(there) >= links[track]
