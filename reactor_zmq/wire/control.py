"""Control words: about the link, the session and files, never about the model."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from reactor_zmq.wire.codes import State
from reactor_zmq.wire.contract import TensorContract
from reactor_zmq.wire.header import MAX_METADATA_NBYTES, Dtype
from reactor_zmq.wire.scope import Scope
from reactor_zmq.wire.slot import Lane

CHUNK_NBYTES = 262_144
UPLOAD_CREDIT = 4

_Id = Annotated[str, Meta(min_length=1, max_length=64)]
_Name = Annotated[str, Meta(max_length=255, pattern=r"\A[^\x00]*\Z")]
_Offset = Annotated[int, Meta(ge=0, le=2**40)]


class _In(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What clients send: unknown fields are refused."""


class _Out(Struct, frozen=True):
    """What the front end sends: fields are only ever added."""


class Hello(_In, frozen=True):
    """``$hello``: the first thing that a client says.

    Attributes:
        protocol: The version that it speaks.
        name: For people, in logs and ``watch``.
        scope: What it wants to be able to do; not given, ``steer`` where its credential allows
            that, else ``view``.
        resume: Token of a ``$welcome`` whose link broke.
        follow_state: Whether ``$state`` is pushed to this client at each change.
        follow_events: Whether ``$event`` is pushed for each event that was applied, whoever sent
            it; for those who may steer.
    """

    protocol: Annotated[int, Meta(ge=0, le=2**31)]
    name: Annotated[str, Meta(max_length=64, pattern=r"\A[^\x00-\x1f]*\Z")] = ""
    scope: Scope | None = None
    resume: Annotated[str, Meta(max_length=128)] = ""
    follow_state: bool = False
    follow_events: bool = False


class Progress(_Out, frozen=True, omit_defaults=True):
    """How far a load has come; ``total`` is 0 where nobody knows."""

    done: float = 0.0
    total: float = 0.0
    text: str = ""


class Status(_Out, frozen=True):
    """``$status``: pushed when it changes and sent on request.

    Attributes:
        state: What the model is doing.
        epoch: Generation of the actor.
        reason: Why, in one word: ``error``, ``crashed``, ``hung``, ``load_failed``…; or empty.
        missing: Required state fields that nobody has set.
        progress: While loading.
        clients: Clients in the session.
        viewers: Subscribers of frames that the front end knows of.
        misses: Frames of this session that were not ready when they were due.
    """

    state: State
    epoch: int
    reason: str = ""
    missing: tuple[str, ...] = ()
    progress: Progress | None = None
    clients: int = 0
    viewers: int = 0
    misses: int = 0


class TopicInfo(_Out, frozen=True):
    """Where one output track is to be seen.

    Attributes:
        kind: ``video``, ``audio`` or ``tensor``; readers leave alone what they don't know.
        tensor: What a numeric track's arrays are.
    """

    track: str
    kind: str
    topic: str
    sample_rate: int = 0
    tensor: TensorContract | None = None


class InputInfo(_Out, frozen=True):
    """What one input track takes; the fields are those of ``TopicInfo``."""

    track: str
    kind: str
    sample_rate: int = 0
    tensor: TensorContract | None = None


class Welcome(_Out, frozen=True):
    """``$welcome``: the reply to ``$hello``.

    Attributes:
        protocol: The version that the front end speaks.
        client: This client's id.
        session: The session's id.
        epoch: Generation of the actor.
        resume: Give this in ``$hello`` to become the same client again.
        resume_s: For so long after the link broke.
        resumed: Whether this is such a return.
        model: Name of the model.
        frames: Endpoint of the frames socket.
        topics: Its topics; empty until the model has loaded.
        inputs: Names of the input tracks.
        schema_hash: Changes when the schema does; empty until the model has loaded.
        status: As in ``$status``.
        state: Public fields of the model's state, as far as known.
        lane: Where same-host clients find the lease page; None where there is none.
        scope: What this client may do.
        input_tracks: What the input tracks take, in the order of ``inputs``.
    """

    protocol: int
    client: str
    session: str
    epoch: int
    resume: str
    resume_s: float
    resumed: bool
    model: str
    frames: str
    topics: tuple[TopicInfo, ...]
    inputs: tuple[str, ...]
    schema_hash: str
    status: Status
    state: dict[str, object] = msgspec.field(default_factory=dict[str, object])
    lane: Lane | None = None
    input_tracks: tuple[InputInfo, ...] = ()
    scope: Scope = "steer"


class ClientInfo(_Out, frozen=True):
    """One client, as ``$clients`` lists it."""

    client: str
    name: str
    scope: Scope
    credential: str
    connected: bool
    in_flight: int


class ClientList(_Out, frozen=True):
    """``$clients``: who is in the session."""

    clients: tuple[ClientInfo, ...]


class Kick(_In, frozen=True):
    """``$kick``: let a client go."""

    client: _Id


class StateChange(_Out, frozen=True):
    """``$state``: public fields that changed, with a number that grows with each change."""

    version: int
    fields: dict[str, object]


class Applied(_Out, frozen=True):
    """``$event``: an event was applied, told to those who follow; ``client`` sent it."""

    client: str
    type: str
    data: dict[str, object]


class Pong(_Out, frozen=True):
    """``$pong``: the front end's Unix time when it took the ``$ping`` from its socket."""

    unix_ns: int = 0


class ErrorBody(_Out, frozen=True, omit_defaults=True):
    """``$error``: why something was refused.

    Attributes:
        code: One of the words of docs/protocol.md, or the author's own.
        text: One sentence for a person; never more than was known to the peer already.
        field: Path of the field at fault.
        event: Type of the refused event, when it was readable.
    """

    code: str
    text: str = ""
    field: str | None = None
    event: str | None = None


class Bye(_Out, frozen=True, omit_defaults=True):
    """``$bye``: from a client, its leave; from the front end, why this client is let go."""

    reason: str = ""


class ByeRequest(_In, frozen=True):
    """``$bye`` as clients send it."""

    reason: Annotated[str, Meta(max_length=128)] = ""


class Empty(_In, frozen=True):
    """Data of a control word that takes none."""


class Upload(_In, frozen=True):
    """``$upload``: announces a file; answered by ``$upload_ready``."""

    name: _Name
    size: _Offset
    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    mime_type: Annotated[str, Meta(max_length=127, pattern=r"\A[\x20-\x7e]*\Z")] = ""


class UploadReady(_Out, frozen=True):
    """Chunks may come: at most ``credit`` unanswered ones of at most ``chunk_nbytes``."""

    upload_id: str
    chunk_nbytes: int
    credit: int


class UploadChunk(_In, frozen=True):
    """``$upload_chunk`` with one attachment: the bytes at ``offset``, in order."""

    upload_id: _Id
    offset: _Offset


class UploadCredit(_Out, frozen=True):
    """``$upload_credit``: so many bytes have arrived; ``credit`` more chunks may come."""

    upload_id: str
    received: int
    credit: int


class UploadFinish(_In, frozen=True):
    """``$upload_finish``: checks size and SHA-256; answered by ``$uploaded``."""

    upload_id: _Id


class UploadCancel(_In, frozen=True):
    """``$upload_cancel``: forget it."""

    upload_id: _Id


class Uploaded(_Out, frozen=True):
    """``$uploaded``: the file may be named in events as ``{"upload_id": …}``."""

    upload_id: str
    name: str
    mime_type: str
    size: int


class Download(_In, frozen=True):
    """``$download``: asks for a piece of a whole file; answered by ``$downloaded``."""

    upload_id: _Id
    offset: _Offset = 0


class Downloaded(_Out, frozen=True):
    """``$downloaded``: a piece of a file, as long as a chunk may be, or what is left of it."""

    upload_id: str
    name: str
    mime_type: str
    size: int
    sha256: str
    offset: int
    data: bytes


class Publish(_In, frozen=True):
    """``$publish`` with one attachment: a frame for an input track; lossy, unanswered when good.

    Attributes:
        track: The input track; the first client to publish to it owns it.
        shape: ``(height, width, channels)``, ``(channels, samples)``, or that of a tensor.
        dtype: numpy's array-interface name.
        pts_ns: The publisher's media time.
        metadata: Opaque bytes for the model.
    """

    track: Annotated[str, Meta(max_length=128)]
    shape: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=2**31)], ...], Meta(min_length=1, max_length=8)
    ]
    dtype: Dtype = "|u1"
    pts_ns: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    metadata: Annotated[bytes, Meta(max_length=MAX_METADATA_NBYTES)] = b""


class Unpublish(_In, frozen=True):
    """``$unpublish``: give an input track back."""

    track: Annotated[str, Meta(max_length=128)]
