"""Who is connected: clients by id, by the peer that speaks for them, and by resume token."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from reactor_zmq.config import Limits
from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.access import Grant
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.control import Hello
from reactor_zmq.wire.envelope import Encoding
from reactor_zmq.wire.scope import Scope, covers

# A resend after a broken link asks for replies that were lost on the way; this many are kept.
KEPT_REPLIES = 128


class Allowance:
    """What one peer may still say; it fills up with time."""

    __slots__ = ("_at", "_hz", "_left", "_most")

    def __init__(self, limits: Limits, now: float) -> None:
        self._hz = limits.messages_hz
        self._most = self._left = float(limits.messages_at_once)
        self._at = now

    def spend(self, cost: float, now: float) -> None:
        """Take from it.

        Raises:
            RemoteProtocolError: ``busy``: there is too little, and nothing was taken.
        """
        left = self._left + (now - self._at) * self._hz
        if left > self._most:  # noqa: PLR1730 - as min() it would cost a call for each event
            left = self._most
        left -= cost
        if left < 0:
            text = f"more than {self._hz:g} messages per second came from here"
            raise RemoteProtocolError(Code.BUSY, text)
        self._left, self._at = left, now


@dataclass(slots=True, eq=False)
class Client:
    """One client of the session; it outlives its link by ``resume_s``.

    Attributes:
        scope: What it may do; never more than its credential allows.
        credential: By what it came in, for the log.
        peer: This side's name for its link, None while the link is broken.
        delimiter: Whether it is a REQ peer, whose empty first part is mirrored.
        lost_at: Since when the link is broken.
        last_seq: The greatest ``seq`` seen; events are numbered from 1.
        replies: Encoded replies by ``seq``, for resends.
        waiting: Parts said while the link was broken, in order.
        in_flight: Events accepted and not answered.
        allowance: What it may still say at once.
    """

    id: str
    token: str
    name: str
    scope: Scope
    credential: str
    joined_at: float
    peer: bytes | None
    encoding: Encoding
    allowance: Allowance
    delimiter: bool = False
    lost_at: float | None = None
    last_seq: int = 0
    in_flight: int = 0
    replies: OrderedDict[int, bytes] = field(default_factory=OrderedDict[int, bytes])
    waiting: deque[bytes] = field(default_factory=deque[bytes])

    def keep_reply(self, seq: int, part: bytes) -> None:
        """Remember a reply for a resend."""
        self.replies[seq] = part
        while len(self.replies) > KEPT_REPLIES:
            self.replies.popitem(last=False)


def require(client: Client, scope: Scope) -> None:
    """Check that a client may do what needs this scope.

    Raises:
        RemoteProtocolError: ``forbidden``.
    """
    if client.scope != scope and not covers(client.scope, scope):
        text = f"this client has the scope {client.scope!r}, {scope!r} is needed"
        raise RemoteProtocolError(Code.FORBIDDEN, text)


class Group:
    """Some of the clients, in the order in which they came in; may change while it is gone over."""

    def __init__(self) -> None:
        self._members: dict[str, Client] = {}

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Client]:
        return iter(tuple(self._members.values()))

    def put(self, client: Client, *, inside: bool = True) -> None:
        """Let a client be in it, or not."""
        if inside:
            self._members[client.id] = client
        else:
            self._members.pop(client.id, None)


class Clients:
    """The registry of clients; no I/O, no clock.

    Attributes:
        state_followers: Who is told of each change of the model's state.
        event_followers: Who is told of each event that was applied.
        admitted: Whom the actor has let in: until then nothing said to all is for a client, so
            that what its ``@connected`` hook says comes first.
    """

    def __init__(self, limits: Limits, new_id: Callable[[], str]) -> None:
        self._limits = limits
        self._new_id = new_id
        self._by_id: dict[str, Client] = {}
        self._by_peer: dict[bytes, Client] = {}
        self._by_token: dict[str, Client] = {}
        self._lost: dict[str, Client] = {}  # in the order in which their links broke
        self.state_followers = Group()
        self.event_followers = Group()
        self.admitted = Group()

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Client]:
        return iter(tuple(self._by_id.values()))

    @property
    def full(self) -> bool:
        """Whether another client would be one too many."""
        return len(self._by_id) >= self._limits.clients

    def get(self, client_id: str) -> Client | None:
        """Return a client by id."""
        return self._by_id.get(client_id)

    def of_peer(self, peer: bytes) -> Client | None:
        """Return the client that this peer speaks for."""
        return self._by_peer.get(peer)

    def resumable(self, token: str) -> Client | None:
        """Return the client that may be resumed with this token."""
        return self._by_token.get(token)

    def join(
        self,
        peer: bytes,
        hello: Hello,
        grant: Grant,
        encoding: Encoding,
        now: float,
        allowance: Allowance,
    ) -> Client:
        """Register a new client with the scope of a grant."""
        client = Client(
            id=self._new_id(),
            token=self._new_id() + self._new_id(),
            name=hello.name,
            scope=grant.scope,
            credential=grant.name,
            joined_at=now,
            peer=peer,
            encoding=encoding,
            allowance=allowance,
        )
        self._by_id[client.id] = client
        self._by_peer[peer] = client
        self._by_token[client.token] = client
        return client

    def rebind(self, client: Client, peer: bytes, encoding: Encoding) -> None:
        """Let a new link speak for a client; the old link, if any, speaks for nobody."""
        if client.peer is not None:
            self._by_peer.pop(client.peer, None)
        client.peer = peer
        client.encoding = encoding
        client.lost_at = None
        self._lost.pop(client.id, None)
        self._by_peer[peer] = client

    def lose(self, peer: bytes, now: float) -> Client | None:
        """Note that a peer's link broke; return the client that may yet resume."""
        client = self._by_peer.pop(peer, None)
        if client is not None:
            client.peer = None
            client.lost_at = now
            self._lost[client.id] = client
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._by_id.pop(client.id, None)
        self._by_token.pop(client.token, None)
        self._lost.pop(client.id, None)
        for group in (self.state_followers, self.event_followers, self.admitted):
            group.put(client, inside=False)
        if client.peer is not None:
            self._by_peer.pop(client.peer, None)

    def longest_lost(self) -> Client | None:
        """Return the client whose link broke longest ago, None where all links stand."""
        return next(iter(self._lost.values()), None)

    def overdue(self, now: float, resume_s: float) -> list[Client]:
        """Return the clients whose time to resume is over."""
        long_lost = takewhile(lambda c: now - (c.lost_at or 0) >= resume_s, self._lost.values())
        return list(long_lost)
