"""Messages on their way to the disk: bounded by their bytes, so that nobody waits for it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from reactor_zmq_recording.channels import ChannelPlan

MOST_NBYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """One message for the file; times are Unix."""

    plan: ChannelPlan
    data: bytes
    log_ns: int
    publish_ns: int
    seq: int = 0
    is_frame: bool = False


class Waiting:
    """What waits; any thread may put, one takes.

    Attributes:
        dropped: Entries that found no room.
    """

    def __init__(self, most_nbytes: int = MOST_NBYTES) -> None:
        self.dropped = 0
        self._most_nbytes = most_nbytes
        self._nbytes = 0
        self._entries: deque[Entry] = deque()
        self._arrived = threading.Condition()

    def put(self, entry: Entry) -> None:
        """Add one, or count it as dropped where there is no room."""
        with self._arrived:
            if self._nbytes + len(entry.data) > self._most_nbytes:
                self.dropped += 1
                return
            self._entries.append(entry)
            self._nbytes += len(entry.data)
            self._arrived.notify()

    def take(self, timeout_s: float) -> Entry | None:
        """Return the oldest, None where none comes within the time."""
        with self._arrived:
            if not self._entries and timeout_s > 0:
                self._arrived.wait(timeout_s)
            if not self._entries:
                return None
            entry = self._entries.popleft()
            self._nbytes -= len(entry.data)
            return entry

    def wake(self) -> None:
        """End the wait of whoever takes."""
        with self._arrived:
            self._arrived.notify()
