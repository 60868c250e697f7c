"""Slots for one writer: rings that grow with the frames, slots that come back by themselves."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.memory.ring import Ring

S = TypeVar("S", bound="SlotName")


class SlotName(Protocol):
    """A slot's name: the generation of its ring and its place in it."""

    @property
    def generation(self) -> int:
        """Of its ring."""
        ...

    @property
    def number(self) -> int:
        """Its place in the ring."""
        ...


class SlotLife(Protocol[S]):
    """The machine that knows who owns which slot: ``reactor_zmq.machines.slots.Slots``.

    Given in by whoever composes the two, since memory and machines do not know each other.
    """

    @property
    def count(self) -> int: ...  # noqa: D102 - told where it is implemented
    @property
    def generation(self) -> int: ...  # noqa: D102
    def grow(self) -> int: ...  # noqa: D102
    def lend(self) -> S | None: ...  # noqa: D102
    def fill(self, slot: S) -> None: ...  # noqa: D102
    def ready(self, slot: S) -> None: ...  # noqa: D102
    def fly(self, slot: S) -> None: ...  # noqa: D102
    def free(self, slot: S) -> None: ...  # noqa: D102
    def take_retired(self) -> list[int]: ...  # noqa: D102
    def in_flight(self) -> list[S]: ...  # noqa: D102


class Place(NamedTuple):
    """A slot and the ring that it is in."""

    ring: Ring
    slot: Any

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the slot's first bytes as an array, writable, with undefined contents."""
        nbytes = math.prod(shape) * dtype.itemsize
        return np.ndarray(shape, dtype, self.ring.view(self.slot.number, nbytes))


class SlotSupply:
    """Hands out slots that are large enough and takes them back.

    ``acquire`` belongs to the producer's thread; everything else may be called from any thread,
    ``give_up`` even from a finalizer.

    Args:
        life: Fresh; nobody else may use it.
        announce: Called in the producer's thread with each new ring, before any slot of it is
            handed out.
        retiring: Called with each ring that nobody uses any more, just before it is closed.
    """

    def __init__(
        self,
        life: SlotLife[Any],
        announce: Callable[[Ring], None],
        retiring: Callable[[Ring], None],
    ) -> None:
        self._life = life
        self._announce = announce
        self._retiring = retiring
        self._rings: dict[int, Ring] = {}
        self._newest: Ring | None = None
        self._closed = False
        self._given_up: deque[Place] = deque()
        self._lock = threading.Lock()

    def acquire(self, nbytes: int, *, fill: bool) -> Place | None:
        """Return a slot of at least so many bytes, None when none is free.

        With ``fill`` its bytes are about to be written; otherwise it is lent until ``filling``.

        Raises:
            LocalProtocolError: The supply is closed.
        """
        if self._closed:
            raise LocalProtocolError("the frame writer is closed")
        ring = self._newest
        if ring is None or ring.slot_nbytes < nbytes:
            ring = self._grow(nbytes)
        with self._lock:
            self._collect()
            slot = self._life.lend()
            if slot is None:
                return None
            if fill:
                self._life.fill(slot)
        ring.take(slot.number)
        return Place(ring, slot)

    def filling(self, place: Place) -> None:
        """Note that the slot's bytes are being written."""
        with self._lock:
            self._life.fill(place.slot)

    def stored(self, place: Place) -> None:
        """Note that the slot's bytes are whole."""
        place.ring.stored(place.slot.number)
        with self._lock:
            self._life.ready(place.slot)

    def told(self, place: Place) -> None:
        """Note that the other process owns the slot from here on."""
        with self._lock:
            self._life.fly(place.slot)

    def give_up(self, place: Place) -> None:
        """Take a slot back that the other process was not told of.

        Takes no lock, since a collection may call it in the middle of any other call: the slot is
        free from the next ``acquire`` on.
        """
        self._given_up.append(place)

    def close(self) -> None:
        """Close every ring; what the other process holds stays readable for it."""
        self._closed = True
        with self._lock:
            rings, self._rings, self._newest = list(self._rings.values()), {}, None
        for ring in rings:
            self._close(ring)

    def _grow(self, nbytes: int) -> Ring:
        # Until the other process has heard of a ring, nothing may be put into it.
        self._newest = None
        ring = Ring.create(self._life.count, max(nbytes, 1), self._life.generation + 1)
        with self._lock:
            self._rings[self._life.grow()] = ring
        self._announce(ring)
        self._newest = ring
        return ring

    def _collect(self) -> None:
        while self._given_up:
            ring, slot = self._given_up.popleft()
            ring.release(slot.number)
            self._life.free(slot)
        if flying := self._life.in_flight():
            uses = {generation: ring.uses() for generation, ring in self._rings.items()}
            for slot in flying:
                if not uses[slot.generation][slot.number]:
                    self._life.free(slot)
        for generation in self._life.take_retired():
            self._close(self._rings.pop(generation))

    def _close(self, ring: Ring) -> None:
        self._retiring(ring)
        ring.close()
