"""What the client knows of its conversation with the front end, and how it speaks."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from reactor_zmq.errors import ConnectionLost
from reactor_zmq.machines.client_pending import Pending, PendingTable
from reactor_zmq.machines.client_words import (
    Answer,
    Buffer,
    Closed,
    Greeted,
    Instruction,
    Refuse,
    Transmit,
)
from reactor_zmq.machines.clock_offset import ClockOffset
from reactor_zmq.wire.control import Hello, Welcome
from reactor_zmq.wire.envelope import PROTOCOL_VERSION, Encoding, encode
from reactor_zmq.wire.scope import Scope

# Carried by hello, ping and bye; those who ask count from 1.
OWN_ID = 0


class Phase(Enum):
    """Where the conversation stands."""

    DOWN = "down"
    GREETING = "greeting"
    OPEN = "open"
    LEAVING = "leaving"
    CLOSED = "closed"


class ClientTimes(Struct, frozen=True, kw_only=True):
    """When the client loses patience, in seconds.

    Attributes:
        hello_s: Waits between one ``$hello`` and the next; the last one stays.
        ping_s: After saying nothing for so long it says ``$ping``.
        silence_s: After hearing nothing for so long it makes a new link.
        patience_s: Without a session for so long it fails what waits.
        leave_s: So long it waits for the answer to its ``$bye``.
        clock_s: Waits between one look at the front end's clock and the next; the last one stays.
    """

    hello_s: tuple[float, ...] = (2.0, 2.0, 4.0, 8.0)
    ping_s: float = 2.0
    silence_s: float = 10.0
    patience_s: float = 10.0
    leave_s: float = 0.5
    # A few at once for a good first estimate, then one from time to time.
    clock_s: tuple[float, ...] = (0.05, 0.05, 0.1, 0.2, 0.4, 1.0, 2.0, 5.0)


class Talk:
    """The data that the parts of the client's machine share; no socket, no clock.

    Attributes:
        welcome: The newest; None before the first.
        error: Why the client is closed, if not by its own leave.
        stopping: The runtime has said that it stops.
        due: When the next ``$hello`` is said, or the wait for ``$bye`` is over.
        follow: Whether events, state and status are delivered as messages are, in order.
        clock: What is known of the front end's clock.
        out: Instructions of the stimulus being handled.
    """

    def __init__(
        self,
        endpoint: str,
        now: float,
        name: str,
        scope: Scope | None,
        times: ClientTimes,
        *,
        follow: bool,
    ) -> None:
        self.endpoint = endpoint
        self.times = times
        self.phase = Phase.DOWN
        self.welcome: Welcome | None = None
        self.error: Exception | None = None
        self.pending = PendingTable()
        self.abandoned: set[int] = set()
        self.resume = ""
        self.hellos = 0
        self.apart_since = self.sent_at = self.heard_at = self.due = now
        self.stopping = False
        self.follow = follow
        self.clock = ClockOffset(now, times.clock_s)
        self.out: list[Instruction] = []
        self._name = name
        self._scope: Scope | None = scope

    @property
    def silent_at(self) -> float:
        """When the link counts as dead unless something is heard."""
        return self.heard_at + self.times.silence_s

    @property
    def impatient_at(self) -> float:
        """When what waits is given up, unless a session stands again."""
        return self.apart_since + self.times.patience_s

    # --- speaking -----------------------------------------------------------------------------

    def transmit(self, parts: tuple[Buffer, ...], now: float, *, lend: bool = False) -> None:
        """Send one multipart."""
        self.sent_at = now
        self.out.append(Transmit(parts, lend))

    def say(self, kind: str, data: object, now: float) -> None:
        """Send a control word about the link."""
        self.transmit((encode(Encoding.MSGPACK, kind, data, OWN_ID),), now)

    def send(self, pending: Pending, now: float) -> None:
        """Send a request if a session stands; else it waits for one."""
        if self.phase is Phase.OPEN:
            pending.sent = True
            self.transmit(pending.parts(), now)

    def greet(self, now: float, *, resume: bool = True) -> None:
        """Say ``$hello``, and set when to say it again."""
        self.set_next_hello(now)
        self.hellos += 1
        hello = Hello(
            protocol=PROTOCOL_VERSION,
            name=self._name,
            scope=self._scope,
            resume=self.resume if resume else "",
            follow_state=True,
            follow_events=self.follow,
        )
        self.say("$hello", hello, now)

    def set_next_hello(self, now: float) -> None:
        """Set when ``$hello`` is said next."""
        waits = self.times.hello_s
        self.due = now + waits[min(self.hellos, len(waits) - 1)]

    # --- phases -------------------------------------------------------------------------------

    def come_apart(self, phase: Phase, now: float) -> None:
        """Leave the open phase; what can't be repeated on a new link fails."""
        if self.phase is Phase.OPEN:
            self.apart_since = now
            lost = self.pending.take(lambda p: p.sent and not p.again)
            self.fail(lost, self.lost("the link broke"))
        self.phase = phase
        self.clock.link_lost(now)

    def enter(self, welcome: Welcome, now: float) -> None:
        """Open the conversation, as the client that we were or as a new one."""
        known = self.welcome is not None and self.welcome.client == welcome.client
        returning = self.phase is Phase.GREETING
        self.welcome, self.resume, self.phase = welcome, welcome.resume, Phase.OPEN
        if not known:
            lost = self.pending.take(lambda p: p.sent)
            self.fail(lost, self.lost("the session could not be resumed"))
            self.pending.renumber()
        if returning:
            self.clock.link_lost(now)
        self.out.append(Greeted(welcome, fresh=not known))
        if returning:
            for pending in self.pending:
                self.send(pending, now)

    def settle(self, request_id: int, outcome: Answer | Refuse) -> None:
        """Give a request its outcome, unless nobody waits for it any more."""
        self.pending.pop(request_id)
        if request_id in self.abandoned:
            self.abandoned.discard(request_id)
        else:
            self.out.append(outcome)

    def fail(self, lost: list[Pending], error: Exception) -> None:
        """Refuse requests that were taken out of the table."""
        for pending in lost:
            self.settle(pending.id, Refuse(pending.id, error))

    def close(self, error: Exception | None) -> None:
        """End it; what waits is refused."""
        self.phase = Phase.CLOSED
        self.error = error
        waiting = self.pending.take(lambda _: True)
        self.fail(waiting, error or ConnectionLost("this client is closed"))
        self.out.append(Closed(error))

    def lost(self, why: str) -> ConnectionLost:
        """Return the error for a client that can't reach its session."""
        return ConnectionLost(f"{self.endpoint}: {why}")
