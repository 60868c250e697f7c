"""Frames on their way into the frames socket, in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

# Frames that wait for room at most, and for how long: libzmq's thread has to take the queue's first
# one and, where the kernel's buffers are full, to send it, on a busy machine or a slow link.
MOST_WAITING = 2
PATIENCE_NS = 250_000_000


class FrameSink(Protocol):
    """Where frames go, as ``sockets.xpub.FramesSocket`` offers it."""

    def begin(self, topic: bytes, *, drop: bool) -> bool:
        """Send a frame's first part; without ``drop`` only where every viewer has room for it."""
        ...


class _Waiting(NamedTuple):
    topic: bytes
    finish: Callable[[], None]
    until_ns: int


class Outbox:
    """Sends frames, and lets a viewer that watches alone have them all where it can.

    A model makes frames in bursts, of which a queue of two is full before libzmq's thread has
    looked at it once. So a frame waits a little for room there: but never where somebody else
    watches too, so that no viewer waits for another. A viewer that has stopped is waited for once:
    libzmq leaves it out until it takes something.

    Attributes:
        patient: Whether frames may wait.
    """

    def __init__(self, socket: FrameSink) -> None:
        self.patient = False
        self._socket = socket
        self._waiting: deque[_Waiting] = deque()

    def __len__(self) -> int:
        """Return how many frames wait for room."""
        return len(self._waiting)

    def put(self, topic: bytes, finish: Callable[[], None]) -> None:
        """Send a frame after those that wait; ``finish`` sends what comes after the topic."""
        if self._waiting:
            self._send(drop=not self.patient)
        if not self._waiting and self._socket.begin(topic, drop=not self.patient):
            finish()
            return
        self._waiting.append(_Waiting(topic, finish, time.monotonic_ns() + PATIENCE_NS))
        if len(self._waiting) > MOST_WAITING:
            self._send(drop=True)

    def retry(self) -> None:
        """Send the frames for which there is room, and those that have waited long enough.

        To be called right before the socket's descriptor is waited on: what it announces is taken
        by any use of the socket.
        """
        if self._waiting:
            late = time.monotonic_ns() >= self._waiting[0].until_ns
            self._send(drop=late or not self.patient)

    def _send(self, *, drop: bool) -> None:
        while self._waiting and self._socket.begin(self._waiting[0].topic, drop=drop):
            self._waiting.popleft().finish()

    def next_ns(self) -> int | None:
        """Return when :meth:`retry` is wanted at the latest, in monotonic nanoseconds."""
        return self._waiting[0].until_ns if self._waiting else None

    def clear(self) -> None:
        """Forget the frames that wait."""
        self._waiting.clear()
