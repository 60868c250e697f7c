"""What keeps a peer from filling the front end's memory: the greatest hoarders are cut."""

from __future__ import annotations

import ctypes
import logging
import os
import resource

from reactor_zmq.sockets.router import EventsSocket

_log = logging.getLogger("reactor_zmq.frontend")
_PAGE_NBYTES = os.sysconf("SC_PAGE_SIZE")
# A link that was cut gives its memory back within a few calls; who is next is asked after that.
_SETTLE_S = 0.1
# Who has so little under way is not to blame.
_INNOCENT_NBYTES = 2**20
_libc = ctypes.CDLL(None)


class MemoryWatch:
    """Cuts links whose bytes fill the memory without becoming messages that are read.

    libzmq takes a message in as a whole, however many parts it has, before anybody sees it: a
    multipart without an end is bounded by nothing else.

    Args:
        events: Whose links are to blame.
        limit_nbytes: How much the front end's own memory may grow.
    """

    def __init__(self, events: EventsSocket, limit_nbytes: int) -> None:
        self._events = events
        self._limit_nbytes = limit_nbytes
        # Held open: there may be no descriptor left when it matters.
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._grown_from = self._read()[1]
        self._not_before = 0.0
        self._swollen = False

    def tend(self, now: float) -> None:
        """Look, and act where the limit is passed; ``now`` is monotonic seconds."""
        if now < self._not_before:
            return
        if self._over():
            self._not_before = now + _SETTLE_S
            self._swollen = True
            # What was freed and is only kept for reuse is nobody's to blame for.
            _libc.malloc_trim(0)
            if self._over():
                self._cut_greatest()
        elif self._swollen:
            self._swollen = False
            _libc.malloc_trim(0)

    def close(self) -> None:
        """Stop watching."""
        os.close(self._statm)

    def _over(self) -> bool:
        address_space, own = self._read()
        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        short = soft != resource.RLIM_INFINITY and soft - address_space < self._limit_nbytes // 2
        return short or own - self._grown_from > self._limit_nbytes

    def _read(self) -> tuple[int, int]:
        """Return this process's address space, and its memory that is shared with nothing."""
        size, resident, shared, *_ = map(int, os.pread(self._statm, 256, 0).split())
        return size * _PAGE_NBYTES, (resident - shared) * _PAGE_NBYTES

    def _cut_greatest(self) -> None:
        hoards = self._events.hoards()
        greedy = [fd for fd, nbytes in hoards if nbytes > self._limit_nbytes // 8]
        if not greedy and hoards and hoards[0][1] > _INNOCENT_NBYTES:
            greedy = [hoards[0][0]]
        for fd in greedy:
            self._events.monitor.cut(fd)
        if greedy:
            _log.warning("memory was running out: %d links were cut", len(greedy))
