"""The reading end: rings by generation, views of their slots, and the way back."""

from __future__ import annotations

import math
import threading
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.memory.ring import Ring


class RingReader:
    """The rings that the other process has announced and not yet given up.

    A ring is dropped by itself once a newer one is there and all its slots are free: its writer
    takes no slot of an older ring. Any thread may call any method. Generations only ever grow,
    over one writer after the other too, so that a late release can't hit a later ring.
    """

    def __init__(self) -> None:
        self._rings: dict[int, Ring] = {}
        self._newest: Ring | None = None
        self._last = -1  # the greatest generation seen
        self._closed = -1  # rings up to this one are closed
        self._lock = threading.Lock()

    def add(self, ring: Ring) -> None:
        """Take over a ring; it is closed here when it has retired.

        Raises:
            LocalProtocolError: It is not newer than every ring before it; it stays the caller's.
        """
        with self._lock:
            if ring.generation <= self._last:
                raise LocalProtocolError(f"ring {ring.generation} came after ring {self._last}")
            self._last = ring.generation
            self._rings[ring.generation] = self._newest = ring
        self._drop_retired()

    def ring(self, generation: int) -> Ring:
        """Return a ring, to look at; it stays this reader's.

        Raises:
            LocalProtocolError: There is no such ring.
        """
        return self._ring(generation)

    def view(self, generation: int, slot: int, nbytes: int) -> memoryview:
        """Return a read-only view of a slot that the caller holds.

        The bytes stay as they are until the slot is released; the view itself stays mapped for
        as long as it lives.

        Raises:
            LocalProtocolError: There is no such ring.
            IndexError: There is no such slot, or it is smaller.
        """
        return self._ring(generation).view(slot, nbytes)

    def release(self, generation: int, slot: int) -> None:
        """Give a slot back to its writer.

        Raises:
            LocalProtocolError: There is no such ring, or the slot was free already.
        """
        if generation <= self._closed:
            return
        self._ring(generation).release(slot)
        self._drop_retired()

    def borrow(
        self, generation: int, slot: int, shape: tuple[int, ...], dtype: str
    ) -> NDArray[Any]:
        """Return a slot's frame as a read-only array that gives the slot back by itself.

        The slot is released when the array and everything derived from it has been collected.

        Raises:
            LocalProtocolError: There is no such ring.
            IndexError: There is no such slot, or it is smaller.
        """
        ring = self._ring(generation)
        kind = np.dtype(dtype)
        nbytes = math.prod(shape) * kind.itemsize
        array = np.ndarray(shape, kind, ring.view(slot, nbytes))
        # Whatever is derived from an array keeps the array that the memory came from alive. No
        # lock in the finalizer: a collection may run within any call of this very thread.
        weakref.finalize(array, ring.releaser(slot)).atexit = False
        return array

    def free_slots(self) -> int:
        """Return how many slots of the newest ring nobody uses; 0 before the first ring."""
        newest = self._newest
        return 0 if newest is None else newest.free_slots()

    def close(self) -> None:
        """Drop every ring, at the end or because its writer has died.

        Views stay good for as long as they live. Releasing a slot of these rings does nothing.
        Rings of another writer may be added afterwards.
        """
        with self._lock:
            self._closed = self._last
            rings = list(self._rings.values())
            self._rings.clear()
            self._newest = None
        for ring in rings:
            ring.close()

    def _ring(self, generation: int) -> Ring:
        ring = self._rings.get(generation)
        if ring is None:
            raise LocalProtocolError(f"there is no ring {generation}")
        return ring

    def _drop_retired(self) -> None:
        if len(self._rings) <= 1:
            return
        with self._lock:
            retired = [
                ring
                for ring in self._rings.values()
                if ring is not self._newest and ring.free_slots() == ring.slots
            ]
            for ring in retired:
                del self._rings[ring.generation]
        for ring in retired:
            ring.close()
