"""What the adapters of other systems share."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from reactor_zmq.benchmark.orders import Order
from reactor_zmq.benchmark.pictures import Gallery, Picture, stamp

_BUFFERS = 8
_WAITING = 4


def drawn(order: Order, number: int, gallery: Gallery) -> Picture:
    """Return the producer's own picture, stamped: for systems that copy it before they return."""
    picture = gallery.at(order.shape, number)
    stamp(picture, number)
    return picture


class Rotation:
    """Copies of pictures in eight buffers in turn: for systems that send from the array itself."""

    def __init__(self) -> None:
        self._buffers: list[Picture] = []

    def drawn(self, order: Order, number: int, gallery: Gallery) -> Picture:
        """Return a stamped copy that stays as it is for seven frames more."""
        if not self._buffers or self._buffers[0].shape != order.shape:
            self._buffers = [np.zeros(order.shape, np.uint8) for _ in range(_BUFFERS)]
        buffer = self._buffers[number % _BUFFERS]
        np.copyto(buffer, gallery.at(order.shape, number))
        stamp(buffer, number)
        return buffer


class ByteRows:
    """The producer's own pictures as bytearrays: for systems that take nothing else."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, ...], tuple[bytearray, bytearray]] = {}

    def drawn(self, order: Order, number: int, gallery: Gallery) -> bytearray:
        """Return the picture's bytes, stamped."""
        if order.shape not in self._rows:
            both = (gallery.at(order.shape, n).tobytes() for n in range(2))
            first, second = (bytearray(data) for data in both)
            self._rows[order.shape] = first, second
        data = self._rows[order.shape][number % 2]
        stamp(np.frombuffer(data, np.uint8).reshape(order.shape), number)
        return data


def shaped(data: bytes, shape: tuple[int, ...]) -> Picture:
    """Return received bytes as a picture; those of another size, left from before, as they are."""
    found = np.frombuffer(data, np.uint8)
    return found.reshape(shape) if found.nbytes == np.prod(shape) else found


class Waiting:
    """Frames that wait for a system whose readers ask for them; a full one drops the oldest."""

    def __init__(self) -> None:
        self._frames: queue.Queue[Any] = queue.Queue(_WAITING)

    def put(self, frame: Any) -> None:
        """Add the newest."""
        while True:
            try:
                self._frames.put_nowait(frame)
            except queue.Full:
                self.get(0)
            else:
                return

    def get(self, timeout_s: float) -> Any:
        """Return the next, or None after so long."""
        try:
            return self._frames.get(timeout=timeout_s) if timeout_s else self._frames.get_nowait()
        except queue.Empty:
            return None


class Pump:
    """A thread that calls a blocking receive, for systems whose receive knows no timeout."""

    def __init__(self, receive: Callable[[], Any]) -> None:
        self._receive = receive
        self._frames: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while (frame := self._receive()) is not None:
            self._frames.put(frame)

    def take(self, timeout_s: float) -> Any:
        """Return the next frame, or None after so long."""
        try:
            return self._frames.get(timeout=timeout_s)
        except queue.Empty:
            return None
