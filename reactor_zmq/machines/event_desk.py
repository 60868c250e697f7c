"""Events of the model on their way in, their replies on the way out."""

from __future__ import annotations

from itertools import count

from reactor_zmq.errors import EventError, RemoteProtocolError
from reactor_zmq.machines.clients import Client, require
from reactor_zmq.machines.frontend_state import FrontEndState, Pending
from reactor_zmq.wire.codes import Code, State
from reactor_zmq.wire.control import Applied
from reactor_zmq.wire.envelope import Encoding, Envelope, decode_data
from reactor_zmq.wire.link import EventIn, Reply, ReplyError


class EventDesk:
    """Accepts, numbers, validates, forwards and answers events.

    Every event with an id gets exactly one reply. An event with a ``seq`` is applied at most
    once, however often it is sent.
    """

    def __init__(self, state: FrontEndState) -> None:
        self._state = state
        self._tokens = count(1)
        self._held: list[tuple[str, Encoding, Envelope]] = []

    def accept(self, client: Client, encoding: Encoding, event: Envelope, now: float) -> None:
        """Take an event from a client, or answer why not."""
        if event.seq is not None and not self._in_order(client, event, event.seq):
            return
        try:
            self._check_room(client, now)
            if self._state.model.contract is None:
                self._hold(client, encoding, event)
                return
            self._forward(client, encoding, event)
        except EventError as error:
            self._refuse(client, event, error)

    def release_held(self) -> None:
        """Judge the events that came before the contract was known, in their order."""
        held, self._held = self._held, []
        for client_id, encoding, event in held:
            client = self._state.clients.get(client_id)
            if client is None:
                continue
            client.in_flight -= 1
            try:
                self._forward(client, encoding, event)
            except EventError as error:
                self._refuse(client, event, error)

    def send_backlog(self) -> None:
        """Give a new actor what was accepted while there was none."""
        backlog = self._state.backlog
        while backlog:
            self._state.tell(backlog.popleft())

    def applied(self, reply: Reply) -> None:
        """Answer an event that the actor has applied, and tell those who follow events."""
        self._tell_followers(self._state.pending.get(reply.token))
        found = self._settle(reply.token)
        if found is None:
            return
        client, pending = found
        if pending.id is None and pending.seq is None:
            if reply.type:
                self._state.say_packed(client, reply.type, reply.data)
            return
        part = self._state.say_packed(client, reply.type or "$ok", reply.data, pending.id)
        self._keep(client, pending, part)

    def failed(self, reply: ReplyError) -> None:
        """Answer an event that was refused or failed in the actor."""
        found = self._settle(reply.token)
        if found is not None:
            client, pending = found
            error = EventError(reply.code, reply.text, reply.field)
            self._keep(client, pending, self._state.refuse(client, error, pending.id, pending.type))

    def fail_in_flight(self, code: Code, text: str, *, also_waiting: bool = False) -> None:
        """Answer every event that the actor took with it; those not sent to it yet stay."""
        backlog = self._state.backlog
        waiting: set[int] = set() if also_waiting else {event.token for event in backlog}
        if also_waiting:
            self._state.backlog.clear()
        for token in [t for t in self._state.pending if t not in waiting]:
            self.failed(ReplyError(token, code, text))
        if also_waiting:
            self._fail_held(code, text)

    def _tell_followers(self, event: Pending | None) -> None:
        if event is not None and event.data is not None:
            told = Applied(event.client_id, event.type, event.data)
            self._state.broadcast("$event", told, self._state.clients.event_followers)

    def _fail_held(self, code: Code, text: str) -> None:
        held, self._held = self._held, []
        for client_id, _, event in held:
            client = self._state.clients.get(client_id)
            if client is not None:
                client.in_flight -= 1
                self._refuse(client, event, EventError(code, text))

    def _in_order(self, client: Client, event: Envelope, seq: int) -> bool:
        if seq == client.last_seq + 1:
            client.last_seq = seq
            return True
        if seq <= client.last_seq:
            self._answer_again(client, event, seq)
            return False
        text = f"seq {seq} came, {client.last_seq + 1} was expected"
        self._state.refuse(client, EventError(Code.OUT_OF_ORDER, text, "seq"), event.id, event.type)
        return False

    def _answer_again(self, client: Client, event: Envelope, seq: int) -> None:
        part = client.replies.get(seq)
        if part is not None:
            self._state.say_part(client, part)
        elif not self._is_pending(client, seq):
            text = "this event was answered long ago; its reply is not kept any more"
            self._state.refuse(
                client, EventError(Code.OUT_OF_ORDER, text, "seq"), event.id, event.type
            )

    def _is_pending(self, client: Client, seq: int) -> bool:
        held = any(c == client.id and e.seq == seq for c, _, e in self._held)
        return held or any(
            p.client_id == client.id and p.seq == seq for p in self._state.pending.values()
        )

    def _check_room(self, client: Client, now: float) -> None:
        state, limits = self._state, self._state.limits
        require(client, "steer")
        client.allowance.spend(1, now)
        if state.model.state in (State.FAILED, State.STOPPING):
            raise EventError(
                Code.MODEL_UNAVAILABLE, "the model is not running and will not be started"
            )
        if client.in_flight >= limits.client_window:
            raise EventError(Code.BUSY, f"{client.in_flight} events of this client are unanswered")
        if len(state.pending) + len(self._held) >= limits.mailbox:
            # What clients left behind that have gone makes room before anybody is refused.
            self._held = [held for held in self._held if state.clients.get(held[0]) is not None]
        if len(state.pending) + len(self._held) >= limits.mailbox:
            raise EventError(Code.BUSY, f"{limits.mailbox} events wait for the model")

    def _hold(self, client: Client, encoding: Encoding, event: Envelope) -> None:
        client.in_flight += 1
        self._held.append((client.id, encoding, event))

    def _forward(self, client: Client, encoding: Encoding, event: Envelope) -> None:
        validator = self._state.model.validators.get(event.type)
        if validator is None:
            raise EventError(Code.UNKNOWN_EVENT, self._unknown(event.type))
        raw = bytes(event.data)
        self._check_uploads(validator.upload_ids(validator.decode(encoding, raw)))
        token = next(self._tokens)
        client.in_flight += 1
        followed = len(self._state.clients.event_followers) > 0
        data = decode_data(encoding, raw, dict[str, object]) if followed else None
        self._state.pending[token] = Pending(client.id, event.type, event.id, event.seq, data)
        message = EventIn(token, client.id, event.type, encoding, raw)
        if self._state.model.ready:
            self._state.tell(message)
        else:
            self._state.backlog.append(message)

    def _unknown(self, name: str) -> str:
        names = ", ".join(sorted(self._state.model.validators))
        return f"the model has no event {name!r}; it has: {names}"

    def _check_uploads(self, upload_ids: list[str]) -> None:
        for upload_id in upload_ids:
            if not self._state.session.uploads.usable(upload_id):
                raise RemoteProtocolError(
                    Code.UNRESOLVED_UPLOAD, f"no upload {upload_id!r} in this session", "upload_id"
                )

    def _refuse(self, client: Client, event: Envelope, error: EventError) -> None:
        part = self._state.refuse(client, error, event.id, event.type)
        if event.seq is not None:
            client.keep_reply(event.seq, part)

    def _settle(self, token: int) -> tuple[Client, Pending] | None:
        pending = self._state.pending.pop(token, None)
        client = pending and self._state.clients.get(pending.client_id)
        if pending is None or client is None:
            return None
        client.in_flight -= 1
        return client, pending

    def _keep(self, client: Client, pending: Pending, part: bytes) -> None:
        if pending.seq is not None:
            client.keep_reply(pending.seq, part)
