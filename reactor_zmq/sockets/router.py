"""The events socket: a ROUTER whose every send happens, waits in a bounded queue or says why."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import zmq

from reactor_zmq.sockets.keys import KeyPair
from reactor_zmq.sockets.links import Link, Links, is_later
from reactor_zmq.sockets.monitor import LinkMonitor
from reactor_zmq.sockets.readiness import Doorbell
from reactor_zmq.sockets.zap import Caller, guard

# One pass takes no more, so that frames and the actor get their turn under a flood.
_BATCH = 64
BATCH_NBYTES = 4 * 2**20
_MADE_NBYTES = 5

Multipart = tuple[bytes, list[memoryview]]


class EventsSocket:
    """Owned by one thread for life.

    libzmq honours a routing id that a peer chose, so it names nobody here: a peer is named by the
    User-Id that the handshake gave to its link, which no other link ever has.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        *,
        part_nbytes: int,
        queue_limit: int,
        pair: KeyPair | None = None,
    ) -> None:
        self._queue_limit = queue_limit
        self._queues: dict[bytes, deque[tuple[bytes, ...]]] = {}
        self._by_peer: dict[bytes, tuple[Link, bytes]] = {}
        self._by_routing_id: dict[bytes, Link] = {}
        self._arrivals: list[Caller] = []
        self._unreachable: dict[bytes, None] = {}
        self.socket = context.socket(zmq.ROUTER)
        for option, value in _OPTIONS.items():
            self.socket.setsockopt(option, value)
        self.socket.setsockopt(zmq.MAXMSGSIZE, part_nbytes)
        guard(self.socket, pair)
        self.monitor = LinkMonitor(self.socket)
        self._links = Links(self.monitor)
        self.bell = Doorbell(self.socket)

    @property
    def waiting(self) -> int:
        """Peers that have not yet taken all that was said to them."""
        return len(self._queues)

    @property
    def links(self) -> int:
        """Links that are open as far as :meth:`receive` has looked."""
        return self.monitor.links

    def ready(self) -> bool:
        """Whether a message can be received without waiting."""
        return self.bell.readable()

    def receive(self) -> tuple[list[Multipart], list[bytes]]:
        """Return a batch of messages as (peer, parts), and the peers whose links closed since.

        Parts stay valid for as long as they are held. Peers that are heard for the first time are
        told by :meth:`arrivals`, which comes before their messages.
        """
        batch = list(self._read())
        for peer in self._unreachable:
            if peer in self._by_peer:
                self._links.lose(self._by_peer[peer][0])
        self._unreachable.clear()
        gone = [link.name for link in self._links.gone() if self._lost(link)]
        self._links.met()
        return batch, gone

    def arrivals(self) -> list[Caller]:
        """Return the peers from whom the last batch brought the first message."""
        found, self._arrivals = self._arrivals, []
        return found

    def _read(self) -> Iterator[Multipart]:
        nbytes = 0
        for _ in range(_BATCH):
            if nbytes >= BATCH_NBYTES or not self.bell.readable():
                return
            frames = self.socket.recv_multipart(zmq.NOBLOCK, copy=False)
            nbytes += sum(len(frame) for frame in frames)
            link = self._links.of(frames[0])
            if link is None:
                continue  # no peer's: none comes without a handshake
            if link.name not in self._by_peer:
                self._meet(link, frames[0].bytes)
            yield link.name, [frame.buffer for frame in frames[1:]]

    def _meet(self, link: Link, routing_id: bytes) -> None:
        self._by_peer[link.name] = link, routing_id
        before = self._by_routing_id.get(routing_id)
        if before is None or is_later(link, before):
            self._by_routing_id[routing_id] = link
            if before is not None:
                self._links.lose(before)  # told of or not yet: its routing id is another one's
        self._arrivals.append(Caller(link.name, link.grant, _is_chosen(routing_id)))

    def _lost(self, link: Link) -> bool:
        """Forget a link; return whether it was known."""
        _, routing_id = self._by_peer.pop(link.name, (link, b""))
        if self._by_routing_id.get(routing_id) is link:
            del self._by_routing_id[routing_id]
        self._queues.pop(link.name, None)
        return bool(routing_id)

    def send(self, peer: bytes, parts: tuple[bytes, ...]) -> bool:
        """Send in order; return False when the peer's queue is full and nothing was taken."""
        queue = self._queues.get(peer)
        if queue is None:
            if self._try(peer, parts):
                return True
            queue = self._queues[peer] = deque()
        if len(queue) >= self._queue_limit:
            return False
        queue.append(parts)
        return True

    def flush(self) -> None:
        """Try again to send what waits."""
        for peer in list(self._queues):
            queue = self._queues[peer]
            while queue and self._try(peer, queue[0]):
                queue.popleft()
            if not queue:
                del self._queues[peer]

    def forget(self, peer: bytes) -> None:
        """Drop what waits for a peer; what libzmq has taken still goes to it."""
        self._queues.pop(peer, None)

    def cut(self, peer: bytes) -> None:
        """End a peer's link; it is told as gone in its time."""
        if peer in self._by_peer:
            self._by_peer[peer][0].cut()

    def close(self) -> None:
        """Close; what was said last still has half a second to leave."""
        self.monitor.close()
        self.socket.close()

    def _try(self, peer: bytes, parts: tuple[bytes, ...]) -> bool:
        found = self._by_peer.get(peer)
        if found is None:
            return True  # it has gone, and was or will be told of
        self.bell.ring()
        try:
            self.socket.send_multipart((found[1], *parts), zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._unreachable[peer] = None
        return True


def _is_chosen(routing_id: bytes) -> bool:
    """Whether a peer named itself: libzmq makes a zero and four bytes."""
    return len(routing_id) != _MADE_NBYTES or routing_id[0] != 0


# A heartbeat finds links that died without a FIN; TTL must stay under 65.6 s.
_OPTIONS = {
    zmq.LINGER: 500,
    zmq.ROUTER_MANDATORY: 1,
    zmq.RCVHWM: 64,
    zmq.SNDHWM: 256,
    zmq.BACKLOG: 1024,
    zmq.HANDSHAKE_IVL: 2000,
    zmq.HEARTBEAT_IVL: 2000,
    zmq.HEARTBEAT_TIMEOUT: 6000,
    zmq.HEARTBEAT_TTL: 6000,
}
