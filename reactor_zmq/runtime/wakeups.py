"""What the front end waits for: sockets, the actor, a timer, whatever else has a descriptor."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterable

from reactor_zmq.sockets.readiness import Doorbell
from reactor_zmq.sockets.timer import Timer


class Wakeups:
    """One epoll set; belongs to the loop's thread.

    Attributes:
        timer: Fires once at the time that it is set to.
        timer_fd: Ready when it has fired.

    Args:
        bells: Of the public sockets; rung when their descriptors announce something.
        others: Descriptors that are merely reported.
    """

    def __init__(self, bells: Iterable[Doorbell], others: Iterable[int]) -> None:
        self.timer = Timer()
        self.timer_fd = self.timer.fileno()
        self._poll = select.epoll()
        self._bells = {bell.fd: bell for bell in bells}
        self._actors: list[int] = []
        for fd in (self.timer_fd, *self._bells, *others):
            self._poll.register(fd, select.EPOLLIN)

    def listen(self, timeout_s: float) -> set[int]:
        """Return the descriptors that announce something, none when the time is up."""
        ready = {fd for fd, _ in self._poll.poll(timeout_s)}
        for fd in ready:
            if fd in self._bells:
                self._bells[fd].ring()
        return ready

    def watch_actor(self, descriptors: list[int]) -> None:
        """Put an actor's descriptors in the place of the ones before."""
        for fd in self._actors:
            # A closed descriptor has left the set by itself, and its number may be in use again.
            with contextlib.suppress(OSError):
                self._poll.unregister(fd)
        self._actors = descriptors
        for fd in descriptors:
            self._poll.register(fd, select.EPOLLIN)

    def has_actor_in(self, ready: set[int]) -> bool:
        """Whether the actor announces something."""
        return not ready.isdisjoint(self._actors)

    def close(self) -> None:
        """Give the descriptors back that are the set's own."""
        self._poll.close()
        self.timer.close()
