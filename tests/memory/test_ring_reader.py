"""The reading end: rings come, retire and outlive their writer; borrowed arrays come back."""

from __future__ import annotations

import gc
import os
import warnings

import numpy as np
import pytest
from memory_fakes import Pair, attached, held

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring


def frame(value, side=8):
    return np.full((side, side, 3), value, np.uint8)


def test_a_borrowed_array_returns_its_slot():
    """The slot is released when the array has been collected, and not before."""
    with Pair(1) as pair:
        assert pair.submit(frame(7))
        stored = pair.stored.pop()
        array = pair.reader.borrow(stored.generation, stored.slot, stored.shape, stored.dtype)
        assert (array == 7).all()
        assert not pair.submit(frame(8))
        del array
        assert pair.submit(frame(8))


@pytest.mark.parametrize(
    "derive",
    [
        lambda a: a[2:4, 1:],
        lambda a: a.reshape(-1),
        memoryview,
        lambda a: a.view(np.int8).T,
        lambda a: np.asarray(a[0])[..., 1],
    ],
    ids=["slice", "reshape", "memoryview", "view", "chain"],
)
def test_what_is_derived_keeps_the_slot(derive):
    """A slot stays with whatever still refers to the borrowed memory."""
    with Pair(1) as pair:
        pair.submit(frame(7))
        stored = pair.stored.pop()
        derived = derive(
            pair.reader.borrow(stored.generation, stored.slot, stored.shape, stored.dtype)
        )
        gc.collect()
        assert not pair.submit(frame(8))
        del derived
        assert pair.submit(frame(8))


def test_a_forked_child_returns_no_slot():
    """A child that an author forks drops its copies of arrays without freeing the parent's."""
    with Pair(1) as pair:
        pair.submit(frame(7))
        stored = pair.stored.pop()
        array = pair.reader.borrow(stored.generation, stored.slot, stored.shape, stored.dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other tests may leave threads
            child = os.fork()
        if not child:
            del array
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert not pair.submit(frame(8))
        del array
        assert pair.submit(frame(8))


def test_a_borrowed_array_is_read_only():
    """An author can't write into a frame, not even by asking for it."""
    with Pair(1) as pair:
        pair.submit(frame(7))
        stored = pair.stored.pop()
        array = pair.reader.borrow(stored.generation, stored.slot, stored.shape, stored.dtype)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
        del array


def test_a_borrowed_array_outlives_its_reader():
    """Closing the reader takes nothing from whoever holds an array."""
    pair = Pair(2)
    pair.submit(frame(7))
    stored = pair.stored.pop()
    array = pair.reader.borrow(stored.generation, stored.slot, stored.shape, stored.dtype)
    pair.close()
    assert (array == 7).all()


def test_older_rings_go_when_their_slots_are_back():
    """A retired ring leaves no descriptor and no mapping on either side."""
    with Pair(2) as pair:
        pair.submit(frame(1))
        one_ring = held()
        pair.submit(frame(2, side=64))
        assert pair.announced == [1, 2]
        assert len(held()) > len(one_ring)
        assert (pair.take() == 1).all()
        assert (pair.take() == 2).all()
        pair.submit(frame(3, side=64))
        assert (pair.take() == 3).all()
        assert len(held()) == len(one_ring)
        with pytest.raises(LocalProtocolError, match="no ring 1"):
            pair.reader.view(1, 0, 1)


def test_an_older_ring_stays_while_its_slot_is_filled():
    """A slot that the writer still fills keeps the ring, though it was never told of."""
    with Pair(2) as pair:
        loan = pair.writer.loan((8, 8, 3))
        pair.submit(frame(2, side=64))
        pair.take()
        loan.array[:] = 9
        pair.writer.commit(loan, pair.stored.append)
        assert (pair.take() == 9).all()


def test_generations_only_grow():
    """A ring that is not newer is refused and stays the caller's."""
    ring = Ring.create(1, 4096, 3)
    reader = RingReader()
    reader.add(attached(ring))
    again = attached(ring)
    with pytest.raises(LocalProtocolError, match="ring 3 came after ring 3"):
        reader.add(again)
    again.close()
    reader.close()
    ring.close()


def test_a_dead_writers_rings_are_dropped():
    """Late releases of a dead writer's slots do nothing, and nothing of it stays mapped."""
    reader = RingReader()
    first = Ring.create(2, 4096, 1)
    reader.add(attached(first))
    first.take(0)
    view = reader.view(1, 0, 1)
    first.close()
    del first
    reader.close()
    assert reader.free_slots() == 0
    second = Ring.create(2, 4096, 2)
    reader.add(attached(second))
    second.take(0)
    reader.release(1, 0)
    assert second.uses()[0]
    assert bytes(view) == b"\0"
    second.close()
    reader.close()


def test_free_slots_are_those_of_the_newest_ring():
    """The front end learns how close to empty the ring is that frames come from."""
    with Pair(3) as pair:
        assert pair.reader.free_slots() == 0
        pair.submit(frame(1))
        assert pair.reader.free_slots() == 2
        pair.submit(frame(2, side=64))
        assert pair.reader.free_slots() == 2
        pair.take()
        assert pair.reader.free_slots() == 2
        pair.take()
        assert pair.reader.free_slots() == 3
