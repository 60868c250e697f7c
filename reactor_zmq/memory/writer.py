"""The writing end: frames from the host or a GPU into slots, and loans."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from reactor_zmq.memory.arrays import AnyArray
from reactor_zmq.memory.cuda import open_copier
from reactor_zmq.memory.delivery import Deliveries, Ticket
from reactor_zmq.memory.device import DeviceArray, DeviceCopier
from reactor_zmq.memory.loan import Like, Loan
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.supply import Place, SlotLife, SlotSupply

_log = logging.getLogger(__name__)


class Stored(NamedTuple):
    """Where a frame lies; the slot belongs to the other process once ``done`` is called.

    Attributes:
        dtype: numpy's array-interface name, such as ``|u1``.
    """

    generation: int
    slot: int
    shape: tuple[int, ...]
    dtype: str


Done = Callable[[Stored], None]


@dataclass(slots=True)
class Counts:
    """What happened to the frames so far.

    Attributes:
        stored: Frames that lie whole in a slot.
        copied_nbytes: Bytes of host arrays that a processor copied into slots; loans cost none.
        staged_nbytes: Bytes that came from a GPU and a processor had to copy all the same.
        dropped: Frames for which no slot was free.
        failed: Frames whose copy from the GPU failed.
    """

    stored: int = 0
    copied_nbytes: int = 0
    staged_nbytes: int = 0
    dropped: int = 0
    failed: int = 0


class FrameWriter:
    """Puts frames into slots for the other process.

    One thread submits, lends, commits and closes. ``done`` is called once for each frame that was
    accepted and did not fail, in the order of submission: at once, or from the copier's thread
    while frames from a GPU are on their way.

    Args:
        slots: A fresh ``reactor_zmq.machines.slots.Slots``.
        announce: Called with each new ring before a frame in it; the ring stays the writer's.
        open_device: Opens the way from the GPU when the first device array comes.
        failed: Called from the copier's thread when a copy from the GPU failed; logs by default.

    Attributes:
        counts: What happened so far.
    """

    def __init__(
        self,
        slots: SlotLife[Any],
        announce: Callable[[Ring], None],
        open_device: Callable[[], DeviceCopier] = open_copier,
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.counts = Counts()
        self._supply = SlotSupply(slots, announce, self._forget)
        self._deliveries = Deliveries()
        self._open_device = open_device
        self._failed = failed or _log_failure
        self._copier: DeviceCopier | None = None
        self._on_gpu: dict[Ring, dict[int, memoryview]] = {}  # slots that the copier has seen

    def submit(self, array: AnyArray, done: Done) -> bool:
        """Store a frame; False when no slot is free: a drop, which is counted.

        Args:
            array: Any strides on the host, packed on a GPU. A host array is copied before this
                returns; a device array must not be written before work on its stream that was
                given to it later.
            done: Told where the frame lies.

        Raises:
            CudaError: The GPU refused; the slot is free again.
        """
        place = self._supply.acquire(array.nbytes, fill=True)
        if place is None:
            self.counts.dropped += 1
            return False
        stored = Stored(place.ring.generation, place.slot.number, array.shape, array.dtype.str)
        try:
            if isinstance(array, DeviceArray):
                self._begin_copy(array, place, stored, done)
                return True
            np.copyto(place.array(array.shape, array.dtype), array)
        except BaseException:
            self._supply.give_up(place)
            raise
        self.counts.copied_nbytes += array.nbytes
        self._supply.stored(place)
        self._deliveries.deliver(partial(self._tell, place, stored, done))
        return True

    def loan(
        self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8, like: Like = "numpy"
    ) -> Loan:
        """Lend a slot for one frame; plain memory when none is free, so that nobody waits."""
        kind = np.dtype(dtype)
        place = self._supply.acquire(math.prod(shape) * kind.itemsize, fill=False)
        if place is None:
            return Loan(np.empty(shape, kind), like=like)
        return Loan(place.array(shape, kind), place, self._supply.give_up, like)

    def commit(self, loan: Loan, done: Done) -> bool:
        """Store a loan's frame without a copy, or by copy where ``Loan`` says so.

        Returns:
            False when it had to be copied and no slot is free: a drop, which is counted.

        Raises:
            LocalProtocolError: The loan was yielded or closed already.
        """
        held = loan.redeem()
        if isinstance(held, np.ndarray):
            return self.submit(held, done)
        self._supply.filling(held)
        stored = Stored(held.ring.generation, held.slot.number, loan.shape, loan.dtype.str)
        self._supply.stored(held)
        self._deliveries.deliver(partial(self._tell, held, stored, done))
        return True

    def close(self) -> None:
        """Wait for copies under way and close every ring.

        What the other process was told of stays readable for it.
        """
        if self._copier is not None:
            self._copier.close()
        self._supply.close()

    def _begin_copy(self, array: DeviceArray, place: Place, stored: Stored, done: Done) -> None:
        if self._copier is None:
            self._copier = self._open_device()
        seen = self._on_gpu.setdefault(place.ring, {})
        number = place.slot.number
        if number not in seen:
            seen[number] = place.ring.view(number, place.ring.slot_nbytes)
        ticket = self._deliveries.expect()
        try:
            self._copier.copy(
                array, seen[number], partial(self._copied, ticket, place, stored, done)
            )
        except BaseException:
            self._deliveries.settle(ticket, None)
            raise

    def _copied(
        self,
        ticket: Ticket,
        place: Place,
        stored: Stored,
        done: Done,
        error: BaseException | None,
        copied_nbytes: int,
    ) -> None:
        if error is None:
            self.counts.staged_nbytes += copied_nbytes
            self._supply.stored(place)
            self._deliveries.settle(ticket, partial(self._tell, place, stored, done))
            return
        self.counts.failed += 1
        self._supply.give_up(place)
        self._deliveries.settle(ticket, None)
        self._failed(error)

    def _tell(self, place: Place, stored: Stored, done: Done) -> None:
        self._supply.told(place)
        self.counts.stored += 1
        done(stored)

    def _forget(self, ring: Ring) -> None:
        for slot in self._on_gpu.pop(ring, {}).values():
            if self._copier is not None:
                self._copier.forget(slot)


def _log_failure(error: BaseException) -> None:
    _log.error("a frame was lost on its way from the GPU: %s", error)
