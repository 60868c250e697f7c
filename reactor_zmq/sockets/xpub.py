"""The frames socket: an XPUB, so that subscriptions are visible; to SUB peers it is a PUB."""

from __future__ import annotations

import time
from collections.abc import Iterator

import zmq

from reactor_zmq.machines.access import AllowList
from reactor_zmq.sockets.keys import KeyPair
from reactor_zmq.sockets.links import Link, Links
from reactor_zmq.sockets.monitor import LinkMonitor
from reactor_zmq.sockets.readiness import Doorbell
from reactor_zmq.sockets.zap import guard
from reactor_zmq.wire.header import SYNC_TOPIC

_SYNC = SYNC_TOPIC.encode()
MAX_SYNC_NBYTES = 64
# Multiparts that wait for one peer: payloads pin their slots, announcements weigh nothing.
PAYLOADS = 2
ANNOUNCEMENTS = 1000
# A subscription is at most 256 bytes of a topic; a flood of them is taken in small bites.
_BATCH = 256
_MAX_SUBSCRIPTION_NBYTES = 256
# CURVE's own handshake is longer than that.
_MAX_CURVE_NBYTES = 1024
# libzmq keeps some 650 bytes for each subscription: a flood of them has an end.
CHANGES_HZ = 2_000
CHANGES_AT_ONCE = 10_000


class FramesSocket:
    """Owned by one thread for life, and touched by it at least every 20 ms.

    libzmq takes down a dead peer's pipe only inside a call on the socket; until then the pipe
    pins the slots that it holds.

    Args:
        context: Of the public sockets.
        queue_limit: Multiparts that may wait for each peer; it bounds what a stalled one pins.
        pair: With it the socket speaks CURVE.

    Attributes:
        cut_off: Links that were cut because they changed subscriptions too often.
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
        self._links = Links(self.monitor)
        self.cut_off = 0
        self.bell = Doorbell(self.socket)

    def ready(self) -> bool:
        """Whether a subscription waits."""
        return self.bell.readable()

    def touch(self) -> None:
        """Let libzmq take down the pipes of peers that have gone."""
        self.bell.ring()
        self.bell.readable()
        self.monitor.bell.ring()
        self._links.gone()
        self._links.met()

    def subscriptions(self) -> Iterator[tuple[bool, bytes]]:
        """Yield (subscribed, topic) for a batch of changes; answer ``sync/`` topics in passing."""
        for _ in range(_BATCH):
            if not self.ready():
                return
            # Part by part: libzmq keeps to itself what looks like a subscription within a hostile
            # multipart, so a part that announces more may be the last one.
            frame = self.socket.recv(zmq.NOBLOCK, copy=False)
            part = frame.bytes
            link = self._links.of(frame)
            if link is not None and not self._bears(link):
                continue
            if part[:1] not in (b"\x00", b"\x01"):
                continue
            subscribed, topic = part[:1] == b"\x01", part[1:]
            if topic.startswith(_SYNC):
                if subscribed and len(topic) <= MAX_SYNC_NBYTES:
                    self.socket.send(topic, zmq.NOBLOCK)
                continue
            yield subscribed, topic

    def _bears(self, link: Link) -> bool:
        """Whether a link may change another subscription; one that overdoes it is cut."""
        now = time.monotonic()
        link.spent = max(0.0, link.spent - (now - link.spent_at) * CHANGES_HZ) + 1
        link.spent_at = now
        if link.spent > CHANGES_AT_ONCE:
            if link.spent <= CHANGES_AT_ONCE + 1:
                self.cut_off += 1
                link.cut()
            return False
        return True

    def revoke(self, allowed: AllowList) -> None:
        """Cut the links whose credentials are good for nothing any more."""
        for link in self._links:
            if not allowed.has(link.grant):
                link.cut()

    def send(
        self, topic: bytes, header: bytes, payload: memoryview, *, lend: bool
    ) -> zmq.MessageTracker | None:
        """Send one frame to everyone who subscribed.

        Args:
            topic: First part.
            header: Second part.
            payload: Third part, C-contiguous bytes.
            lend: Send from the payload's own memory; it must not change until the returned
                tracker is done. Otherwise it is copied and free on return.

        Returns:
            The tracker of a lent payload, else None.
        """
        self.bell.ring()
        self.socket.send(topic, zmq.SNDMORE | zmq.NOBLOCK)
        self.socket.send(header, zmq.SNDMORE | zmq.NOBLOCK)
        if not lend:
            self.socket.send(payload, zmq.NOBLOCK)
            return None
        return self.socket.send(payload, zmq.NOBLOCK, copy=False, track=True)

    def announce(self, topic: bytes, header: bytes, reference: bytes) -> None:
        """Tell everyone who subscribed where a frame lies."""
        self.bell.ring()
        self.socket.send(topic, zmq.SNDMORE | zmq.NOBLOCK)
        self.socket.send(header, zmq.SNDMORE | zmq.NOBLOCK)
        self.socket.send(reference, zmq.NOBLOCK)

    def close(self) -> None:
        """Close; frames that have not left are not worth waiting for."""
        self.monitor.close()
        self.socket.close(linger=0)


# RCVHWM 10 bounds what a subscription flood costs, and TCP_MAXRT evicts a tcp peer that takes
# nothing for 5 s (a heartbeat would not: it is never sent while a frame is half-written).
_OPTIONS = {
    zmq.LINGER: 0,
    zmq.RCVHWM: 10,
    zmq.MAXMSGSIZE: _MAX_SUBSCRIPTION_NBYTES,
    zmq.XPUB_VERBOSE: 1,
    zmq.TCP_MAXRT: 5000,
    zmq.BACKLOG: 1024,
    zmq.HANDSHAKE_IVL: 2000,
}
