"""A ring of slots in a memfd: written by one process, read and released by the other.

Layout, in the machine's byte order (docs/adr/0003-slot-words.md)::

    u64 magic, slots, slot_nbytes, generation, key       one cache line
    per slot: u64 word (0 free, else in use)             one cache line
              u64 stamp (odd while the slot is refilled) one cache line
    padding to a page
    slots, each of whole pages
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
from collections.abc import Callable
from enum import Enum

import numpy as np

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.memory.barrier import barrier

NAME = "reactor-ring"
_MAGIC = int.from_bytes(b"RZRING1\0", "little")
_KEY_BITS = 53  # exact in JavaScript's numbers too
_LINE = 8  # u64 words in a cache line
_SLOT_WORDS = 2 * _LINE
_PAGE = mmap.PAGESIZE
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_MADV_POPULATE_READ = 22  # linux/mman.h; the mmap module does not name them in Python 3.11
_MADV_POPULATE_WRITE = 23


class _Role(Enum):
    MAKER = "maker"
    READER = "reader"
    OBSERVER = "observer"


def page_up(nbytes: int) -> int:
    """Return the least number of bytes in whole pages that holds ``nbytes``."""
    return -(-nbytes // _PAGE) * _PAGE


class Ring:
    """One mapping of a ring; made by the process that fills it, attached by the other.

    The maker's mapping is writable throughout and in one piece, so that it can be page-locked.
    The other side maps the words writable and the slots read-only; an observer maps everything
    read-only. The memfd can't change size. Any thread may call any method. Views keep the memory
    mapped after ``close``.

    Attributes:
        fd: The memfd, owned by the ring; pass it on, never close it. -1 once closed.
        generation: Which of the writer's rings this is.
        slots: How many slots there are.
        slot_nbytes: Size of each slot, in whole pages.
        key: Random; tells this ring from every other one on any machine.
    """

    def __init__(self, fd: int, slots: int, slot_nbytes: int, generation: int, role: _Role) -> None:
        self.fd = fd
        self.slots = slots
        self.slot_nbytes = slot_nbytes
        self.generation = generation
        self._touched = [0] * slots
        self._populate = _MADV_POPULATE_WRITE if role is _Role.MAKER else _MADV_POPULATE_READ
        head = _head_nbytes(slots)
        body = slots * slot_nbytes
        if role is _Role.MAKER:
            self._map, self._offset = mmap.mmap(fd, head + body), head
            words = memoryview(self._map)[:head]
        else:
            prot = mmap.PROT_READ | (mmap.PROT_WRITE if role is _Role.READER else 0)
            words = memoryview(mmap.mmap(fd, head, prot=prot))
            self._map = mmap.mmap(fd, body, prot=mmap.PROT_READ, offset=head)
            self._offset = 0
        self._words = words.cast("Q")
        end = _LINE + _SLOT_WORDS * slots
        self._uses = self._words[_LINE:end:_SLOT_WORDS]
        self._stamps = self._words[2 * _LINE : end : _SLOT_WORDS]
        self._in_use = np.asarray(self._uses)
        if role is _Role.MAKER:
            head_words = (_MAGIC, slots, slot_nbytes, generation, secrets.randbits(_KEY_BITS))
            for place, value in enumerate(head_words):
                self._words[place] = value
        self.key = self._words[4]

    @classmethod
    def create(cls, slots: int, slot_nbytes: int, generation: int) -> Ring:
        """Make a ring whose slots hold ``slot_nbytes``, rounded up to whole pages, all free."""
        if slots < 1 or slot_nbytes < 1:
            raise ValueError(f"a ring needs slots of some bytes, got {slots} of {slot_nbytes}")
        slot_nbytes = page_up(slot_nbytes)
        fd = os.memfd_create(NAME, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(fd, _head_nbytes(slots) + slots * slot_nbytes)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
            ring = cls(fd, slots, slot_nbytes, generation, _Role.MAKER)
        except BaseException:
            os.close(fd)
            raise
        with contextlib.suppress(OSError):  # a kernel without huge pages for shared memory
            ring._map.madvise(mmap.MADV_HUGEPAGE)
        return ring

    @classmethod
    def attach(cls, fd: int, slots: int, slot_nbytes: int, generation: int) -> Ring:
        """Map a ring that the other process made and release its slots; owns ``fd`` from here on.

        Raises:
            ValueError: The descriptor is not that ring; it stays the caller's.
        """
        return cls._map_foreign(fd, slots, slot_nbytes, generation, _Role.READER)

    @classmethod
    def observe(cls, fd: int, slots: int, slot_nbytes: int, generation: int) -> Ring:
        """Map a ring only to look at it: slots may change under the caller's eyes.

        Take ``stamp`` before reading and ask ``intact`` after it. Owns ``fd`` from here on, which
        may be opened read-only.

        Raises:
            ValueError: The descriptor is not that ring; it stays the caller's.
        """
        return cls._map_foreign(fd, slots, slot_nbytes, generation, _Role.OBSERVER)

    @classmethod
    def _map_foreign(
        cls, fd: int, slots: int, slot_nbytes: int, generation: int, role: _Role
    ) -> Ring:
        if slots < 1 or slot_nbytes < 1 or slot_nbytes % _PAGE:
            raise ValueError(f"a ring has slots of whole pages, not {slots} of {slot_nbytes}")
        _check_file(fd, _head_nbytes(slots) + slots * slot_nbytes)
        ring = cls(fd, slots, slot_nbytes, generation, role)
        found = tuple(ring._words[:4])
        if found != (_MAGIC, slots, slot_nbytes, generation):
            text = f"expected ring {generation} of {slots} slots of {slot_nbytes}, found {found}"
            raise ValueError(text)
        return ring

    def view(self, slot: int, nbytes: int) -> memoryview:
        """Return the first ``nbytes`` of a slot, writable for the ring's maker alone.

        Raises:
            IndexError: No such slot, or more bytes than it has.
        """
        self._check(slot)
        if not 0 <= nbytes <= self.slot_nbytes:
            raise IndexError(f"a slot has {self.slot_nbytes} bytes, {nbytes} were asked for")
        self._touch(slot, nbytes)
        start = self._offset + slot * self.slot_nbytes
        return memoryview(self._map)[start : start + nbytes]

    def take(self, slot: int) -> None:
        """Mark a slot as in use and its bytes as about to change; for the ring's maker."""
        self._check(slot)
        self._uses[slot] = 1
        self._stamps[slot] |= 1
        barrier()

    def stored(self, slot: int) -> int:
        """Mark a slot's bytes as whole and return their stamp; for the ring's maker."""
        self._check(slot)
        barrier()
        stamp = self._stamps[slot] = (self._stamps[slot] | 1) + 1
        return stamp

    def release(self, slot: int) -> None:
        """Mark a slot as free: its reader is done, or its writer gave it up.

        Raises:
            LocalProtocolError: It was free already.
        """
        self._check(slot)
        if not self._uses[slot]:
            raise LocalProtocolError(f"slot {slot} of ring {self.generation} is already free")
        if self._uses.readonly:
            raise LocalProtocolError("an observer holds no slots")
        self._uses[slot] = 0

    def releaser(self, slot: int) -> Callable[[], None]:
        """Return a call that releases a slot, good even after ``close``; it raises nothing.

        In a forked child the call does nothing: the parent still reads.
        """
        self._check(slot)
        uses, owner = self._uses, os.getpid()

        def release() -> None:
            if os.getpid() == owner:
                uses[slot] = 0

        return release

    def uses(self) -> list[int]:
        """Return each slot's use word: 0 where nobody uses it."""
        self._check(0)
        return self._uses.tolist()

    def free_slots(self) -> int:
        """Return how many slots nobody uses."""
        self._check(0)
        return self.slots - int(np.count_nonzero(self._in_use))

    def stamp(self, slot: int) -> int:
        """Return the stamp of the bytes in a slot; odd while they change.

        Read it before the bytes; whoever holds the slot sees it stay.
        """
        self._check(slot)
        stamp = self._stamps[slot]
        barrier()
        return stamp

    def intact(self, slot: int, stamp: int) -> bool:
        """Return whether everything read from a slot so far belongs to ``stamp``.

        For readers that do not hold the slot: ask after reading, and show nothing on False.
        """
        self._check(slot)
        barrier()
        return self._stamps[slot] == stamp and not stamp & 1

    def close(self) -> None:
        """Close the descriptor; the memory goes when the last view of it has gone.

        A second call does nothing; any other call raises ``LocalProtocolError``.
        """
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            # Not unmapped here: views live on in frames that are being sent.
            del self._map, self._words, self._uses, self._stamps, self._in_use

    def _check(self, slot: int) -> None:
        if self.fd < 0:
            raise LocalProtocolError(f"ring {self.generation} is closed")
        if not 0 <= slot < self.slots:
            raise IndexError(f"slot {slot} is not within 0..{self.slots - 1}")

    def _touch(self, slot: int, nbytes: int) -> None:
        """Map pages before they are used: one call instead of a fault for each."""
        done = self._touched[slot]
        if nbytes <= done:
            return
        start = self._offset + slot * self.slot_nbytes + done
        self._touched[slot] = page_up(nbytes)
        with contextlib.suppress(OSError):  # kernels before 5.14 fault page by page
            self._map.madvise(self._populate, start, self._touched[slot] - done)


def _head_nbytes(slots: int) -> int:
    return page_up((_LINE + _SLOT_WORDS * slots) * 8)


def _check_file(fd: int, nbytes: int) -> None:
    size = os.fstat(fd).st_size
    if size != nbytes:
        raise ValueError(f"the ring should have {nbytes} bytes, the descriptor has {size}")
    # Without the seal the other process could cut the file, and a read here would be SIGBUS.
    if not fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
        raise ValueError("the ring's file is not sealed against shrinking")
