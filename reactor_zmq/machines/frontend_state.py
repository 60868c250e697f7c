"""What the front end knows: clients, the session, the model's contract; and how it speaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from reactor_zmq.config import Limits
from reactor_zmq.errors import EventError
from reactor_zmq.machines.clients import Client, Clients
from reactor_zmq.machines.frontend_vocabulary import (
    DropFile,
    Forget,
    Instruction,
    Note,
    Say,
    Tell,
)
from reactor_zmq.machines.uploads import Uploads
from reactor_zmq.wire.codes import Code, State
from reactor_zmq.wire.contract import Contract
from reactor_zmq.wire.control import (
    Bye,
    ErrorBody,
    InputInfo,
    Progress,
    StateChange,
    Status,
    TopicInfo,
)
from reactor_zmq.wire.envelope import EventId, encode, encode_packed
from reactor_zmq.wire.header import frame_topic
from reactor_zmq.wire.link import EventIn, InputClosed, Leave, ToActor, UploadDropped
from reactor_zmq.wire.openapi import schema_hash
from reactor_zmq.wire.slot import Lane
from reactor_zmq.wire.validate import EventValidator, compile_contract

Standing = tuple[State, int, str, tuple[str, ...], Progress | None]
"""A status without its counts: state, epoch, reason, missing input tracks, progress."""


@dataclass(frozen=True, slots=True)
class FrontEndSettings:
    """What the front end's brain has to know from outside."""

    model: str
    frames: str
    resume_s: float = 5.0
    limits: Limits = field(default_factory=Limits)
    lane: Lane | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that was accepted and not answered yet.

    ``data`` is kept for those who follow events; None where nobody does.
    """

    client_id: str
    type: str
    id: EventId | None
    seq: int | None
    data: dict[str, object] | None = None


@dataclass(slots=True)
class Session:
    """One run of the model's state, from the first client to the last.

    Attributes:
        state: Public fields as clients know them, packed.
        journal: Fields that were changed since the session began: replayed into a new actor.
        publishers: Input track index to the client that owns it.
        misses: Frames that were not ready when they were due.
    """

    id: str
    uploads: Uploads
    state: dict[str, bytes] = field(default_factory=dict[str, bytes])
    journal: dict[str, bytes] = field(default_factory=dict[str, bytes])
    version: int = 0
    missing: tuple[str, ...] = ()
    publishers: dict[int, str] = field(default_factory=dict[int, str])
    misses: int = 0


@dataclass(slots=True)
class Model:
    """What is known of the model and its actor.

    Attributes:
        ready: The actor has loaded and takes events.
        contract: Known since the first load; kept over restarts.
    """

    epoch: int = 0
    ready: bool = False
    state: State = State.LOADING
    reason: str = ""
    progress: Progress | None = None
    contract: Contract | None = None
    hash: str = ""
    validators: dict[str, EventValidator] = field(default_factory=dict[str, EventValidator])

    def publish(self, contract: Contract) -> None:
        """Take a contract over; that of a new actor is nearly always the one of the last."""
        if contract == self.contract:
            return
        self.contract = contract
        self.hash = schema_hash(contract)
        self.validators = compile_contract(contract)

    def topics(self) -> tuple[TopicInfo, ...]:
        """Return where the output tracks are to be seen."""
        tracks = self.contract.outputs if self.contract else ()
        return tuple(
            TopicInfo(t.name, t.kind, frame_topic(t.name).decode(), t.sample_rate, t.tensor)
            for t in tracks
        )

    def inputs(self) -> tuple[InputInfo, ...]:
        """Return what the input tracks take."""
        tracks = self.contract.inputs if self.contract else ()
        return tuple(InputInfo(t.name, t.kind, t.sample_rate, t.tensor) for t in tracks)


class FrontEndState:
    """The data that the front end's parts share, and the ways to speak to peers and the actor."""

    def __init__(self, settings: FrontEndSettings, new_id: Callable[[], str]) -> None:
        self.settings = settings
        self.limits = settings.limits
        self.new_id = new_id
        self.clients = Clients(settings.limits, new_id)
        self.model = Model()
        self.viewers = 0
        self.heard_ns = 0  # Unix time at which the newest of the peers' words came
        self.pending: dict[int, Pending] = {}
        self.backlog: deque[EventIn] = deque()
        self.out: list[Instruction] = []
        self.session = self.new_session()

    def new_session(self) -> Session:
        """Return a session in which nothing has happened."""
        return Session(self.new_id(), Uploads(self.limits, self.new_id))

    # --- speaking ---------------------------------------------------------------------------

    def say(
        self,
        client: Client,
        kind: str,
        data: object = None,
        id: EventId | None = None,  # noqa: A002 - the wire's word
    ) -> None:
        """Send one envelope to a client."""
        self.say_part(client, encode(client.encoding, kind, data, id))

    def say_packed(
        self,
        client: Client,
        kind: str,
        packed: bytes,
        id: EventId | None = None,  # noqa: A002 - the wire's word
    ) -> bytes:
        """Send one envelope around packed data; return the part for the reply cache."""
        part = encode_packed(client.encoding, kind, packed, id)
        self.say_part(client, part)
        return part

    def say_part(self, client: Client, part: bytes) -> None:
        """Send an encoded envelope, or keep it while the client's link is broken."""
        if client.peer is not None:
            self.out.append(Say(client.peer, (b"", part) if client.delimiter else (part,)))
            return
        client.waiting.append(part)
        if len(client.waiting) > self.limits.client_queue:
            self.let_go(client, Code.SLOW_CONSUMER)

    def refuse(
        self,
        client: Client,
        error: EventError,
        id: EventId | None = None,  # noqa: A002 - the wire's word
        event: str | None = None,
    ) -> bytes:
        """Send ``$error``; return the part for the reply cache."""
        body = ErrorBody(error.code, error.text, error.field, event)
        part = encode(client.encoding, "$error", body, id)
        self.say_part(client, part)
        return part

    def broadcast(self, kind: str, data: object, to: Iterable[Client] | None = None) -> None:
        """Send one envelope to these clients, or to all; it is encoded once per encoding."""
        parts: dict[str, bytes] = {}
        for client in self.clients if to is None else to:
            if client.encoding not in parts:
                parts[client.encoding] = encode(client.encoding, kind, data)
            self.say_part(client, parts[client.encoding])

    def tell(self, message: ToActor, file: str = "") -> None:
        """Send something to the actor if there is one to hear it."""
        if self.model.ready:
            self.out.append(Tell(message, file))

    def note(self, level: str, text: str, **facts: object) -> None:
        """Put a line into the operator's log."""
        self.out.append(Note(level, text, facts))

    # --- what everybody is told ---------------------------------------------------------------

    def standing(self) -> Standing:
        """Return what everybody is told of when it changes."""
        model = self.model
        state, missing = model.state, self.session.missing
        waiting = state is State.READY and bool(missing) and len(self.clients) > 0
        return (
            State.WAITING if waiting else state,
            model.epoch,
            model.reason,
            missing if waiting else (),
            model.progress if state is State.LOADING else None,
        )

    def status(self) -> Status:
        """Return the status as of this moment."""
        state, epoch, reason, missing, progress = self.standing()
        return Status(
            state=state,
            epoch=epoch,
            reason=reason,
            missing=missing,
            progress=progress,
            clients=len(self.clients),
            viewers=self.viewers,
            misses=self.session.misses,
        )

    def state_change(self, fields: dict[str, bytes]) -> StateChange:
        """Return packed fields as clients are told of them; JSON encoders need plain values."""
        values = {name: msgspec.msgpack.decode(packed) for name, packed in fields.items()}
        return StateChange(self.session.version, values)

    # --- the session's end --------------------------------------------------------------------

    def let_go(self, client: Client, reason: str) -> None:
        """End a client's stay: the last thing that it hears is ``$bye`` with the reason."""
        if self.clients.get(client.id) is None:
            return
        if client.peer is not None:
            if reason == Code.SLOW_CONSUMER:
                self.out.append(Forget(client.peer))
            self.say(client, "$bye", Bye(reason))
        self.remove(client)

    def remove(self, client: Client) -> None:
        """Take a client out of the session; the last one ends it."""
        self.clients.leave(client)
        for track in [t for t, owner in self.session.publishers.items() if owner == client.id]:
            del self.session.publishers[track]
            self.tell(InputClosed(track))
        self.drop_files(self.session.uploads.left_by(client.id))
        self.tell(Leave(client.id))
        if not self.clients:
            self.end_session()

    def end_session(self) -> None:
        """Forget the session's files and state."""
        self.drop_files(self.session.uploads.clear())
        self.session = self.new_session()

    def drop_files(self, upload_ids: list[str]) -> None:
        """Close files of this session."""
        for upload_id in upload_ids:
            self.out.append(DropFile(upload_id))
            self.tell(UploadDropped(upload_id))
