"""The clock's machine, on simulated links with simulated clocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.machines.clock_offset import DRIFT, ClockOffset

WAITS_S = (0.05, 0.1, 5.0)
NS = 1_000_000_000
SKEWS_NS = st.integers(-(10**15), 10**15)
LEGS_S = st.floats(0, 0.5)
# A Unix time, as the difference of two clocks.
UNIX_NS = 1_700_000_000 * NS


def trip(clock: ClockOffset, start: float, there_s: float, back_s: float, ahead_ns: int) -> float:
    """Make one round trip and return when it is over."""
    clock.asked(start)
    clock.answered(round((start + there_s) * NS) + ahead_ns, start + there_s + back_s)
    return start + there_s + back_s


@given(SKEWS_NS, st.lists(st.tuples(LEGS_S, LEGS_S), min_size=1, max_size=40))
def test_the_truth_is_within_the_error(skew_ns, legs):
    """However skewed the clocks and lopsided the links: within half a round trip."""
    clock, ahead_ns, now = ClockOffset(0.0, WAITS_S), UNIX_NS + skew_ns, 100.0
    for there_s, back_s in legs:
        now = trip(clock, now, there_s, back_s, ahead_ns)
    found = clock.estimate(now)
    assert found is not None
    assert abs(found.ahead_ns - ahead_ns) <= found.error_ns + 100  # floats round to some 15 ns
    assert found.samples == len(legs)


def test_the_quickest_trip_tells():
    """A trip of 2 ms among slow, lopsided ones gives the offset to within 1 ms."""
    clock, now = ClockOffset(0.0, WAITS_S), 10.0
    for there_s, back_s in [(0.2, 0.0), (0.001, 0.001), (0.0, 0.3)]:
        now = trip(clock, now, there_s, back_s, UNIX_NS)
    found = clock.estimate(now)
    assert found is not None
    assert abs(found.rtt_ns - 2_000_000) < 1000
    assert abs(found.ahead_ns - UNIX_NS) < 1_000_000
    assert found.error_ns < 1_100_000


def test_an_old_trip_gives_way():
    """Clocks drift: after minutes a newer, slower trip tells more than an old quick one."""
    clock = ClockOffset(0.0, WAITS_S)
    trip(clock, 0.0, 0.0005, 0.0005, UNIX_NS)
    trip(clock, 1000.0, 0.005, 0.005, UNIX_NS + round(1000 * DRIFT * NS))
    found = clock.estimate(1001.0)
    assert found is not None
    assert abs(found.rtt_ns - 10_000_000) < 1000


def test_a_broken_link_takes_its_questions_with_it():
    """An answer on the new link is not taken for one to a question of the old."""
    clock = ClockOffset(0.0, WAITS_S)
    clock.asked(1.0)
    clock.link_lost(5.0)
    clock.asked(6.0)
    clock.answered(UNIX_NS + round(6.01 * NS), 6.02)
    found = clock.estimate(6.02)
    assert found is not None
    assert found.rtt_ns < 21_000_000


def test_who_does_not_tell_the_time_is_not_believed():
    """An older front end's answer teaches nothing, and one that was not asked for neither."""
    clock = ClockOffset(0.0, WAITS_S)
    clock.answered(UNIX_NS, 0.5)
    clock.asked(1.0)
    clock.answered(0, 1.1)
    assert clock.estimate(2.0) is None


def test_the_first_looks_are_quick():
    """The waits are those given, the last one stays, and a new link begins anew."""
    clock = ClockOffset(1.0, WAITS_S)
    assert clock.due == 1.05
    dues = []
    for _ in range(4):
        clock.asked(2.0)
        dues.append(round(clock.due - 2.0, 6))
    assert dues == [0.1, 5.0, 5.0, 5.0]
    clock.link_lost(3.0)
    assert clock.due == 3.05
