"""What ends a flood of subscriptions while it holds up the thread that hears it."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Mapping

from reactor_zmq.sockets.monitor import LinkMonitor, Twin
from reactor_zmq.sockets.timer import Timer

# A call takes microseconds, and some more for each viewer that a frame goes to.
_LATE_NS = 1_000_000
_LATE_PER_LINK_NS = 10_000
_ROUND_S = 0.001
# What nobody sends by chance within one call: hundreds of subscriptions.
_MUCH_NBYTES = 16 * 1024
_PATIENCE_S = 0.05

_log = logging.getLogger("reactor_zmq.frontend")


class FloodGuard:
    """A context for calls on a frames socket, and a thread that wakes only when one takes long.

    The queues of a frames socket have no bound, because bounded ones let a peer end the process
    (see ``xpub.py``). libzmq takes in all that they hold within whatever call is made on the
    socket, and does not come back as long as more comes: such a flood can be ended by nobody but
    another thread. The calls have to let other threads run.

    Args:
        monitor: Of the frames socket.
        port: The socket's tcp port; other links are left alone.
    """

    def __init__(self, monitor: LinkMonitor, port: int) -> None:
        self._monitor = monitor
        self._port = port
        self._timer = Timer()
        self._end = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._calls = 0
        self._inside = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="flood-guard", daemon=True)
        self._thread.start()

    def __enter__(self) -> None:
        self._inside = True
        late_ns = _LATE_NS + _LATE_PER_LINK_NS * self._monitor.known_count
        self._timer.set(time.monotonic_ns() + late_ns)

    def __exit__(self, *_: object) -> None:
        self._inside = False
        self._calls += 1
        self._timer.set(None)

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        os.eventfd_write(self._end, 1)
        self._thread.join()
        self._timer.close()
        os.close(self._end)

    def _watch(self) -> None:
        poll = select.poll()
        for fd in (self._timer.fileno(), self._end):
            poll.register(fd, select.POLLIN)
        while not self._ended.is_set():
            poll.poll()
            self._timer.drain()
            self._stand_in(self._calls)

    def _stand_in(self, call: int) -> None:
        """Cut who floods, until the call is over."""
        began, before = time.monotonic(), self._read()
        while self._inside and self._calls == call and not self._ended.wait(_ROUND_S):
            now = self._read()
            grown = {fd: now[fd] - before[fd] for fd in now.keys() & before.keys()}
            floods = who_floods(grown, time.monotonic() - began)
            for fd in floods:
                self._cut(fd)
                del before[fd]
            if floods:
                _log.warning("%d links flooded subscriptions and were cut", len(floods))

    def _read(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for fd in self._monitor.known():
            twin = Twin.of(fd)
            if twin is None:
                continue
            with twin:
                if twin.port == self._port:
                    found[fd] = twin.received_nbytes
        return found

    def _cut(self, fd: int) -> None:
        twin = Twin.of(fd)
        if twin is None:
            return
        with twin:
            if twin.port == self._port:
                twin.end()


def who_floods(grown: Mapping[int, int], lasted_s: float) -> list[int]:
    """Return the links to cut, by what each has sent while one call has lasted so long.

    Whoever sent much goes. Where nobody did and it goes on all the same, many send little each:
    the one that sent most goes.
    """
    much = [fd for fd, nbytes in grown.items() if nbytes > _MUCH_NBYTES]
    if much or lasted_s < _PATIENCE_S or not any(nbytes > 0 for nbytes in grown.values()):
        return much
    return [max(grown, key=lambda fd: grown[fd])]
