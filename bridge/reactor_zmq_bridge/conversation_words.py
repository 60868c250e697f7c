"""What happens in a session's conversation, and what it asks to be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from reactor_zmq_bridge.words import Id

# --- stimuli --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Linked:
    """A browser is there, greeted; what waits for it can be said."""


@dataclass(frozen=True, slots=True)
class Unlinked:
    """It has vanished; what is to be said waits."""


@dataclass(frozen=True, slots=True)
class Came:
    """The browser sent a text message."""

    text: str | bytes


@dataclass(frozen=True, slots=True)
class Replied:
    """The front end answered an event."""

    key: int
    type: str
    data: object


@dataclass(frozen=True, slots=True)
class Refused:
    """An event, or a control word, was refused."""

    key: int
    code: str
    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """There is something to say: a message of the model, or a control word of ours."""

    type: str
    data: object
    id: Id = None


Stimulus = Linked | Unlinked | Came | Replied | Refused | Told


# --- instructions ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Send this text to the browser."""

    text: str


@dataclass(frozen=True, slots=True)
class Fire:
    """Send this event to the front end; say ``Replied`` or ``Refused`` with its key."""

    key: int
    type: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Do:
    """Do what a control word asks for; its id is for the answer."""

    word: Struct
    id: Id


@dataclass(frozen=True, slots=True)
class Shut:
    """Close the browser's link with this code; with ``forget`` the session ends, too."""

    code: int
    reason: str
    forget: bool = False


Instruction = Say | Fire | Do | Shut
