"""The page on which same-host readers say which frames they show.

One memfd of one page, made by the front end, mapped writable by it and by readers of the same
user. Layout, in the machine's byte order (docs/adr/0007-same-host-lane.md)::

    u64 magic, key, rows, quota, order                     one cache line
    u64 announced[128]: an order while its frame may be leased, else 0
    per row: u64 pid (0 none), track + 1, every, cursor,   one cache line
             leases[4]: orders of frames that are shown, 0 none

A row belongs to the open file that holds an exclusive lock on the byte of its number. The kernel
drops the lock with the process, so that a killed reader's row is known without asking for pids.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
import struct
from collections.abc import Iterable
from typing import NamedTuple

from reactor_zmq.memory.barrier import barrier

NAME = "reactor-leases"
ROWS = 32
LEASES = 4
ANNOUNCED = 128

NBYTES = 4096
MAGIC = int.from_bytes(b"RZLEASE1", "little")
_KEY_BITS = 53
_HEAD = 8
_ROW_WORDS = 8
_ROW_AT = _HEAD + ANNOUNCED
_END = _ROW_AT + ROWS * _ROW_WORDS
_KEY, _QUOTA, _ORDER = 1, 3, 4
PID, TRACK, EVERY, CURSOR, LEASE = range(5)
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_FLOCK = "@hhqqi0q"  # struct flock on Linux with 64-bit offsets


class LeaseRow(NamedTuple):
    """What one reader says of itself; ``track`` is -1 while it has none."""

    track: int
    every: bool
    cursor: int
    leases: tuple[int, ...]


class LeasePage:
    """The words of one page; every word has one writer at a time.

    Attributes:
        fd: The memfd, owned by the page; -1 once closed.
        key: Random; tells this page from every other one.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._to_close = [fd]
        self._map = mmap.mmap(fd, NBYTES)
        self._words = memoryview(self._map).cast("Q")
        self._pids = self._words[_ROW_AT:_END:_ROW_WORDS]
        self.key = self._words[_KEY]

    @classmethod
    def create(cls, quota: int) -> LeasePage:
        """Make a page on which ``quota`` frames may be leased in all."""
        fd = os.memfd_create(NAME, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, NBYTES)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
        page = cls(fd)
        head = (MAGIC, secrets.randbits(_KEY_BITS), ROWS, max(quota, 0), 0)
        for place, value in enumerate(head):
            page._words[place] = value
        page.key = head[_KEY]
        return page

    @classmethod
    def attach(cls, fd: int, key: int) -> LeasePage:
        """Map the page with this key; owns ``fd`` from here on.

        Raises:
            ValueError: The descriptor is another page, or none; it stays the caller's.
        """
        size = os.fstat(fd).st_size
        if size != NBYTES or not fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
            raise ValueError(f"a lease page has {NBYTES} sealed bytes, this descriptor has {size}")
        page = cls(fd)
        if (page._words[0], page.key, page._words[2]) != (MAGIC, key, ROWS):
            raise ValueError("the descriptor is another lease page, or none")
        return page

    # --- the front end's words ----------------------------------------------------------------

    def announce(self, order: int) -> None:
        """Let a frame be leased from here on."""
        self._words[_HEAD + order % ANNOUNCED] = order
        self._words[_ORDER] = order

    def withdraw(self, orders: Iterable[int]) -> set[int]:
        """Let frames be leased no more; return those that a reader has leased all the same.

        Either a reader's lease is seen here, or the reader sees that its frame is withdrawn.
        What is returned may be leased as before.
        """
        withdrawn = [order for order in orders if self.announced(order)]
        for order in withdrawn:
            self._words[_HEAD + order % ANNOUNCED] = 0
        barrier()
        leased = {order for row in self.rows() for order in row.leases}
        kept = {order for order in orders if order in leased}
        for order in kept.intersection(withdrawn):
            self._words[_HEAD + order % ANNOUNCED] = order
        return kept

    def rows(self) -> list[LeaseRow]:
        """Return what the readers say of themselves, dead ones included until ``sweep``."""
        return [self._row(n) for n, pid in enumerate(self._pids.tolist()) if pid]

    def sweep(self) -> int:
        """Clear the rows of readers that have died; return how many."""
        swept = 0
        for n, pid in enumerate(self._pids.tolist()):
            # Under the row's own lock, so that a reader that comes is not cleared.
            if pid and self.lock_row(n):
                wipe(self.row_words(n))
                self._lock(n, fcntl.F_UNLCK)
                swept += 1
        return swept

    # --- a reader's words ---------------------------------------------------------------------

    @property
    def quota(self) -> int:
        """How many frames may be leased in all."""
        return self._words[_QUOTA]

    @property
    def order(self) -> int:
        """Of the frame announced last."""
        return self._words[_ORDER]

    def announced(self, order: int) -> bool:
        """Return whether a frame may still be leased."""
        return self._words[_HEAD + order % ANNOUNCED] == order

    def lock_row(self, n: int) -> bool:
        """Take a row; False when another reader has it."""
        return self._lock(n, fcntl.F_WRLCK)

    def row_words(self, n: int) -> memoryview:
        """Return the words of a row, writable; they stay mapped for as long as the view lives."""
        start = _ROW_AT + n * _ROW_WORDS
        return self._words[start : start + _ROW_WORDS]

    def close(self) -> None:
        """Close the descriptor, and give back the row with it; a second call does nothing.

        No other call may follow; a row's words stay mapped.
        """
        self.fd = -1
        # Taking the last item is one step, whichever threads are at it.
        with contextlib.suppress(IndexError):
            os.close(self._to_close.pop())
            del self._map, self._words, self._pids

    def _row(self, n: int) -> LeaseRow:
        row = self.row_words(n).tolist()
        leases = tuple(order for order in row[LEASE:] if order)
        return LeaseRow(row[TRACK] - 1, bool(row[EVERY]), row[CURSOR], leases)

    def _lock(self, n: int, kind: int) -> bool:
        wanted = struct.pack(_FLOCK, kind, os.SEEK_SET, n, 1, 0)
        try:
            fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, wanted)
        except (BlockingIOError, PermissionError):
            return False
        return True


def wipe(row: memoryview) -> None:
    """Clear a row's words; for whoever has its lock."""
    # Last its owner's pid: until then the leases count.
    for place in reversed(range(_ROW_WORDS)):
        row[place] = 0
