"""The ring: words, stamps, views and their lifetime."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest
from memory_fakes import attached, held

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.memory.ring import Ring, page_up


@pytest.fixture
def ring():
    made = Ring.create(3, 10_000, 5)
    yield made
    made.close()


def test_slots_have_whole_pages(ring):
    """Slots begin and end at pages, so that each can be page-locked."""
    assert ring.slot_nbytes == page_up(10_000) == 12_288
    addresses = [np.frombuffer(ring.view(slot, 1), np.uint8).ctypes.data for slot in range(3)]
    assert all(address % 4096 == 0 for address in addresses)
    assert addresses[2] - addresses[0] == 2 * ring.slot_nbytes


def test_the_other_side_sees_bytes_and_words(ring):
    """Bytes, words and stamps pass from the maker to the other mapping."""
    other = attached(ring)
    ring.take(1)
    ring.view(1, 4)[:] = b"abcd"
    stamp = ring.stored(1)
    assert bytes(other.view(1, 4)) == b"abcd"
    assert (other.free_slots(), not other.uses()[1], other.stamp(1)) == (2, False, stamp)
    other.release(1)
    assert (ring.free_slots(), not ring.uses()[1]) == (3, True)
    other.close()


def test_the_other_side_can_not_write_frames(ring):
    """Frames can be changed by the ring's maker alone."""
    other = attached(ring)
    view = other.view(0, 8)
    assert view.readonly
    with pytest.raises(TypeError):
        view[0] = 1
    other.close()


def test_stamps_tell_a_refill(ring):
    """A stamp is odd while a slot is refilled, and even and greater afterwards."""
    ring.take(0)
    first = ring.stored(0)
    assert first % 2 == 0
    assert ring.intact(0, first)
    ring.release(0)
    assert ring.intact(0, first)
    ring.take(0)
    assert ring.stamp(0) % 2 == 1
    assert not ring.intact(0, first)
    assert not ring.intact(0, ring.stamp(0))
    second = ring.stored(0)
    assert second > first
    assert not ring.intact(0, first)
    assert ring.intact(0, second)


def test_a_slot_given_up_while_it_was_filled_is_not_intact(ring):
    """A refill that was never finished leaves the stamp odd until the next one is whole."""
    ring.take(0)
    ring.release(0)
    ring.take(0)
    assert ring.stamp(0) % 2 == 1
    assert ring.stored(0) % 2 == 0


def test_a_slot_is_released_once(ring):
    """A second release raises instead of freeing what may be in use again."""
    ring.take(2)
    ring.release(2)
    with pytest.raises(LocalProtocolError, match="slot 2 of ring 5 is already free"):
        ring.release(2)


def test_an_observer_only_looks(ring):
    """An observer needs no right to write, sees frames and stamps, and releases nothing."""
    fd = os.open(f"/proc/self/fd/{ring.fd}", os.O_RDONLY)
    observer = Ring.observe(fd, ring.slots, ring.slot_nbytes, ring.generation)
    ring.take(0)
    ring.view(0, 2)[:] = b"hi"
    ring.stored(0)
    stamp = observer.stamp(0)
    assert bytes(observer.view(0, 2)) == b"hi"
    assert observer.intact(0, stamp)
    with pytest.raises(LocalProtocolError, match="observer"):
        observer.release(0)
    observer.close()


def test_views_outlive_the_ring():
    """Closing never raises; what a view shows stays readable until the view has gone."""
    before = held()
    ring = Ring.create(2, 4096, 1)
    ring.take(0)
    ring.view(0, 3)[:] = b"abc"
    other = attached(ring)
    view = other.view(0, 3)
    ring.close()
    other.close()
    other.close()
    del ring, other
    gc.collect()
    assert bytes(view) == b"abc"
    assert len(held()) > len(before)
    del view
    assert held() == before


def test_only_what_is_used_takes_memory():
    """Slots that nobody has used cost address space and no memory."""
    ring = Ring.create(64, 2**20, 1)
    ring.view(3, 2**20)
    blocks = os.fstat(ring.fd).st_blocks * 512
    assert 2**20 <= blocks <= 8 * 2**20
    ring.close()


def test_the_size_is_sealed(ring):
    """Nobody can cut the file under the other side's feet, nor grow it."""
    for size in (0, 10**8):
        with pytest.raises(PermissionError):
            os.ftruncate(ring.fd, size)


@pytest.mark.parametrize("slot", [-1, 3])
def test_no_such_slot(ring, slot):
    """A slot beyond the ring is refused by every method."""
    for call in (ring.take, ring.stored, ring.release, ring.stamp):
        with pytest.raises(IndexError, match=r"0\.\.2"):
            call(slot)
    with pytest.raises(IndexError, match=r"0\.\.2"):
        ring.view(slot, 1)
    with pytest.raises(IndexError, match=r"0\.\.2"):
        ring.intact(slot, 0)


@pytest.mark.parametrize("nbytes", [-1, 12_289])
def test_no_such_view(ring, nbytes):
    """A view ends within its slot."""
    with pytest.raises(IndexError, match="12288 bytes"):
        ring.view(0, nbytes)


@pytest.mark.parametrize(
    ("slots", "slot_nbytes", "generation", "text"),
    [
        (3, 12_288, 6, "expected ring 6"),
        (4, 12_288, 5, "bytes"),
        (3, 8192, 5, "bytes"),
        (0, 12_288, 5, "whole pages"),
        (3, 12_287, 5, "whole pages"),
    ],
)
def test_attach_checks_what_it_is_told(ring, slots, slot_nbytes, generation, text):
    """A descriptor that is not the announced ring is refused and stays the caller's."""
    fd = os.dup(ring.fd)
    with pytest.raises(ValueError, match=text):
        Ring.attach(fd, slots, slot_nbytes, generation)
    os.close(fd)


def test_attach_wants_the_seal():
    """A file that the other side could cut is not mapped."""
    ring = Ring.create(1, 4096, 1)
    fd = os.memfd_create("reactor-open", os.MFD_ALLOW_SEALING)
    os.truncate(fd, os.fstat(ring.fd).st_size)
    with pytest.raises(ValueError, match="sealed"):
        Ring.attach(fd, 1, 4096, 1)
    os.close(fd)
    ring.close()


@pytest.mark.parametrize(("slots", "slot_nbytes"), [(0, 1), (1, 0)])
def test_a_ring_has_slots_of_some_bytes(slots, slot_nbytes):
    """A ring of nothing is refused."""
    with pytest.raises(ValueError, match="slots of some bytes"):
        Ring.create(slots, slot_nbytes, 1)


def test_a_closed_ring_says_so(ring):
    """Any use after the close raises, except for calls that were made beforehand."""
    ring.take(1)
    release = ring.releaser(1)
    other = attached(ring)
    ring.close()
    release()
    assert not other.uses()[1]
    for call in (ring.take, ring.stored, ring.release, ring.stamp, ring.releaser):
        with pytest.raises(LocalProtocolError, match="ring 5 is closed"):
            call(0)
    with pytest.raises(LocalProtocolError, match="closed"):
        ring.free_slots()
    other.close()
