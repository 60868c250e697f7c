"""The events socket: a ROUTER whose every send happens, waits in a bounded queue or says why."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import zmq

from reactor_zmq.sockets.monitor import LinkMonitor
from reactor_zmq.sockets.readiness import readable
from reactor_zmq.sockets.zap import guard

# One pass takes no more, so that frames and the actor get their turn under a flood.
_BATCH = 64
BATCH_NBYTES = 4 * 2**20

Multipart = tuple[bytes, list[memoryview]]
_Received = tuple[int, bytes, list[memoryview]]


class EventsSocket:
    """Owned by one thread for life.

    libzmq honours a routing id that a peer chose; it names a link here and never a client, and
    a second link with the same one is not served while the first is open.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        *,
        part_nbytes: int,
        queue_limit: int,
    ) -> None:
        self._queue_limit = queue_limit
        self._queues: dict[bytes, deque[tuple[bytes, ...]]] = {}
        self._peer_of: dict[int, bytes] = {}
        self._unreachable: dict[bytes, None] = {}
        self.socket = context.socket(zmq.ROUTER)
        for option, value in _OPTIONS.items():
            self.socket.setsockopt(option, value)
        self.socket.setsockopt(zmq.MAXMSGSIZE, part_nbytes)
        guard(self.socket)
        self.monitor = LinkMonitor(self.socket)

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
        return readable(self.socket)

    def receive(self) -> tuple[list[Multipart], list[bytes]]:
        """Return a batch of messages as (peer, parts), and the peers whose links closed since.

        Parts stay valid for as long as they are held.
        """
        batch = list(self._read())
        closed = self.monitor.closed()
        gone = dict.fromkeys(p for fd in closed if (p := self._peer_of.pop(fd, None)))
        for fd, peer, _ in batch:
            if self.monitor.is_open(fd):
                self._peer_of[fd] = peer
            else:
                gone[peer] = None  # it spoke and went
        gone.update(self._unreachable)
        self._unreachable.clear()
        for peer in gone:
            self._queues.pop(peer, None)
        return [(peer, parts) for _, peer, parts in batch], list(gone)

    def _read(self) -> Iterator[_Received]:
        nbytes = 0
        for _ in range(_BATCH):
            if nbytes >= BATCH_NBYTES or not self.ready():
                return
            frames = self.socket.recv_multipart(zmq.NOBLOCK, copy=False)
            nbytes += sum(len(frame) for frame in frames)
            fd = int(str(frames[0].get(zmq.SRCFD)))
            yield fd, frames[0].bytes, [frame.buffer for frame in frames[1:]]

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
        """End a peer's link; it is told as gone like any other."""
        self.forget(peer)
        for fd in [fd for fd, found in self._peer_of.items() if found == peer]:
            self.monitor.cut(fd)

    def close(self) -> None:
        """Close; what was said last still has half a second to leave."""
        self.monitor.close()
        self.socket.close()

    def _try(self, peer: bytes, parts: tuple[bytes, ...]) -> bool:
        try:
            self.socket.send_multipart((peer, *parts), zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._unreachable[peer] = None
        return True


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
