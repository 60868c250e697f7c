"""The frames socket: an XPUB, so that subscriptions are visible; to SUB peers it is a PUB."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import zmq

from reactor_zmq.machines.access import AllowList
from reactor_zmq.machines.subscriptions import Subscriptions
from reactor_zmq.sockets.flood_guard import FloodGuard
from reactor_zmq.sockets.keys import KeyPair
from reactor_zmq.sockets.monitor import LinkMonitor
from reactor_zmq.sockets.readiness import Doorbell, readable, readable_yielding
from reactor_zmq.sockets.zap import guard, read_user_id
from reactor_zmq.wire.header import SYNC_TOPIC

_log = logging.getLogger("reactor_zmq.frontend")

_SYNC = SYNC_TOPIC.encode()
MAX_SYNC_NBYTES = 64
# Multiparts that wait for one peer: payloads pin their slots, announcements weigh nothing.
PAYLOADS = 2
ANNOUNCEMENTS = 1000
# As plain numbers: joining flags of the enumeration costs as much as the call that takes them.
_NOW = int(zmq.NOBLOCK)
_MORE = _NOW | int(zmq.SNDMORE)
# A subscription is at most 256 bytes of a topic; a flood of them is taken in small bites, and what
# is not heard any more in larger ones.
_EFFORT = 512
_HEARD = 7
_SRCFD = int(zmq.SRCFD)
_MAX_SUBSCRIPTION_NBYTES = 256
# CURVE's own handshake is longer than that.
_MAX_CURVE_NBYTES = 1024


class FramesSocket:
    """Owned by one thread for life, and touched by it at least every 20 ms.

    libzmq takes down a dead peer's pipe only inside a call on the socket; until then the pipe
    pins the slots that it holds.

    Args:
        context: Of the public sockets.
        queue_limit: Multiparts that may wait for each peer; it bounds what a stalled one pins.
        pair: With it the socket speaks CURVE.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        queue_limit: int = PAYLOADS,
        pair: KeyPair | None = None,
    ) -> None:
        self.socket = context.socket(zmq.XPUB)
        for option, value in _OPTIONS.items():
            self.socket.setsockopt(option, value)
        self.socket.setsockopt(zmq.SNDHWM, queue_limit)
        if pair is not None:
            self.socket.setsockopt(zmq.MAXMSGSIZE, _MAX_CURVE_NBYTES)
        guard(self.socket, pair)
        self.monitor = LinkMonitor(self.socket)
        self._subscriptions = Subscriptions()
        self._cut: set[int] = set()
        self._users: dict[int, str] = {}
        self._past: dict[int, int] = {}  # by descriptor, the last link that had it and closed
        self._allowed: AllowList | None = None
        self._drops = True
        self._flood_guard: FloodGuard | None = None
        self._guard: AbstractContextManager[None] = nullcontext()
        self.bell = Doorbell(self.socket, self._readable)

    def guard_calls(self, port: int) -> None:
        """Have floods that hold up a call cut by another thread; for a tcp socket, once bound."""
        self._guard = self._flood_guard = FloodGuard(self.monitor, port)

    def bound_queues(self) -> None:
        """Bound them, before ``bind``: nobody could cut an ipc peer that floods a call."""
        self.socket.setsockopt(zmq.RCVHWM, _LOCAL_QUEUE)

    def _readable(self, socket: zmq.Socket[bytes]) -> bool:
        if self._flood_guard is None:
            return readable(socket)
        with self._guard:
            return readable_yielding(socket)

    def ready(self) -> bool:
        """Whether a subscription waits."""
        return self.bell.readable()

    def touch(self) -> None:
        """Let libzmq take down the pipes of peers that have gone."""
        self.bell.ring()
        self.bell.readable()

    def read_subscriptions(self) -> bool:
        """Take a batch of changes; return whether there were any.

        ``sync/`` topics are answered in passing, and a link that floods is cut.
        """
        changed = self.tidy()
        if not self.ready():
            return changed
        with self._guard:
            return self._take_batch() or changed

    def _take_batch(self) -> bool:
        changed, effort, last, fd = False, _EFFORT, None, -1
        for part in self._parts():
            user_id = _user_id_of(part)
            if user_id != last:
                last = user_id
                # It may be another link's by now: that the old one closed is known first.
                self.monitor.bell.ring()
                changed = self.tidy() or changed
                fd = self._whom_to_hear(part, user_id)
            change = part.bytes if fd >= 0 else b""
            if change[:1] in (b"\x00", b"\x01"):
                changed = self._hear(fd, change) or changed
                fd = -1 if fd in self._cut else fd
                effort -= _HEARD
            effort -= 1
            if effort <= 0:
                break
        return changed

    def _parts(self) -> Iterator[zmq.Frame]:
        """Yield what waits.

        Part by part: libzmq keeps to itself what looks like a subscription within a hostile
        multipart, so a part that announces more may be the last one. And without asking whether
        another waits: libzmq would take in ten new ones each time, so that a flood's queue, which
        has no bound, would grow ten times faster than it is read.
        """
        while True:
            try:
                yield self.socket.recv(_NOW, copy=False)
            except zmq.Again:
                return

    def _whom_to_hear(self, part: zmq.Frame, user_id: str | None) -> int:
        """Return the descriptor of who speaks; -1 for one that was cut, or has gone."""
        if user_id is None:
            return -1
        fd = int(str(part.get(_SRCFD)))
        return fd if self._speaks(fd, user_id) and fd not in self._cut else -1

    def _speaks(self, fd: int, user_id: str) -> bool:
        """Whether the link that has this descriptor now is who speaks, not one before it.

        What closed links have sent is still read, for as long as it waits. A link that is heard
        first is noted, and cut where its credential is good for nothing any more.
        """
        if self._users.get(fd) == user_id:
            return True
        link, grant = read_user_id(user_id)
        if not self.monitor.is_open(fd):
            self._past[fd] = int(link)
        if int(link) <= self._past.get(fd, 0):
            return False
        # Whoever was heard by this descriptor had closed before, unheard until then.
        self._subscriptions.drop(fd)
        self._users[fd] = user_id
        if self._allowed is not None and not self._allowed.has(grant):
            self._end(fd)
        return True

    def revoke(self, allowed: AllowList) -> None:
        """Cut the links whose credentials are good for nothing any more."""
        self._allowed = allowed
        for fd, user_id in self._users.items():
            if not allowed.has(read_user_id(user_id)[1]):
                self._end(fd)

    def _end(self, fd: int) -> None:
        self._cut.add(fd)
        self.monitor.cut(fd)

    def _hear(self, fd: int, part: bytes) -> bool:
        subscribed, topic = part[:1] == b"\x01", part[1:]
        if not self._subscriptions.hear(fd, topic, time.monotonic(), subscribed=subscribed):
            self._end(fd)
            _log.warning("a link asked for too many subscriptions and was cut")
        elif subscribed and topic.startswith(_SYNC) and len(topic) <= MAX_SYNC_NBYTES:
            # It may be lost, as frames may; who asked asks again.
            with contextlib.suppress(zmq.Again):
                self.socket.send(topic, _NOW)
        return True

    def tidy(self) -> bool:
        """Forget what closed links subscribed to; return whether that was anything.

        Called often: left unread for long, libzmq's I/O thread would stand still under a storm
        of connections.
        """
        closed = self.monitor.closed()
        self._cut.difference_update(closed)
        for fd in closed:
            if fd in self._users:
                self._past[fd] = int(read_user_id(self._users.pop(fd))[0])
        changed = [self._subscriptions.drop(fd) for fd in closed]
        return any(changed)

    def strangers(self) -> list[int]:
        """Return the links that have asked for nothing yet, oldest first, by descriptor."""
        return [fd for fd in self.monitor.open() if fd not in self._subscriptions]

    @property
    def subscription_count(self) -> int:
        """Subscriptions of all links that are open, as far as was read."""
        return len(self._subscriptions)

    def wants(self, topic: bytes) -> bool:
        """Whether anybody subscribes to this topic, as far as was read."""
        return self._subscriptions.wants(topic)

    def count(self, topic: bytes) -> int:
        """Return how many subscriptions cover this topic, as far as was read."""
        return self._subscriptions.count(topic)

    @property
    def watched_by_one(self) -> bool:
        """Whether all subscriptions are one link's, so that to wait for it keeps nobody waiting."""
        return self._subscriptions.link_count == 1

    def begin(self, topic: bytes, *, drop: bool) -> bool:
        """Send a frame's first part to everyone who subscribed; :meth:`finish` has to follow.

        Args:
            topic: First part.
            drop: Let viewers whose queues are full miss this frame. Otherwise nothing is sent while
                there is one: the result is False, and the descriptor announces when to try again.
        """
        self.bell.ring()
        if self._drops != drop:
            self.socket.setsockopt(zmq.XPUB_NODROP, not drop)
            self._drops = drop
        if self._begun(topic):
            return True
        # libzmq looks at what viewers have taken once in a millisecond, and whenever it is asked.
        self.touch()
        return self._begun(topic)

    def _begun(self, topic: bytes) -> bool:
        try:
            with self._guard:
                self.socket.send(topic, _MORE)
        except zmq.Again:
            return False
        return True

    def finish(
        self, header: bytes, payload: memoryview, *, lend: bool
    ) -> zmq.MessageTracker | None:
        """Send the other parts of a frame that was begun.

        Args:
            header: Second part.
            payload: Third part, C-contiguous bytes.
            lend: Send from the payload's own memory; it must not change until the returned
                tracker is done. Otherwise it is copied and free on return.

        Returns:
            The tracker of a lent payload, else None.
        """
        self.bell.ring()
        with self._guard:
            self.socket.send(header, _MORE)
            if not lend:
                self.socket.send(payload, _NOW)
                return None
            return self.socket.send(payload, _NOW, copy=False, track=True)

    def send(
        self, topic: bytes, header: bytes, payload: memoryview, *, lend: bool
    ) -> zmq.MessageTracker | None:
        """Send one frame to everyone who subscribed and has room for it; as :meth:`finish`."""
        self.begin(topic, drop=True)
        return self.finish(header, payload, lend=lend)

    def announce(self, topic: bytes, header: bytes, reference: bytes) -> None:
        """Tell everyone who subscribed where a frame lies."""
        self.bell.ring()
        self.socket.send(topic, _MORE)
        self.socket.send(header, _MORE)
        self.socket.send(reference, _NOW)

    def close(self) -> None:
        """Close; frames that have not left are not worth waiting for."""
        if self._flood_guard is not None:
            self._flood_guard.close()
        self.monitor.close()
        self.socket.close(linger=0)


# No RCVHWM: where libzmq stops reading a link whose queue is full, and that link then ends with a
# PING among what was not taken yet, it aborts the process (`!_io_error`); so a cut would, too.
# Instead, whoever floods is cut, by another thread where a call does not come back for it (see
# `runtime/flood_guard.py`), and little of it waits in the kernel then: RCVBUF.
# TCP_MAXRT evicts a tcp peer that takes nothing for 5 s (a heartbeat would not: it is never sent
# while a frame is half-written).
_OPTIONS = {
    zmq.LINGER: 0,
    zmq.RCVHWM: 0,
    zmq.RCVBUF: 8 * 1024,
    zmq.MAXMSGSIZE: _MAX_SUBSCRIPTION_NBYTES,
    zmq.XPUB_VERBOSER: 1,
    zmq.TCP_MAXRT: 5000,
    zmq.BACKLOG: 1024,
    zmq.HANDSHAKE_IVL: 2000,
}
# At 10, a flood has kept a thread in one call for a second; at 1 nothing is ever heard. Whoever
# reaches an ipc socket is the operator.
_LOCAL_QUEUE = 2


def _user_id_of(part: zmq.Frame) -> str | None:
    """Return the name of the link that a part came by; what libzmq says by itself has none."""
    try:
        return str(part.get("User-Id"))
    except zmq.ZMQError:
        return None
