"""Bare shared memory: pictures in one memfd, their places told over PUB/SUB. The lane's ceiling.

A frame costs its producer one copy into the memory, or none where it is drawn there, and its
readers none. Each reader writes down how far it has come; the slot freed last is used next, so that
the memory stays in cache. Readers trust the producer and each
other, nobody may die, and nothing is looked after: that is what makes it a ceiling.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import Any

import numpy as np
import zmq
from numpy.typing import NDArray

from reactor_zmq.benchmark.orders import Order
from reactor_zmq.benchmark.pictures import Gallery, Picture, stamp
from reactor_zmq.benchmark.tasks import Address

READERS = 64
_SLOTS = 16
_ACKS_NBYTES = READERS * 8
# fd, slot, turn, height, width, channels
_PLACE = struct.Struct("=iiqiii")
_TOPIC = b"slot/main_video/"


class Memory:
    """Slots for frames of one shape, and the last turn that each reader is done with."""

    def __init__(self, fd: int, shape: tuple[int, ...]) -> None:
        nbytes = int(np.prod(shape))
        self.fd, self.shape = fd, shape
        self._map = mmap.mmap(fd, _ACKS_NBYTES + _SLOTS * nbytes)
        self.done: NDArray[Any] = np.frombuffer(self._map, np.int64, READERS)
        self.slots: list[Picture] = [
            np.ndarray(shape, np.uint8, self._map, _ACKS_NBYTES + n * nbytes) for n in range(_SLOTS)
        ]


class Writer:
    """The producing end."""

    def __init__(self, folder: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.linger = 0
        self._socket.bind(f"ipc://{folder}/shared-slots")
        self.address = {"slots": f"ipc://{folder}/shared-slots", "pid": str(os.getpid())}
        self._memory: Memory | None = None
        self._free: list[int] = []
        self._used: dict[int, int] = {}
        self._turn = 0

    def send(self, order: Order, number: int, gallery: Gallery) -> None:
        """Announce one frame; drop it when no slot is free."""
        memory = self._memory_for(order)
        slot = self._slot(memory, order.readers)
        if slot is None:
            return
        picture = memory.slots[slot]
        if not order.lend:
            np.copyto(picture, gallery.at(order.shape, number))
        stamp(picture, number)
        self._turn += 1
        self._used[slot] = self._turn
        place = _PLACE.pack(memory.fd, slot, self._turn, *order.shape)
        self._socket.send_multipart((_TOPIC, place))

    def _memory_for(self, order: Order) -> Memory:
        if self._memory is None or self._memory.shape != order.shape:
            nbytes = _ACKS_NBYTES + _SLOTS * int(np.prod(order.shape))
            # Older ones stay: a reader may be looking at them.
            fd = os.memfd_create("bench-shared")
            os.truncate(fd, nbytes)
            self._memory = Memory(fd, order.shape)
            for picture in self._memory.slots:
                picture.fill(0)
            self._free, self._used = list(range(_SLOTS)), {}
        return self._memory

    def _slot(self, memory: Memory, readers: int) -> int | None:
        done = int(memory.done[0] if readers == 1 else memory.done[:readers].min())
        # In the order of turns, as readers come to them.
        for slot in [slot for slot, turn in self._used.items() if turn <= done]:
            del self._used[slot]
            self._free.append(slot)
        return self._free.pop() if self._free else None

    def close(self) -> None:
        """Close the socket; the memory goes with the process."""
        self._context.destroy(linger=0)


class Reader:
    """The reading end: looks at frames where they lie."""

    def __init__(self, address: Address, index: int) -> None:
        self._pid, self._index = address["pid"], index
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.linger = 0
        self._socket.subscribe(_TOPIC)
        self._socket.connect(address["slots"])
        self._memory: Memory | None = None
        self._turn = 0
        self._timeout_ms = -1

    def take(self, timeout_s: float) -> Picture | None:
        """Return the next frame; the one before it is given back."""
        if self._memory is not None:
            self._memory.done[self._index] = self._turn
        if self._timeout_ms != (timeout_ms := int(timeout_s * 1000)):
            self._timeout_ms = self._socket.rcvtimeo = timeout_ms
        try:
            place = self._socket.recv_multipart()[1]
        except zmq.Again:
            return None
        fd, slot, turn, *shape = _PLACE.unpack(place)
        self._turn = int(turn)
        return self._memory_at(int(fd), tuple(shape)).slots[int(slot)]

    def _memory_at(self, fd: int, shape: tuple[int, ...]) -> Memory:
        if self._memory is None or self._memory.shape != shape:
            ours = os.open(f"/proc/{self._pid}/fd/{fd}", os.O_RDWR)
            try:
                self._memory = Memory(ours, shape)
            finally:
                os.close(ours)
        return self._memory

    def close(self) -> None:
        """Close the socket."""
        self._context.destroy(linger=0)
