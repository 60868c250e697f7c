"""The lane's slots come back when the readers are done with them, and not before."""

from __future__ import annotations

import numpy as np
import pytest

from reactor_zmq.client.lane import LaneReader
from reactor_zmq.config import RingConfig
from reactor_zmq.memory.ring import Ring
from reactor_zmq.runtime.lane import FrontEndLane
from reactor_zmq.wire.header import FrameHeader
from reactor_zmq.wire.link import Frame
from reactor_zmq.wire.slot import decode_reference

MUCH = 100
SHAPE = (2, 2, 3)
HEADER = FrameHeader(1, 1, 0, 0, 0, 0, SHAPE, "|u1", "rgb8")


class Post:
    """A socket that keeps what is announced."""

    def __init__(self) -> None:
        self.references = []

    def announce(self, _topic: bytes, _header: bytes, reference: bytes) -> None:
        self.references.append(decode_reference(reference, 12))


@pytest.fixture
def post():
    """What goes to readers."""
    return Post()


@pytest.fixture
def lane(post):
    """The front end's side, with one link that subscribes."""
    found = FrontEndLane(post, "ipc://nowhere", RingConfig())
    found.links = (1,)
    yield found
    found.close()


@pytest.fixture
def ring():
    """A ring with a frame in each of its slots."""
    found = Ring.create(4, 4096, 1)
    for slot in range(4):
        found.take(slot)
        found.stored(slot)
    yield found
    found.close()


@pytest.fixture
def reader(lane):
    """A reader that has a row."""
    found = LaneReader(lane.where, every=True)
    yield found
    found.close()


def announce(lane, ring, count):
    """Announce so many frames; return their orders."""
    return [
        lane.announce(b"", b"", ring, Frame(0, 1, slot, slot, SHAPE, "|u1", "rgb8", 0, 0, 0))
        for slot in range(count)
    ]


def held(lane, orders):
    """Return which of them are held when the lane has looked once more."""
    lane._look_ns = 0
    lane.collect(MUCH)
    return [order for order in orders if lane.holds(order)]


def test_what_a_reader_has_come_past_is_free_at_once(lane, post, ring, reader):
    """All before the frame that it shows, and that one when it shows it no more."""
    orders = announce(lane, ring, 2)
    assert held(lane, orders) == orders
    array = reader.array(HEADER, post.references[1])
    assert held(lane, orders) == orders[1:]
    del array
    assert held(lane, orders) == []


def test_another_link_may_want_what_this_one_has_passed(lane, post, ring, reader):
    """One that has no row is given the time that an announcement takes."""
    lane.links = (2,)
    orders = announce(lane, ring, 2)
    reader.array(HEADER, post.references[1])
    assert lane._holds.passed(lane._rows(), lane.links) == []
    assert lane.holds(orders[1])


def test_a_frame_is_not_given_up_while_its_reader_comes_to_it(lane, post, ring, reader):
    """A front end that looks right before the lease is written keeps the slot."""
    (order,) = announce(lane, ring, 1)
    take, seen = reader._holder.array, []

    def watched(*arguments):
        seen.append(held(lane, [order]))
        return take(*arguments)

    reader._holder.array = watched
    array = reader.array(HEADER, post.references[0])
    assert seen == [[order]]
    assert isinstance(array, np.ndarray)
