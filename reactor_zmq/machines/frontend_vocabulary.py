"""What the front end's brain hears (stimuli) and what it asks for (instructions)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.wire.contract import Contract
from reactor_zmq.wire.control import Publish
from reactor_zmq.wire.envelope import EventId
from reactor_zmq.wire.link import FromActor, ToActor

Buffer = bytes | memoryview

# --- stimuli ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeerArrived:
    """A peer is heard for the first time; from one that did not arrive nothing is taken.

    Attributes:
        peer: This link's name, which no other link ever has.
        grant: What its credential is good for.
        named_itself: Whether it chose a routing id, as it should not.
    """

    peer: bytes
    grant: Grant
    named_itself: bool = False


@dataclass(frozen=True, slots=True)
class PeerSaid:
    """A multipart came by this link, at this Unix time."""

    peer: bytes
    parts: Sequence[Buffer]
    unix_ns: int = 0


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """Only these grants are good from here on."""

    allowed: AllowList


@dataclass(frozen=True, slots=True)
class PeerGone:
    """The peer's link has closed."""

    peer: bytes


@dataclass(frozen=True, slots=True)
class PeerStuck:
    """The peer does not read: its bounded queue is full."""

    peer: bytes


@dataclass(frozen=True, slots=True)
class ActorStarted:
    """A new actor process was started under this epoch; it is loading."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ActorSaid:
    """The actor sent something that is not a frame."""

    message: FromActor


@dataclass(frozen=True, slots=True)
class ActorDied:
    """The actor is gone; ``reason`` is one word; ``final`` when it will not be started again."""

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class FileLost:
    """An upload's bytes could not be stored: no memory or no descriptor was left."""

    upload_id: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """A piece of a file that a client asked for by this request."""

    client: str
    request: EventId | None
    upload_id: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ViewersChanged:
    """So many subscribers are connected to the frames socket."""

    count: int


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Look at the clock: deadlines may have come."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The operator wants the runtime to end."""


Stimulus = (
    PeerArrived
    | AccessChanged
    | PeerSaid
    | PeerGone
    | PeerStuck
    | ActorStarted
    | ActorSaid
    | ActorDied
    | FileLost
    | FileRead
    | ViewersChanged
    | TimePassed
    | StopAsked
)

# --- instructions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Send these parts to this peer, after everything said to it before."""

    peer: bytes
    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Forget:
    """The peer does not read: drop what still waits for it, so that there is room to say why."""

    peer: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """End the peer's link, whatever still waits for it.

    Attributes:
        gently: When what was said last has had time to leave.
    """

    peer: bytes
    gently: bool = False


@dataclass(frozen=True, slots=True)
class Tell:
    """Send this to the actor; with the file's descriptor when ``file`` names an upload."""

    message: ToActor
    file: str = ""


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Put bytes into an upload's file at an offset; the file is made at offset 0."""

    upload_id: str
    offset: int
    data: Buffer


@dataclass(frozen=True, slots=True)
class DropFile:
    """Close and forget an upload's file."""

    upload_id: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Read a piece of a whole file for a client; the answer is a ``FileRead``."""

    client: str
    request: EventId | None
    upload_id: str
    offset: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class StoreInput:
    """Copy a published frame into the input ring and tell the actor of it."""

    track: int
    frame: Publish
    payload: Buffer


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """The actor published this contract; frames may flow on its tracks."""

    contract: Contract
    epoch: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something the operator's log should hold."""

    level: str
    text: str
    facts: dict[str, object] = field(default_factory=dict[str, object])


Instruction = (
    Say | Forget | Cut | Tell | WriteFile | DropFile | ReadFile | StoreInput | ModelLoaded | Note
)
