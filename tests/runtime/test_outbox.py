"""Frames wait for a lone viewer's room: in order, few of them, not for long."""

from __future__ import annotations

import time

import pytest

from reactor_zmq.runtime.outbox import MOST_WAITING, Outbox


class Viewers:
    """A socket whose viewers' queues are full unless there is room."""

    def __init__(self) -> None:
        self.room, self.told, self.missed = 0, [], []

    def begin(self, topic: bytes, *, drop: bool) -> bool:
        if not self.room and not drop:
            return False
        (self.told if self.room else self.missed).append(topic)
        self.room = max(0, self.room - 1)
        return True


@pytest.fixture
def viewers():
    """The socket."""
    return Viewers()


@pytest.fixture
def outbox(viewers):
    """An outbox that may wait."""
    found = Outbox(viewers)
    found.patient = True
    return found


def put(outbox, *numbers):
    """Put frames in; return those whose other parts were sent meanwhile."""
    finished = []
    for number in numbers:
        outbox.put(b"%d" % number, lambda number=number: finished.append(number))
    return finished


def test_frame_goes_at_once_where_there_is_room(outbox, viewers):
    """All of it, and nothing is to be waited for."""
    viewers.room = 2
    assert put(outbox, 1, 2) == [1, 2]
    assert outbox.next_ns() is None


def test_frames_wait_for_room_and_keep_their_order(outbox, viewers):
    """A later one does not overtake, whether it finds the room or the loop does."""
    assert put(outbox, 1, 2) == []
    viewers.room = 2
    put(outbox, 3)
    assert viewers.told == [b"1", b"2"]
    viewers.room = 1
    outbox.retry()
    assert viewers.told == [b"1", b"2", b"3"]
    assert (len(outbox), viewers.missed) == (0, [])


def test_only_a_few_wait(outbox, viewers):
    """One more lets them all go, and who has no room misses them."""
    numbers = list(range(MOST_WAITING + 1))
    assert put(outbox, *numbers) == numbers
    assert len(viewers.missed) == len(numbers)
    assert len(outbox) == 0


def test_nobody_waits_for_another(outbox, viewers):
    """Where several watch, frames go at once to those that have room."""
    outbox.patient = False
    assert put(outbox, 1) == [1]
    assert viewers.missed == [b"1"]


def test_those_that_wait_go_when_another_viewer_comes(outbox, viewers):
    """The next look lets them go."""
    put(outbox, 1)
    outbox.patient = False
    outbox.retry()
    assert viewers.missed == [b"1"]


def test_nothing_waits_for_long(outbox, viewers, wait_until):
    """A viewer that takes nothing misses the frame after its time, not before."""
    put(outbox, 1)
    until_ns = outbox.next_ns()
    outbox.retry()
    assert time.monotonic_ns() >= until_ns or not viewers.missed
    wait_until(lambda: time.monotonic_ns() >= until_ns)
    outbox.retry()
    assert viewers.missed == [b"1"]
    assert outbox.next_ns() is None


def test_frames_of_an_actor_that_died_are_forgotten(outbox, viewers):
    """They are not sent when there is room."""
    put(outbox, 1)
    outbox.clear()
    viewers.room = 1
    outbox.retry()
    assert viewers.told == viewers.missed == []
