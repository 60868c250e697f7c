"""The front end's brain: peers, the actor and time in, instructions out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.clients import Client
from reactor_zmq.machines.controls import Controls
from reactor_zmq.machines.event_desk import EventDesk
from reactor_zmq.machines.frontend_state import FrontEndSettings, FrontEndState
from reactor_zmq.machines.frontend_vocabulary import (
    AccessChanged,
    ActorDied,
    ActorSaid,
    ActorStarted,
    Buffer,
    Cut,
    FileLost,
    FileRead,
    Instruction,
    ModelLoaded,
    PeerArrived,
    PeerGone,
    PeerSaid,
    PeerStuck,
    Say,
    Stimulus,
    StopAsked,
    TimePassed,
    ViewersChanged,
)
from reactor_zmq.machines.letter import Letter
from reactor_zmq.machines.reception import Reception
from reactor_zmq.wire import link
from reactor_zmq.wire.codes import Code, State
from reactor_zmq.wire.contract import decode_contract
from reactor_zmq.wire.control import ErrorBody, Progress, Status
from reactor_zmq.wire.envelope import Encoding, encode

_REASONS = {
    "crashed": "the model's process died and is started again",
    "hung": "the model's process made no progress and is started again",
}

_STRIKING = (Code.BAD_MESSAGE, Code.TOO_MANY_PARTS, Code.TOO_LARGE, Code.UNAUTHENTICATED)


class FrontEnd:
    """Decides what every peer and the actor are told.

    ``handle`` is the only mutator; it knows no socket and no clock. ``now`` is monotonic
    seconds. A peer's bytes never raise out of it: they are answered with ``$error``.
    """

    def __init__(self, settings: FrontEndSettings, new_id: Callable[[], str]) -> None:
        self._state = FrontEndState(settings, new_id)
        self._reception = Reception(self._state)
        self._controls = Controls(self._state)
        self._desk = EventDesk(self._state)
        self._strikes: dict[bytes, int] = {}
        self._told = self._state.standing()

    @property
    def status(self) -> Status:
        """What clients are told of the model."""
        return self._state.status()

    @property
    def stranger_count(self) -> int:
        """Peers that misbehaved and still hold a link."""
        return len(self._strikes)

    @property
    def awaits_replies(self) -> bool:
        """Whether the actor owes an answer to anybody."""
        return len(self._state.pending) > 0

    @property
    def client_count(self) -> int:
        """Clients in the session."""
        return len(self._state.clients)

    def handle(self, stimulus: Stimulus, now: float) -> list[Instruction]:
        """Return what is to be done about a stimulus, in order."""
        match stimulus:
            case PeerSaid(peer, parts, unix_ns):
                self._state.heard_ns = unix_ns
                self._peer_said(peer, parts, now)
            case PeerArrived() | AccessChanged():
                self._reception.handle(stimulus)
            case ActorSaid(message):
                self._actor_said(message)
            case PeerGone(peer):
                self._peer_gone(peer, now)
            case PeerStuck(peer):
                self._peer_stuck(peer)
            case ActorStarted(epoch):
                self._actor_started(epoch)
            case ActorDied(reason, final):
                self._actor_died(reason, final=final)
            case FileLost() | FileRead():
                self._controls.file_told(stimulus)
            case ViewersChanged(count):
                self._state.viewers = count
            case TimePassed():
                self._time_passed(now)
            case StopAsked():
                self._stop()
        self._tell_status()
        out, self._state.out = self._state.out, []
        return out

    def _peer_stuck(self, peer: bytes) -> None:
        client = self._state.clients.of_peer(peer)
        if client is not None:
            self._state.note("warning", "client reads too slowly", client=client.id)
            self._state.let_go(client, Code.SLOW_CONSUMER)

    # --- peers --------------------------------------------------------------------------------

    def _peer_said(self, peer: bytes, parts: Sequence[Buffer], now: float) -> None:
        if self._strikes.get(peer, 0) >= self._state.limits.strikes:
            return
        # A REQ peer puts an empty part first; it is mirrored in whatever that peer is told.
        delimiter = len(parts) > 1 and len(parts[0]) == 0
        body = parts[1:] if delimiter else parts
        client = self._state.clients.of_peer(peer)
        letter = Letter(peer, delimiter, client.encoding if client else Encoding.JSON)
        try:
            letter.read(body, 1 + self._state.limits.attachments)
            if client is not None:
                client.encoding, client.delimiter = letter.encoding, delimiter
            self._heard(letter, client, now)
        except RemoteProtocolError as error:
            self._refuse(letter, error)

    def _heard(self, letter: Letter, client: Client | None, now: float) -> None:
        word = letter.word
        greets = word.type == "$hello"
        if letter.attachments and (greets or not word.type.startswith("$")):
            text = f"{word.type!r} takes no attachments, {len(letter.attachments)} came"
            raise RemoteProtocolError(Code.BAD_MESSAGE, text)
        if greets:
            self._reception.hello(letter, client, now)
        elif client is None:
            raise RemoteProtocolError(Code.UNAUTHENTICATED, "say $hello first")
        elif word.type.startswith("$"):
            self._controls.accept(client, letter.encoding, word, letter.attachments, now)
        else:
            self._desk.accept(client, letter.encoding, word, now)

    def _refuse(self, letter: Letter, error: RemoteProtocolError) -> None:
        word = letter.word
        body = ErrorBody(error.code, error.text, error.field, word.type or None)
        part = encode(letter.encoding, "$error", body, word.id)
        self._state.out.append(Say(letter.peer, (b"", part) if letter.delimiter else (part,)))
        if error.code in _STRIKING:
            self._strike(letter.peer)

    def _strike(self, peer: bytes) -> None:
        strikes = self._strikes[peer] = self._strikes.get(peer, 0) + 1
        if strikes == self._state.limits.strikes:
            self._state.note("warning", "a peer that sent rubbish was cut", strikes=strikes)
            self._state.out.append(Cut(peer, gently=True))

    def _peer_gone(self, peer: bytes, now: float) -> None:
        self._strikes.pop(peer, None)
        self._reception.gone(peer)
        client = self._state.clients.lose(peer, now)
        if client is not None and self._state.settings.resume_s <= 0:
            self._state.remove(client)

    # --- the actor ----------------------------------------------------------------------------

    def _actor_started(self, epoch: int) -> None:
        model = self._state.model
        model.epoch, model.ready, model.progress = epoch, False, None
        if model.contract is None:
            model.state = State.LOADING

    def _actor_said(self, message: link.FromActor) -> None:
        state = self._state
        match message:
            case link.Reply():
                self._desk.applied(message)
            case link.ReplyError():
                self._desk.failed(message)
            case link.Message():
                self._relay(message)
            case link.Joined(client_id):
                self._admit(client_id)
            case link.StateChanged(fields, fresh):
                self._state_changed(fields, fresh=fresh)
            case link.Loading(done, total, text):
                state.model.progress = Progress(done, total, text)
            case link.Ready(contract):
                self._ready(contract)
            case link.Waiting(missing):
                state.session.missing = missing
            case link.TurnFailed():
                # An incident, not a state: it is told as it happens, and the model goes on.
                state.broadcast("$status", replace(state.status(), reason="error"))
            case link.SessionFailed(reason):
                self._session_failed(reason)
            case link.Missed(frames):
                state.session.misses += frames
            case _:
                pass

    def _relay(self, message: link.Message) -> None:
        if message.client_id:
            client = self._state.clients.get(message.client_id)
            if client is not None:
                self._state.say_packed(client, message.type, message.data)
            return
        for client in self._state.clients.admitted:
            self._state.say_packed(client, message.type, message.data)

    def _admit(self, client_id: str) -> None:
        client = self._state.clients.get(client_id)
        if client is not None:
            self._state.clients.admitted.put(client)

    def _state_changed(self, fields: dict[str, bytes], *, fresh: bool) -> None:
        if not fresh and not self._state.clients.admitted:
            return  # of the session before: this one's begins with all fields
        session = self._state.session
        session.version += 1
        session.state = dict(fields) if fresh else session.state | fields
        if not fresh:
            session.journal |= fields
        followers = self._state.clients.state_followers
        if followers:
            self._state.broadcast("$state", self._state.state_change(fields), followers)

    def _ready(self, packed: bytes) -> None:
        state, contract = self._state, decode_contract(packed)
        state.model.publish(contract)
        state.model.ready, state.model.state, state.model.reason = True, State.READY, ""
        state.out.append(ModelLoaded(contract, state.model.epoch))
        for file in state.session.uploads:
            if file.whole:
                done = file.stored()
                stored = link.UploadStored(
                    done.upload_id, file.client_id, done.name, done.mime_type, done.size, False
                )
                state.tell(stored, file=file.id)
        if state.session.journal and state.clients:
            state.tell(link.Restore(tuple(state.session.journal.items())))
        for client in state.clients:
            state.tell(self._reception.join_notice(client))
        self._desk.send_backlog()
        self._desk.release_held()

    def _session_failed(self, reason: str) -> None:
        self._desk.fail_in_flight(Code.CLOSED, "the session ended: the model failed repeatedly")
        self._state.note("error", "the session ended", reason=reason)
        for client in self._state.clients:
            self._state.let_go(client, "session_failed")

    def _actor_died(self, reason: str, *, final: bool) -> None:
        state, model = self._state, self._state.model
        model.ready = False
        model.reason = reason
        # The next actor tells what it misses, and nothing where the replay brought it.
        state.session.missing = ()
        code = Code.MODEL_UNAVAILABLE if final else Code.ACTOR_CRASHED
        text = "the model will not be started again" if final else _REASONS.get(reason, "")
        self._desk.fail_in_flight(code, text or _REASONS["crashed"], also_waiting=final)
        model.state = State.FAILED if final else State.RESTARTING
        for track in tuple(state.session.publishers):
            del state.session.publishers[track]

    # --- time, status, end --------------------------------------------------------------------

    def _time_passed(self, now: float) -> None:
        for client in self._state.clients.overdue(now, self._state.settings.resume_s):
            self._state.note("info", "client did not return", client=client.id)
            self._state.remove(client)
        self._state.drop_files(self._state.session.uploads.abandoned(now))

    def _stop(self) -> None:
        self._state.model.state = State.STOPPING

    def farewell(self) -> list[Instruction]:
        """Return the last words to every client: the runtime ends."""
        self._desk.fail_in_flight(Code.CLOSED, "the runtime has stopped", also_waiting=True)
        for client in self._state.clients:
            self._state.let_go(client, "stopped")
        out, self._state.out = self._state.out, []
        return out

    def _tell_status(self) -> None:
        """Push ``$status`` when it changed; mere counts are told on request only."""
        standing = self._state.standing()
        if standing != self._told:
            self._told = standing
            self._state.broadcast("$status", self._state.status())
