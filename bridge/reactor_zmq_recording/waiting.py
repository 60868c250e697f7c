"""What waits for an encoder or the disk: bounded by its bytes, so that who hears never waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from reactor_zmq_recording.channels import ChannelPlan

MOST_NBYTES = 256 * 2**20
_LOOK_S = 0.1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message for the file; times are Unix."""

    plan: ChannelPlan
    data: bytes
    log_ns: int
    publish_ns: int
    seq: int = 0
    is_frame: bool = False


class Waiting(Generic[T]):
    """What waits; any thread may put, one takes.

    Args:
        nbytes_of: How large one is.
        most_nbytes: All of them together.

    Attributes:
        dropped: Those that found no room.
    """

    def __init__(self, nbytes_of: Callable[[T], int], most_nbytes: int = MOST_NBYTES) -> None:
        self.dropped = 0
        self._nbytes_of = nbytes_of
        self._most_nbytes = most_nbytes
        self._nbytes = 0
        self._entries: deque[T] = deque()
        self._ended = False
        self._arrived = threading.Condition()

    def put(self, entry: T) -> None:
        """Add one, or count it as dropped where there is no room."""
        nbytes = self._nbytes_of(entry)
        with self._arrived:
            if self._nbytes + nbytes > self._most_nbytes:
                self.dropped += 1
                return
            self._entries.append(entry)
            self._nbytes += nbytes
            self._arrived.notify()

    def take(self, timeout_s: float) -> T | None:
        """Return the oldest, None where none comes within the time."""
        with self._arrived:
            if not self._entries and timeout_s > 0:
                self._arrived.wait(timeout_s)
            if not self._entries:
                return None
            entry = self._entries.popleft()
            self._nbytes -= self._nbytes_of(entry)
            return entry

    def until_end(self) -> Iterator[T]:
        """Yield what comes, in order, until ``end`` was called and nothing is left."""
        while True:
            entry = self.take(_LOOK_S)
            if entry is not None:
                yield entry
            elif self._ended:
                return

    def end(self) -> None:
        """Nothing will come any more."""
        self._ended = True
        self.wake()

    def wake(self) -> None:
        """End the wait of whoever takes."""
        with self._arrived:
            self._arrived.notify()
