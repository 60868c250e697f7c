"""A same-host reader's end: views of slots that stay as they are while anybody looks."""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory.barrier import barrier
from reactor_zmq.memory.lease_page import CURSOR, EVERY, LEASE, PID, ROWS, TRACK, LeasePage, wipe
from reactor_zmq.memory.ring import Ring

# The frame that is shown, and the next one while the first is still referred to.
_VIEWS = 2


class SlotPlace(NamedTuple):
    """Where a frame lies: its slot, the stamp of its bytes, and its order of announcement."""

    slot: int
    stamp: int
    order: int


class _Row:
    """The row's words, which outlive the reader while arrays of it are there."""

    def __init__(self, page: LeasePage, number: int) -> None:
        self._owner = os.getpid()
        self._closing = False
        self._to_leave = [page]
        self.words = page.row_words(number)

    def free_place(self, views: int) -> int | None:
        """Return a place for one more lease."""
        for place in range(LEASE, LEASE + views):
            if not self.words[place]:
                return place
        return None

    def end(self, place: int) -> None:
        """End a lease; takes no lock, since a collection may call it within any other call."""
        # A forked child has a copy of the array, and its parent goes on showing it.
        if os.getpid() == self._owner:
            self.words[place] = 0
            self._leave_if_done()

    def close(self) -> None:
        """Give the row back as soon as no lease is left."""
        self._closing = True
        self._leave_if_done()

    def _leave_if_done(self) -> None:
        if not self._closing or any(self.words[LEASE:].tolist()):
            return
        # Whoever takes the last item leaves: the row may be another reader's right afterwards.
        with contextlib.suppress(IndexError):
            page = self._to_leave.pop()
            wipe(self.words)
            page.close()


class LeaseHolder:
    """A reader's place on a lease page. One thread takes frames; arrays may go in any thread.

    Without a row, or when its views are all in use, frames are copied out instead.

    Args:
        page: It is the holder's from here on.
        every: Whether every frame is wanted; the front end then waits a little for this reader.

    Attributes:
        views: How many frames may be shown without a copy at the same time.
    """

    def __init__(self, page: LeasePage, *, every: bool) -> None:
        self._page = page
        self._row: _Row | None = None
        self.views = 0
        for n in range(ROWS):
            if page.lock_row(n):
                self._take_row(n, every=every)
                break

    def _take_row(self, n: int, *, every: bool) -> None:
        self._row = _Row(self._page, n)
        words = self._row.words
        wipe(words)
        words[EVERY], words[CURSOR] = every, self._page.order
        words[PID] = os.getpid()
        self.views = _VIEWS if (n + 1) * _VIEWS <= self._page.quota else 0

    def took(self, track: int, order: int) -> None:
        """Note that the reader has dealt with a frame; it waits for none up to it any more."""
        if self._row is not None:
            self._row.words[CURSOR] = order
            self._row.words[TRACK] = track + 1

    def array(
        self, ring: Ring, place: SlotPlace, shape: tuple[int, ...], kind: np.dtype[Any]
    ) -> NDArray[Any] | None:
        """Return a frame as a read-only array, or None if its slot has been used again.

        The bytes stay as they are for as long as the array, or anything derived from it, lives.
        """
        row = self._row
        free = row.free_place(self.views) if row is not None else None
        if row is None or free is None:
            return _copied(ring, place, shape, kind)
        row.words[free] = place.order
        barrier()
        if not (self._page.announced(place.order) and ring.intact(place.slot, place.stamp)):
            row.words[free] = 0
            return None
        array = np.ndarray(shape, kind, ring.view(place.slot, _nbytes(shape, kind)).toreadonly())
        # Whatever is derived from an array keeps the array that the memory came from alive.
        weakref.finalize(array, row.end, free).atexit = False
        return array

    def close(self) -> None:
        """Give the row back when the last array has gone; a second call does nothing."""
        if self._row is None:
            self._page.close()
        else:
            self._row.close()


def _nbytes(shape: tuple[int, ...], kind: np.dtype[Any]) -> int:
    count = kind.itemsize
    for size in shape:
        count *= size
    return count


def _copied(
    ring: Ring, place: SlotPlace, shape: tuple[int, ...], kind: np.dtype[Any]
) -> NDArray[Any] | None:
    """Return a copy of a slot that nobody keeps for us, or None if it changed meanwhile."""
    if not ring.intact(place.slot, place.stamp):
        return None
    array = np.ndarray(shape, kind, ring.view(place.slot, _nbytes(shape, kind))).copy()
    array.flags.writeable = False
    return array if ring.intact(place.slot, place.stamp) else None
