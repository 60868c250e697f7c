"""What the front end and the actor say to each other over their private socketpair.

Each datagram is one tagged MessagePack array; a descriptor may ride along where the class says so.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from reactor_zmq.wire.envelope import Encoding

# --- front end to actor -----------------------------------------------------------------------


class Join(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A client is in the session; the first one starts it."""

    client_id: str
    joined_at: float
    session_id: str
    name: str = ""


class Leave(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A client has left; the last one ends the session."""

    client_id: str


class EventIn(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A valid event, as the same bytes that the client sent.

    Every event is answered by one Reply or ReplyError with its token.
    """

    token: int
    client_id: str
    type: str
    encoding: Encoding
    data: bytes


class Restore(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """State that was applied before a crash: field name to packed value, in order.

    A hand-written ``set_<field>`` handler is run with the value; other fields are assigned.
    """

    fields: tuple[tuple[str, bytes], ...]


class UploadStored(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A file has arrived whole; its sealed memfd rides along.

    ``announce`` asks for the author's ``@file_uploaded`` hook (not after a restart).
    """

    upload_id: str
    client_id: str
    name: str
    mime_type: str
    size: int
    announce: bool = True


class UploadDropped(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A file is gone; handlers that hold its bytes keep them."""

    upload_id: str


class InputRing(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A new ring for published frames; its memfd rides along."""

    generation: int
    slots: int
    slot_nbytes: int


class InputFrame(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A published frame lies in a slot of the input ring; the actor frees the slot."""

    track: int
    generation: int
    slot: int
    shape: tuple[int, ...]
    dtype: str
    pts_ns: int
    metadata: bytes


class InputClosed(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The publisher of an input track has gone."""

    track: int


class Stop(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """End the session in order and exit."""


# --- actor to front end -----------------------------------------------------------------------


class Loading(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The load goes on; ``total`` is 0 where nobody knows."""

    done: float
    total: float
    text: str


class Ready(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The model is loaded; events may come."""

    contract: bytes


class LoadFailed(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The model could not be imported, built or loaded; the traceback is for the operator."""

    text: str
    traceback: str


class Reply(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The event was applied; ``type`` is empty for a bare acknowledgement."""

    token: int
    type: str = ""
    data: bytes = b"\x80"


class ReplyError(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The event was not applied."""

    token: int
    code: str
    text: str
    field: str | None = None


class Message(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A model message to one client, or to every client of the session when the id is empty."""

    client_id: str
    type: str
    data: bytes


class Joined(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The session has let a client in; what it is told comes after this, ``@connected`` first."""

    client_id: str


class StateChanged(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """Public fields that changed since the last one; sent before the replies that follow.

    ``fields`` maps names to packed values. ``fresh`` says that a session has just begun and
    the fields are all there are.
    """

    fields: dict[str, bytes]
    fresh: bool = False


class Waiting(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """Required fields that nobody has set hold the generator; empty when it may run."""

    missing: tuple[str, ...]


class TurnFailed(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A turn raised; the generator starts again. Details stay in the log."""

    count: int


class Missed(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """So many more frames were not ready when they were due."""

    frames: int


class SessionFailed(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """Too many turns raised: the session ended and its clients are to be let go."""

    reason: str


class Ring(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A new ring for outgoing frames; its memfd rides along. Frames of older rings may follow."""

    generation: int
    slots: int
    slot_nbytes: int


class Frame(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """A frame lies in a slot of the ring; the front end sends it at ``due_ns`` and frees the slot.

    ``due_ns`` is monotonic time, 0 for at once; ``produced_ns`` is Unix time.
    """

    track: int
    generation: int
    slot: int
    seq: int
    shape: tuple[int, ...]
    dtype: str
    encoding: str
    pts_ns: int
    produced_ns: int
    due_ns: int
    metadata: bytes = b""
    rate_hz: float = 0.0


class Stopped(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """The session has ended in order; the process exits."""


class Flush(Struct, frozen=True, tag=True, tag_field="word", array_like=True):
    """Frames that still wait for their due time are not to be sent; their slots are free."""


ToActor = (
    Join
    | Leave
    | EventIn
    | Restore
    | UploadStored
    | UploadDropped
    | InputRing
    | InputFrame
    | InputClosed
    | Stop
)
FromActor = (
    Loading
    | Ready
    | LoadFailed
    | Reply
    | ReplyError
    | Message
    | Joined
    | StateChanged
    | Waiting
    | TurnFailed
    | SessionFailed
    | Missed
    | Ring
    | Frame
    | Stopped
    | Flush
)

CARRIES_DESCRIPTOR = (UploadStored, InputRing, Ring)

_encoder = msgspec.msgpack.Encoder()
_to_actor = msgspec.msgpack.Decoder(ToActor)
_from_actor = msgspec.msgpack.Decoder(FromActor)


def encode_link(message: ToActor | FromActor) -> bytes:
    """Pack one datagram."""
    return _encoder.encode(message)


def decode_to_actor(datagram: bytes) -> ToActor:
    """Unpack a datagram at the actor's end."""
    return _to_actor.decode(datagram)


def decode_from_actor(datagram: bytes) -> FromActor:
    """Unpack a datagram at the front end's end."""
    return _from_actor.decode(datagram)
