"""The client's brain: the link, its own side and the front end in, instructions out.

::

    phase       LinkUp     LinkDown   $welcome   unauthenticated   Leave      $bye
    down        greeting   ·          ·          ·                 closed     ·
    greeting    greeting   down       open       ·                 leaving    closed
    open        greeting   down       open       greeting          leaving    closed
    leaving     closed     closed     ·          ·                 ·          closed
    closed      ·          ·          ·          ·                 ·          ·

Events carry an ``id``, by which they are answered, and a ``seq``, by which the front end applies
them once however often they come. After a broken link the client resumes with the token of its
``$welcome`` and repeats, in order, what was not answered (docs/protocol.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from reactor_zmq.errors import AuthenticationError, ConnectionLost, LocalProtocolError
from reactor_zmq.machines.client_hearing import Hearing
from reactor_zmq.machines.client_talk import ClientTimes, Phase, Talk
from reactor_zmq.machines.client_words import (
    Abandon,
    Arrived,
    Ask,
    Fire,
    Instruction,
    Leave,
    LinkDown,
    LinkRefused,
    LinkUp,
    Relink,
    Stimulus,
    Tell,
    Tick,
)
from reactor_zmq.machines.clock_offset import ClockEstimate
from reactor_zmq.wire.control import ByeRequest, Welcome
from reactor_zmq.wire.envelope import Encoding, encode
from reactor_zmq.wire.scope import Scope

# The front end keeps 128 replies for resends: with no more events unanswered, none is forgotten.
WINDOW = 128


class ClientLink:
    """Decides what a client says; no socket, no clock, no thread.

    ``handle`` is the only mutator. ``now`` is monotonic seconds. When it raises, nothing was
    changed but the time at which the front end was last heard.
    """

    def __init__(
        self,
        endpoint: str,
        now: float,
        *,
        name: str = "",
        scope: Scope | None = None,
        times: ClientTimes | None = None,
        follow: bool = False,
    ) -> None:
        self._talk = Talk(endpoint, now, name, scope, times or ClientTimes(), follow=follow)
        self._rules: dict[type, Callable[[Any, float], None]] = {
            LinkUp: self._link_up,
            LinkDown: self._link_down,
            LinkRefused: self._link_refused,
            Arrived: Hearing(self._talk).arrived,
            Tick: self._tick,
            Fire: self._fire,
            Ask: self._ask,
            Tell: self._tell,
            Abandon: self._abandon,
            Leave: self._leave,
        }

    def handle(self, stimulus: Stimulus, now: float) -> list[Instruction]:
        """Return what is to be done about a stimulus, in order.

        Raises:
            LocalProtocolError: The request is illegal.
            ConnectionLost: The client is closed, or has been without a session for too long.
            AuthenticationError: The client is closed because its token was refused.
            RemoteProtocolError: The front end sent something that docs/protocol.md forbids.
        """
        talk = self._talk
        try:
            self._rules[type(stimulus)](stimulus, now)
        finally:
            out, talk.out = talk.out, []
        return out

    @property
    def phase(self) -> Phase:
        """Where the conversation stands."""
        return self._talk.phase

    @property
    def welcome(self) -> Welcome | None:
        """The newest ``$welcome``."""
        return self._talk.welcome

    @property
    def error(self) -> Exception | None:
        """Why the client is closed, if not by its own leave."""
        return self._talk.error

    @property
    def has_room(self) -> bool:
        """Whether another event may be fired."""
        return self._talk.pending.events < WINDOW

    def clock(self, now: float) -> ClockEstimate | None:
        """Return what is known of the front end's clock; None before the first round trip."""
        return self._talk.clock.estimate(now)

    @property
    def unanswered(self) -> int:
        """Requests that wait for their answer."""
        return len(self._talk.pending)

    @property
    def deadline(self) -> float | None:
        """When the next ``Tick`` is wanted."""
        talk = self._talk
        match talk.phase:
            case Phase.CLOSED:
                return None
            case Phase.OPEN:
                return min(talk.sent_at + talk.times.ping_s, talk.clock.due, talk.silent_at)
            case Phase.DOWN:
                return talk.impatient_at if len(talk.pending) else None
            case Phase.GREETING:
                return min(talk.due, talk.impatient_at) if len(talk.pending) else talk.due
            case Phase.LEAVING:
                return talk.due

    # --- the link and time --------------------------------------------------------------------

    def _link_up(self, _: LinkUp, now: float) -> None:
        talk = self._talk
        if talk.phase is Phase.LEAVING:
            talk.close(None)
        elif talk.phase is not Phase.CLOSED:
            talk.come_apart(Phase.GREETING, now)
            talk.hellos = 0
            talk.heard_at = now
            talk.greet(now)

    def _link_down(self, _: LinkDown, now: float) -> None:
        if self.phase is Phase.LEAVING:
            self._talk.close(None)
        elif self._talk.stopping and self.phase is Phase.OPEN:
            self._talk.close(self._talk.lost("the runtime has stopped"))
        elif self.phase is not Phase.CLOSED:
            self._talk.come_apart(Phase.DOWN, now)

    def _link_refused(self, _: LinkRefused, now: float) -> None:  # noqa: ARG002 - as all rules
        if self.phase is not Phase.CLOSED:
            self._talk.close(AuthenticationError(f"{self._talk.endpoint} refused the token or key"))

    def _tick(self, _: Tick, now: float) -> None:
        talk = self._talk
        if talk.phase is Phase.LEAVING and now >= talk.due:
            talk.close(None)
        elif talk.phase is Phase.OPEN:
            self._stay_in_touch(now)
        elif talk.phase in (Phase.DOWN, Phase.GREETING):
            if now >= talk.impatient_at:
                talk.fail(talk.pending.take(lambda _: True), talk.lost("no session stands"))
            if talk.phase is Phase.GREETING and now >= talk.due:
                talk.greet(now)

    def _stay_in_touch(self, now: float) -> None:
        talk = self._talk
        if now >= talk.silent_at:
            talk.come_apart(Phase.DOWN, now)
            talk.out.append(Relink())
        elif now >= min(talk.sent_at + talk.times.ping_s, talk.clock.due):
            talk.clock.asked(now)
            talk.say("$ping", None, now)

    # --- our own side -------------------------------------------------------------------------

    def _fire(self, event: Fire, now: float) -> None:
        self._check_standing(now)
        if event.type.startswith("$") or not event.type:
            raise LocalProtocolError(f"{event.type!r} is no event; control words are not sent so")
        if not self.has_room:
            raise LocalProtocolError(f"{WINDOW} events are unanswered, that is the most")
        self._talk.send(self._talk.pending.add_event(event), now)

    def _ask(self, word: Ask, now: float) -> None:
        self._check_standing(now)
        self._talk.send(self._talk.pending.add_control(word), now)

    def _tell(self, word: Tell, now: float) -> None:
        self._check_standing(now)
        if self.phase is Phase.OPEN:
            part = encode(Encoding.MSGPACK, word.type, Raw(word.packed))
            self._talk.transmit((part, *word.attachments), now, lend=True)

    def _abandon(self, stimulus: Abandon, now: float) -> None:  # noqa: ARG002 - as all rules
        if stimulus.id in self._talk.pending:
            self._talk.abandoned.add(stimulus.id)

    def _leave(self, stimulus: Leave, now: float) -> None:
        talk = self._talk
        if talk.phase in (Phase.LEAVING, Phase.CLOSED):
            return
        if talk.phase is Phase.DOWN:
            talk.close(None)
            return
        talk.phase = Phase.LEAVING
        talk.due = now + talk.times.leave_s
        talk.say("$bye", ByeRequest(stimulus.reason), now)

    def _check_standing(self, now: float) -> None:
        talk = self._talk
        if talk.phase is Phase.OPEN:
            return
        if talk.phase is Phase.CLOSED:
            raise talk.error or ConnectionLost("this client is closed")
        if talk.phase is Phase.LEAVING:
            raise ConnectionLost("this client is closing")
        if now >= talk.impatient_at:
            raise talk.lost(f"no session for {now - talk.apart_since:.0f} s")
