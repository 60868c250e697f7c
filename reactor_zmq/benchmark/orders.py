"""How a reader tells a producer in another process what to send, whatever lies between them.

Orders are datagrams on a Unix socket beside the system under test, so that flow control costs
every system the same and takes none of its own messages.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from pathlib import Path
from typing import NamedTuple

from reactor_zmq.benchmark.sizes import CHANNELS

# Frames under way at most in flood, and how many the leading reader grants at once.
WINDOW = 4
GRANT = 2
_FORM = struct.Struct("=qiidii")
_FRESH, _LEND = 1, 2


class Order(NamedTuple):
    """What to send from here on.

    Attributes:
        frames: So many more.
        height, width: Of each.
        pace_hz: So many per second, 0 for as fast as they are granted.
        fresh: Forget what was ordered before.
        lend: Draw into memory that the transport lends, where it can, instead of an array of one's
            own which has to be copied.
        readers: How many readers there are, for a ring that waits for all of them.
    """

    frames: int
    height: int
    width: int
    pace_hz: float = 0.0
    fresh: bool = False
    lend: bool = False
    readers: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.height, self.width, CHANNELS


class OrderBook:
    """The producer's end; belongs to one thread."""

    def __init__(self, path: str) -> None:
        Path(path).unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._order = Order(0, 0, 0)
        self._left = 0
        self._due_s = 0.0

    def next(self, idle_s: float = 0.05) -> Order | None:
        """Return the order for one frame when it is due, or None after ``idle_s`` without one."""
        self._read()
        if not self._left:
            self._poll.poll(idle_s * 1000)
            self._read()
        if not self._left:
            return None
        self._left -= 1
        if self._order.pace_hz:
            self._wait()
        return self._order

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self._socket.recv(_FORM.size, socket.MSG_DONTWAIT)
                self._take(_decode(data))

    def _take(self, order: Order) -> None:
        if order.fresh:
            self._left, self._due_s = 0, time.monotonic()
        self._order = order
        self._left += order.frames

    def _wait(self) -> None:
        """Sleep until the frame is due; a producer that is late drops what it can't catch up."""
        now = time.monotonic()
        if now - self._due_s > 1 / self._order.pace_hz:
            self._due_s = now
        elif now < self._due_s:
            time.sleep(self._due_s - now)
        self._due_s += 1 / self._order.pace_hz

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Orders:
    """The reader's end; belongs to one thread."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(path)

    def give(self, order: Order) -> None:
        """Send an order; the kernel keeps it until the producer looks."""
        flags = order.fresh * _FRESH | order.lend * _LEND
        self._socket.send(_FORM.pack(*order[:4], flags, order.readers))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _decode(data: bytes) -> Order:
    frames, height, width, pace_hz, flags, readers = _FORM.unpack(data)
    return Order(frames, height, width, pace_hz, bool(flags & _FRESH), bool(flags & _LEND), readers)
