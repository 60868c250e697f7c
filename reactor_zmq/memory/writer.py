"""The writing end: frames into slots, loans, and rings that grow."""

from __future__ import annotations

import math
import threading
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.memory.arrays import AnyArray
from reactor_zmq.memory.ring import Ring

_Slot = tuple[int, int]


class SlotLife(Protocol):
    """Who owns which slot: ``machines.slots.Slots``, given in by whoever composes the two."""

    @property
    def generation(self) -> int: ...
    @property
    def count(self) -> int: ...
    def grow(self) -> int: ...
    def lend(self) -> _Slot | None: ...
    def fill(self, slot: _Slot) -> None: ...
    def ready(self, slot: _Slot) -> None: ...
    def fly(self, slot: _Slot) -> None: ...
    def free(self, slot: _Slot) -> None: ...
    def take_retired(self) -> list[int]: ...
    def in_flight(self) -> list[Any]: ...


@dataclass(frozen=True)
class Stored:
    """Where a frame lies; the slot belongs to the other process once it is told.

    Attributes:
        dtype: numpy's array-interface name, such as ``|u1``.
    """

    generation: int
    slot: int
    shape: tuple[int, ...]
    dtype: str


class Loan:
    """Memory for one frame that a model writes in place; yielded, it is sent without a copy.

    It goes back by itself when it is collected or closed unused.
    """

    def __init__(self, array: NDArray[Any], slot: _Slot | None) -> None:
        self._array: NDArray[Any] | None = array
        self.slot = slot
        self.shape = array.shape
        self.dtype = array.dtype

    @property
    def array(self) -> NDArray[Any]:
        """The frame to be written: C-contiguous, host, its contents undefined at first.

        Raises:
            LocalProtocolError: The loan was yielded or closed.
        """
        if self._array is None:
            raise LocalProtocolError("this loan was yielded or closed, its memory is gone")
        return self._array

    def take(self) -> NDArray[Any]:
        """Return the array and forget it, so that only other holders keep it alive."""
        array, self._array = self.array, None
        return array

    def close(self) -> None:
        """Give the memory back unused; a second call does nothing."""
        self._array = None

    def __enter__(self) -> Loan:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class FrameWriter:
    """Puts frames into slots for the other process.

    One thread submits, lends and commits; copies from a GPU end in another.
    """

    def __init__(self, slots: SlotLife, announce: Callable[[Ring], None]) -> None:
        self._slots = slots
        self._announce = announce
        self._rings: dict[int, Ring] = {}
        self._lock = threading.Lock()
        self._given_up: deque[_Slot] = deque()

    def submit(self, array: AnyArray, done: Callable[[Stored], None]) -> bool:
        """Store a frame and call ``done`` with its place; False when no slot is free: a drop.

        A host array is copied before this returns.
        """
        assert isinstance(array, np.ndarray)
        slot = self._acquire(array.nbytes)
        if slot is None:
            return False
        with self._lock:
            self._slots.fill(slot)
        np.copyto(self._target(slot, array.shape, array.dtype), array)
        self._finish(slot, array.shape, array.dtype, done)
        return True

    def loan(self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> Loan:
        """Lend memory for one frame; plain memory when no slot is free."""
        kind = np.dtype(dtype)
        slot = self._acquire(math.prod(shape) * kind.itemsize)
        if slot is None:
            return Loan(np.empty(shape, kind), None)
        array = self._target(slot, shape, kind)
        weakref.finalize(array, self._given_up.append, slot).atexit = False
        return Loan(array, slot)

    def commit(self, loan: Loan, done: Callable[[Stored], None]) -> bool:
        """Store a loan's frame; False when it had to be copied and no slot is free."""
        return self.submit(loan.take(), done)

    def close(self) -> None:
        """Close every ring; frames on their way stay readable for the other process."""
        for ring in self._rings.values():
            ring.close()
        self._rings.clear()

    def _acquire(self, nbytes: int) -> _Slot | None:
        with self._lock:
            self._collect()
            ring = self._rings.get(self._slots.generation)
            grown = ring is None or ring.slot_nbytes < nbytes
            if grown:
                ring = self._grow(nbytes)
            slot = self._slots.lend()
            if slot is not None:
                self._rings[slot[0]].take(slot[1])
        if grown and ring is not None:
            self._announce(ring)
        return slot

    def _grow(self, nbytes: int) -> Ring:
        generation = self._slots.grow()
        ring = Ring.create(self._slots.count, max(nbytes, 1), generation)
        self._rings[generation] = ring
        self._retire()
        return ring

    def _collect(self) -> None:
        for slot in self._slots.in_flight():
            if self._rings[slot[0]].is_free(slot[1]):
                self._slots.free(slot)
        while self._given_up:
            slot = self._given_up.popleft()
            self._rings[slot[0]].release(slot[1])
            self._slots.free(slot)
        self._retire()

    def _retire(self) -> None:
        for generation in self._slots.take_retired():
            self._rings.pop(generation).close()

    def _target(self, slot: _Slot, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        nbytes = math.prod(shape) * dtype.itemsize
        view = self._rings[slot[0]].view(slot[1], nbytes)
        return np.ndarray(shape, dtype, view)

    def _finish(
        self,
        slot: _Slot,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        done: Callable[[Stored], None],
    ) -> None:
        self._rings[slot[0]].stored(slot[1])
        with self._lock:
            self._slots.ready(slot)
            self._slots.fly(slot)
        done(Stored(*slot, shape, dtype.str))
