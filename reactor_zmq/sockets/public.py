"""All that peers can reach: the events, frames and lane sockets, and who guards them."""

from __future__ import annotations

import logging
import time

from reactor_zmq.errors import ConfigError
from reactor_zmq.machines.access import AllowList
from reactor_zmq.sockets.context import new_context
from reactor_zmq.sockets.endpoints import LOCAL_ONLY, SocketFile, bind
from reactor_zmq.sockets.keys import KeyPair
from reactor_zmq.sockets.readiness import Doorbell
from reactor_zmq.sockets.router import EventsSocket
from reactor_zmq.sockets.xpub import ANNOUNCEMENTS, FramesSocket
from reactor_zmq.sockets.zap import ZapHandler

_log = logging.getLogger("reactor_zmq.frontend")


class Sockets:
    """The public sockets of one run, in a context of their own; belong to one thread.

    Args:
        allowed: Who may come in.
        part_nbytes: Greatest part that the events socket takes.
        queue_limit: Messages that may wait for a client that does not read.
        max_links: Peers that may be connected at once: each takes a descriptor, and the run
            needs some for itself.
    """

    def __init__(
        self,
        allowed: AllowList,
        part_nbytes: int,
        queue_limit: int,
        max_links: int = 2**16,
        pair: KeyPair | None = None,
    ) -> None:
        self._context = new_context()
        self._files: list[SocketFile] = []
        # The guard is there before anything that it guards.
        self._max_links = max_links
        self.zap = ZapHandler(self._context, allowed, self._full)
        self.events = EventsSocket(
            self._context, part_nbytes=part_nbytes, queue_limit=queue_limit, pair=pair
        )
        self.events.monitor.serial = lambda: self.zap.serial
        self.frames = FramesSocket(self._context, pair=pair)
        self.lane = FramesSocket(self._context, ANNOUNCEMENTS, pair)
        self.events_at = ""
        self.frames_at = ""
        self.lane_at = ""

    def bind_lane(self, endpoint: str) -> None:
        """Bind the lane socket where that is possible; ``lane_at`` stays empty otherwise."""
        self.lane.bound_queues()
        try:
            self.lane_at = self._bound(bind(self.lane.socket, endpoint, "the lane's"))
        except ConfigError as error:
            _log.warning("no same-host lane: %s", error)

    @property
    def _links(self) -> int:
        return self.events.monitor.links + self.frames.monitor.links

    def _full(self) -> bool:
        return self.events.wading or self._links > self._max_links

    def bind(self, events: str, frames: str, why_not: str = LOCAL_ONLY) -> None:
        """Bind both sockets that peers elsewhere can reach.

        Args:
            events: Endpoint.
            frames: Endpoint.
            why_not: Why other machines must not reach them; empty where they may.

        Raises:
            ConfigError: One of them can't be bound.
        """
        if events.startswith("ipc://"):
            self.events.bound_queues()
        if frames.startswith("ipc://"):
            self.frames.bound_queues()
        self.events_at = self._bound(bind(self.events.socket, events, "--events", why_not))
        self.frames_at = self._bound(bind(self.frames.socket, frames, "--frames", why_not))
        if self.frames_at.startswith("tcp://"):
            self.frames.guard_calls(int(self.frames_at.rpartition(":")[2]))

    def _bound(self, endpoint: str) -> str:
        self._files.append(SocketFile(endpoint))
        return endpoint

    def bells(self) -> tuple[Doorbell, ...]:
        """Return what to poll, and to ring when its descriptor announces something."""
        return (
            self.events.bell,
            self.events.monitor.bell,
            self.frames.bell,
            self.lane.bell,
            self.zap.bell,
        )

    def touch(self) -> None:
        """Let libzmq tidy up, as it does only inside a call; due every 20 ms."""
        self.zap.bell.ring()
        self.zap.renew(time.monotonic())
        for each in (self.frames, self.lane):
            each.touch()
            each.monitor.bell.ring()

    def shed(self) -> None:
        """Cut links that have said nothing, oldest first, where there are more than may be.

        Without a descriptor left, libzmq would try in vain to accept the next link for ever, with
        all of a core; due every 20 ms, before a storm of connections has used up the spare ones.
        """
        excess = self._links - self._max_links
        for socket in (self.events, self.frames) if excess > 0 else ():
            for fd in socket.strangers()[: max(0, excess)]:
                excess -= socket.monitor.cut(fd)

    def close(self) -> None:
        """Close all of them; what was said last to clients has half a second to leave."""
        for file in self._files:
            file.remove()
        self.events.close()
        self.frames.close()
        self.lane.close()
        self.zap.close()
        self._context.term()
