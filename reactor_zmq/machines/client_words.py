"""The vocabulary of the client's machine: stimuli go in, instructions come out.

``id`` is chosen by whoever asks, grows from 1 and is never used twice; 0 is the machine's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from reactor_zmq.wire.control import ErrorBody, Status, Welcome

Buffer = bytes | memoryview


# --- stimuli: something that happened ---------------------------------------------------------


class LinkUp(Struct, frozen=True):
    """A new link to the front end stands; whatever the old one carried may be lost."""


class LinkDown(Struct, frozen=True):
    """The link broke, or the peer at the endpoint does not speak our protocol."""


class LinkRefused(Struct, frozen=True):
    """The front end refused our token."""


class Arrived(Struct, frozen=True):
    """One multipart came."""

    parts: Sequence[bytes]


class Tick(Struct, frozen=True):
    """Time has passed: ``deadline`` is reached."""


class Fire(Struct, frozen=True):
    """Send an event; ``packed`` is its data in MessagePack."""

    id: int
    type: str
    packed: bytes


class Ask(Struct, frozen=True):
    """Send a control word that is answered.

    Attributes:
        attachments: Bytes after the envelope; they must not change until the answer came.
        again: Whether it may be repeated on a new link; else a broken link fails it.
    """

    id: int
    type: str
    packed: bytes
    attachments: tuple[Buffer, ...] = ()
    again: bool = False


class Tell(Struct, frozen=True):
    """Send a control word that is not answered, or drop it while no link stands."""

    type: str
    packed: bytes
    attachments: tuple[Buffer, ...] = ()


class Abandon(Struct, frozen=True):
    """Nobody waits for this answer any more; the event itself is still delivered."""

    id: int


class Leave(Struct, frozen=True):
    """Say goodbye."""

    reason: str = ""


Stimulus = LinkUp | LinkDown | LinkRefused | Arrived | Tick | Fire | Ask | Tell | Abandon | Leave


# --- instructions: something to do ------------------------------------------------------------


class Transmit(Struct, frozen=True):
    """Send one multipart without blocking; if the socket can't, a new link brings it again.

    Attributes:
        lend: The attachments may be sent from where they lie.
    """

    parts: tuple[Buffer, ...]
    lend: bool = False


class Answer(Struct, frozen=True):
    """Hand the reply to whoever asked."""

    id: int
    type: str
    data: dict[str, Any]


class Refuse(Struct, frozen=True):
    """Tell whoever asked that there is no reply."""

    id: int
    error: Exception


class Deliver(Struct, frozen=True):
    """Hand a message of the model to the author of the client."""

    type: str
    data: dict[str, Any]


class Greeted(Struct, frozen=True):
    """The front end knows us; ``fresh`` is false after a resume."""

    welcome: Welcome
    fresh: bool


class StatusTold(Struct, frozen=True):
    """The model's status changed."""

    status: Status


class StateTold(Struct, frozen=True):
    """Public fields of the model's state changed."""

    fields: dict[str, object]


class Complained(Struct, frozen=True):
    """The front end refused something that carried no id."""

    error: ErrorBody


class Relink(Struct, frozen=True):
    """The link is silent: drop it and make a new one."""


class Closed(Struct, frozen=True):
    """This client is over; ``error`` is None after an orderly leave."""

    error: Exception | None


Instruction = (
    Transmit
    | Answer
    | Refuse
    | Deliver
    | Greeted
    | StatusTold
    | StateTold
    | Complained
    | Relink
    | Closed
)
