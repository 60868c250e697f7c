"""The events socket: a ROUTER whose every send happens, waits in a bounded queue or says why."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

import zmq

from reactor_zmq.sockets.context import seed_routing_ids
from reactor_zmq.sockets.keys import KeyPair
from reactor_zmq.sockets.monitor import LinkMonitor
from reactor_zmq.sockets.readiness import Doorbell
from reactor_zmq.sockets.zap import Caller, guard, read_user_id

_log = logging.getLogger("reactor_zmq.frontend")

# One pass takes no more, so that frames and the actor get their turn under a flood: 64 messages
# that are heard, or 512 of links that are heard no more.
_BATCH = 64
_EFFORT, _HEARD = 512, 7
_SRCFD = int(zmq.SRCFD)
# Plain numbers: pyzmq's enumerations cost a microsecond each time that two of them are combined.
_NOW = int(zmq.NOBLOCK)
_NOW_MORE = int(zmq.NOBLOCK | zmq.SNDMORE)
BATCH_NBYTES = 4 * 2**20
_MADE_NBYTES = 5
_SHORT_NBYTES = 255
# What CURVE adds to each part.
_SEAL_NBYTES = 33
# Messages of one link that may wait to be read.
_MOST_WAITING = 16_384
# Links that went last, of which something may still wait.
_MOST_DISMISSED = 4096

Multipart = tuple[bytes, list[memoryview]]


@dataclass(slots=True, eq=False)
class _Link:
    """One peer's link: this side's name for it, libzmq's, its descriptor, and what it brought."""

    peer: bytes
    routing_id: bytes
    fd: int
    user_id: str
    delivered_nbytes: int = 0


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
        self._links: dict[str, _Link] = {}
        self._by_peer: dict[bytes, _Link] = {}
        self._by_routing_id: dict[bytes, _Link] = {}
        self._by_fd: dict[int, _Link] = {}
        self._arrivals: list[Caller] = []
        self._gone: dict[bytes, str] = {}
        self._unreachable: dict[bytes, None] = {}
        self._dismissed: dict[str, None] = {}
        self._behind: dict[bytes, int] = {}
        # Whether the last batch was still of links that are heard no more: until that is through,
        # another flood is not to come on top of it.
        self.wading = False
        self._sealed_nbytes = _SEAL_NBYTES if pair else 0
        seed_routing_ids()
        self.socket = context.socket(zmq.ROUTER)
        for option, value in _OPTIONS.items():
            self.socket.setsockopt(option, value)
        self.socket.setsockopt(zmq.MAXMSGSIZE, part_nbytes)
        guard(self.socket, pair)
        self.monitor = LinkMonitor(self.socket)
        self.bell = Doorbell(self.socket)

    def bound_queues(self) -> None:
        """Bound them by count, before ``bind``: what an ipc peer has sent can't be asked for."""
        self.socket.setsockopt(zmq.RCVHWM, _BATCH)

    @property
    def waiting(self) -> int:
        """Peers that have not yet taken all that was said to them."""
        return len(self._queues)

    @property
    def links(self) -> int:
        """Links that are open as far as :meth:`receive` has looked."""
        return self.monitor.links

    @property
    def stirred(self) -> bool:
        """Whether :meth:`receive` can have anything to tell."""
        return self.bell.rung or self.monitor.bell.rung or bool(self._unreachable)

    def ready(self) -> bool:
        """Whether a message can be received without waiting."""
        return self.bell.readable()

    def receive(self) -> tuple[list[Multipart], list[bytes]]:
        """Return a batch of messages as (peer, parts), and the peers whose links closed since.

        Parts stay valid for as long as they are held. Peers that are heard for the first time are
        told by :meth:`arrivals`, which comes before their messages.
        """
        batch = self._read()
        if self._arrivals:
            self.monitor.bell.ring()  # whether they are still there is asked after what they sent
        self._hear_ends()
        for caller in self._arrivals:
            link = self._by_peer.get(caller.peer)
            if link is not None and not self._is_open(link):
                self._lost(link)  # it spoke and went
        for peer in self._unreachable:
            if peer in self._by_peer:
                self._lost(self._by_peer[peer])
        self._unreachable.clear()
        gone, self._gone = self._gone, {}
        for user_id in gone.values():
            self._dismiss(user_id)
        return batch, list(gone)

    def _hear_ends(self) -> None:
        for fd in self.monitor.closed():
            if fd in self._by_fd:
                self._lost(self._by_fd[fd])

    def _dismiss(self, user_id: str) -> None:
        """Hear no more of a link, whatever of it still waits."""
        self._dismissed[user_id] = None
        if len(self._dismissed) > _MOST_DISMISSED:
            del self._dismissed[next(iter(self._dismissed))]

    def _is_open(self, link: _Link) -> bool:
        here = self._by_fd.get(link.fd) is link
        return here and self.monitor.is_of(link.fd, int(link.peer))

    def arrivals(self) -> list[Caller]:
        """Return the peers from whom the last batch brought the first message."""
        found, self._arrivals = self._arrivals, []
        return found

    def _read(self) -> list[Multipart]:
        batch: list[Multipart] = []
        nbytes, last, effort = 0, None, _EFFORT
        self.wading = False
        while effort > 0:
            frames = self._receive() if nbytes < BATCH_NBYTES else []
            if not frames:
                self._behind.clear()
                return batch
            sender, *parts = frames
            size = sum(map(self._wire_nbytes, map(len, parts)))
            nbytes += size
            user_id = str(sender.get("User-Id"))
            effort -= 1
            if user_id in self._dismissed:
                self.wading = True
                continue
            effort -= _HEARD
            link = self._links.get(user_id) or self._meet(user_id, sender)
            link.delivered_nbytes += size
            batch.append((link.peer, [part.buffer for part in parts]))
            last = link
        if last is not None:
            self._look_at_backlog(last, nbytes // _BATCH)
        return batch

    def _receive(self) -> list[zmq.Frame]:
        """Return the next message's frames, none where no message waits."""
        if not self.bell.rung:
            return []
        try:
            frames = [self.socket.recv(_NOW, copy=False)]
        except zmq.Again:
            self.bell.answered()
            return []
        while frames[-1].more:
            frames.append(self.socket.recv(_NOW, copy=False))
        self.bell.readable()  # a receive that fails costs more than to ask
        return frames

    def _wire_nbytes(self, part_nbytes: int) -> int:
        return part_nbytes + self._sealed_nbytes + (2 if part_nbytes <= _SHORT_NBYTES else 9)

    def _look_at_backlog(self, link: _Link, message_nbytes: int) -> None:
        """Cut a link that has been sending faster than it is heard, for far too long.

        Counted is what has come by it since messages last stopped to wait, less what was read.
        """
        backlog = self.monitor.received_nbytes(link.fd) - link.delivered_nbytes
        since = self._behind.setdefault(link.peer, backlog)
        if (backlog - since) // max(1, message_nbytes) > _MOST_WAITING:
            _log.warning("a peer that sent faster than it could be heard was cut")
            self.cut(link.peer)

    def _meet(self, user_id: str, frame: zmq.Frame) -> _Link:
        # The end of the link that had this descriptor before must not be taken for this one's.
        self.monitor.bell.ring()
        self._hear_ends()
        peer, grant = read_user_id(user_id)
        link = _Link(peer, frame.bytes, int(frame.get(_SRCFD)), user_id)
        self._links[user_id] = self._by_peer[peer] = link
        for table, key in self._places(link):
            before = table.get(key)
            if before is None or int(before.peer) < int(peer):
                table[key] = link
                if before is not None:
                    self._lost(before)  # told of or not yet: this link has its place
        self._arrivals.append(Caller(peer, grant, _is_chosen(link.routing_id)))
        return link

    def _places(self, link: _Link) -> tuple[tuple[dict[Any, _Link], object], ...]:
        return (self._by_fd, link.fd), (self._by_routing_id, link.routing_id)

    def _lost(self, link: _Link) -> None:
        if self._links.pop(link.user_id, None) is None:
            return
        del self._by_peer[link.peer]
        for table, key in self._places(link):
            if table.get(key) is link:
                del table[key]
        self._queues.pop(link.peer, None)
        self._gone[link.peer] = link.user_id

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
        link = self._by_peer.get(peer)
        if link is not None and self._by_fd.get(link.fd) is link:
            self.monitor.cut(link.fd)
            self._dismiss(link.user_id)

    def strangers(self) -> list[int]:
        """Return the links that have brought nothing yet, oldest first, by descriptor."""
        return [fd for fd in self.monitor.open() if fd not in self._by_fd]

    def hoards(self) -> list[tuple[int, int]]:
        """Return the tcp links by how many bytes wait here of what they sent, greatest first.

        A link is told by its descriptor; it need not have brought a message yet.
        """
        links, delivered = self.monitor.open(), dict[int, int]()
        for fd, link in self._by_fd.items():
            delivered[fd] = link.delivered_nbytes
        hoards = [(fd, self.monitor.received_nbytes(fd) - delivered.get(fd, 0)) for fd in links]
        return sorted(hoards, key=lambda hoard: -hoard[1])

    def close(self) -> None:
        """Close; what was said last still has half a second to leave."""
        self.monitor.close()
        self.socket.close()

    def _try(self, peer: bytes, parts: tuple[bytes, ...]) -> bool:
        link = self._by_peer.get(peer)
        if link is None:
            return True  # it has gone, and was or will be told of
        self.bell.ring()
        try:
            self.socket.send(link.routing_id, _NOW_MORE)
            for part in parts[:-1]:
                self.socket.send(part, _NOW_MORE)
            self.socket.send(parts[-1], _NOW)
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


# No RCVHWM: where libzmq stops reading a link whose queue is full, and that link is then reset with
# a PING among what was not taken yet, it aborts the process (`!_io_error`). What keeps a queue
# short is that whoever fills it is cut.
# A heartbeat finds links that died without a FIN; TTL must stay under 65.6 s.
_OPTIONS = {
    zmq.LINGER: 500,
    zmq.ROUTER_MANDATORY: 1,
    zmq.RCVHWM: 0,
    zmq.SNDHWM: 256,
    zmq.BACKLOG: 1024,
    zmq.HANDSHAKE_IVL: 2000,
    zmq.HEARTBEAT_IVL: 2000,
    zmq.HEARTBEAT_TIMEOUT: 6000,
    zmq.HEARTBEAT_TTL: 6000,
}
