"""The lease page: who may show what, and what is left of readers that die."""

from __future__ import annotations

import gc
import multiprocessing
import os

import numpy as np
import pytest
from memory_fakes import held

from reactor_zmq.memory.lease_holder import LeaseHolder, SlotPlace
from reactor_zmq.memory.lease_page import NAME, ROWS, LeasePage
from reactor_zmq.memory.neighbour import open_memory
from reactor_zmq.memory.ring import NAME as RING
from reactor_zmq.memory.ring import Ring

SHAPE = (64, 64, 3)
KIND = np.dtype(np.uint8)
_fork = multiprocessing.get_context("fork")


@pytest.fixture
def page():
    made = LeasePage.create(8)
    yield made
    made.close()


@pytest.fixture
def ring():
    made = Ring.create(4, 64 * 64 * 3, 3)
    yield made
    made.close()


def opened(page: LeasePage) -> LeasePage:
    """Return the page as another process of this user would have it."""
    return LeasePage.attach(open_memory(os.getpid(), page.fd, NAME, writable=True), page.key)


def announce(page: LeasePage, ring: Ring, slot: int, order: int) -> SlotPlace:
    """Fill a slot with its order and announce it."""
    ring.take(slot)
    ring.view(slot, ring.slot_nbytes)[:] = bytes([order]) * ring.slot_nbytes
    place = SlotPlace(slot, ring.stored(slot), order)
    page.announce(order)
    return place


def test_a_view_is_a_lease_until_it_goes(page, ring):
    """A frame that is shown can't be withdrawn, whatever is derived from it; then it can."""
    reader = LeaseHolder(opened(page), every=False)
    array = reader.array(ring, announce(page, ring, 0, 1), SHAPE, KIND)
    derived = array[1:, ::2]
    del array
    assert page.withdraw([1]) == {1}
    assert set(derived.flat) == {1}
    del derived
    assert page.withdraw([1]) == set()
    reader.close()


def test_what_was_withdrawn_is_not_shown(page, ring):
    """A frame withdrawn before the lease is a gap."""
    reader = LeaseHolder(opened(page), every=False)
    place = announce(page, ring, 0, 1)
    assert page.withdraw([1]) == set()
    assert reader.array(ring, place, SHAPE, KIND) is None
    assert page.rows()[0].leases == ()
    reader.close()


def test_refilled_slots_are_not_shown(page, ring):
    """Other bytes than those announced are a gap, as a view and as a copy."""
    viewer, copier = LeaseHolder(opened(page), every=False), LeaseHolder(opened(page), every=False)
    copier.views = 0
    place = announce(page, ring, 0, 1)
    ring.take(0)
    assert viewer.array(ring, place, SHAPE, KIND) is None
    ring.stored(0)
    assert copier.array(ring, place, SHAPE, KIND) is None
    for each in (viewer, copier):
        each.close()


def test_the_third_frame_is_a_copy(page, ring):
    """A reader that keeps more than two frames keeps copies, which hold no slot."""
    reader = LeaseHolder(opened(page), every=False)
    places = [announce(page, ring, slot, slot + 1) for slot in range(3)]
    arrays = [reader.array(ring, place, SHAPE, KIND) for place in places]
    assert [set(array.flat) for array in arrays] == [{1}, {2}, {3}]
    assert not any(array.flags.writeable for array in arrays)
    assert page.withdraw([1, 2, 3]) == {1, 2}
    arrays.clear()
    reader.close()


def test_the_quota_bounds_all_leases(page, ring):
    """Readers beyond the quota, and beyond the rows, see frames as copies."""
    readers = [LeaseHolder(opened(page), every=False) for _ in range(ROWS + 1)]
    assert [reader.views for reader in readers] == [2] * 4 + [0] * (ROWS - 3)
    array = readers[-1].array(ring, announce(page, ring, 0, 1), SHAPE, KIND)
    assert set(array.flat) == {1}
    assert page.withdraw([1]) == set()
    for reader in readers:
        reader.close()
    assert page.rows() == []


def test_arrays_outlive_their_reader(page, ring):
    """After ``close`` a shown frame stays leased until its array has gone; then nothing is left."""
    before = held()
    reader = LeaseHolder(opened(page), every=False)
    array = reader.array(ring, announce(page, ring, 0, 1), SHAPE, KIND)
    reader.close()
    reader.close()
    del reader
    gc.collect()
    assert page.withdraw([1]) == {1}
    del array
    assert page.withdraw([1]) == set()
    assert page.rows() == []
    assert held() == before


def _hold_and_die(page: LeasePage, ring: Ring, place: SlotPlace) -> None:
    reader = LeaseHolder(opened(page), every=True)
    array = reader.array(ring, place, SHAPE, KIND)
    os.kill(os.getpid(), 9 if array is not None else 0)


def test_a_killed_reader_is_swept_a_living_one_is_not(page, ring):
    """Leases end with the process that holds them, and with no other."""
    place = announce(page, ring, 0, 1)
    child = _fork.Process(target=_hold_and_die, args=(page, ring, place))
    child.start()
    child.join()
    assert page.withdraw([1]) == {1}
    living = LeaseHolder(opened(page), every=False)
    array = living.array(ring, announce(page, ring, 1, 2), SHAPE, KIND)
    page.sweep()
    assert page.withdraw([1, 2]) == {2}
    assert len(page.rows()) == 1
    del array
    living.close()


def test_a_forked_child_ends_no_lease(page, ring):
    """A child that loses its copy of an array leaves the parent's lease alone."""
    reader = LeaseHolder(opened(page), every=False)
    arrays = [reader.array(ring, announce(page, ring, 0, 1), SHAPE, KIND)]
    child = _fork.Process(target=arrays.clear)
    child.start()
    child.join()
    assert page.withdraw([1]) == {1}
    arrays.clear()
    reader.close()


def test_cursor_and_kind_reach_the_front_end(page):
    """What a reader says of itself is read on the other side."""
    page.announce(5)
    reader = LeaseHolder(opened(page), every=True)
    assert page.rows()[0][:3] == (-1, True, 5)
    reader.took(2, 7)
    assert page.rows()[0][:3] == (2, True, 7)
    reader.close()


def test_other_memory_is_refused(page, ring, tmp_path):
    """A page with another key, a ring, a file and a closed descriptor are not taken for it."""
    fd = open_memory(os.getpid(), page.fd, NAME, writable=True)
    with pytest.raises(ValueError, match="another lease page"):
        LeasePage.attach(fd, page.key ^ 1)
    os.close(fd)
    fd = open_memory(os.getpid(), ring.fd, RING)
    with pytest.raises(ValueError, match="4096 sealed bytes"):
        LeasePage.attach(fd, page.key)
    os.close(fd)
    with pytest.raises(FileNotFoundError, match="not '/memfd:reactor-leases"):
        open_memory(os.getpid(), ring.fd, NAME)
    with (tmp_path / "file").open("w") as file, pytest.raises(FileNotFoundError):
        open_memory(os.getpid(), file.fileno(), NAME)
    with pytest.raises(OSError, match="No such"):
        open_memory(os.getpid(), 10**6, NAME)


def test_read_only_memory_stays_so(ring):
    """A ring opened for looking can't be mapped writable."""
    fd = open_memory(os.getpid(), ring.fd, RING)
    with pytest.raises(PermissionError):
        Ring.attach(fd, ring.slots, ring.slot_nbytes, ring.generation)
    seen = Ring.observe(fd, ring.slots, ring.slot_nbytes, ring.generation)
    assert (seen.key, seen.view(0, 1).readonly) == (ring.key, True)
    seen.close()
