"""What happens to a viewer's flow, and what it asks to be done."""

from __future__ import annotations

from dataclasses import dataclass

from reactor_zmq_bridge.record import Record


@dataclass(frozen=True, slots=True)
class Piece:
    """One encoded frame, the same for all viewers.

    Attributes:
        record: Without what differs between viewers: flags beyond KEY, and ``missing``.
        chain: Which run of frames it belongs to; 0 where each frame stands alone.
        order: Its place in the chain; it can be read after the one before, or if it is a key
            frame.
    """

    record: Record
    chain: int = 0
    order: int = 0


# --- stimuli --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Follow:
    """A track is to be sent from here on, or in another way than before.

    Attributes:
        window: Records on their way at once.
        queue: Records that wait beside them; 1 is the newest alone.
        acked: Whether the browser acknowledges; otherwise what has left has arrived.
    """

    track: int
    window: int
    queue: int = 1
    acked: bool = True


@dataclass(frozen=True, slots=True)
class Unfollow:
    """A track is not to be sent any more."""

    track: int


@dataclass(frozen=True, slots=True)
class Made:
    """A frame was encoded."""

    piece: Piece


@dataclass(frozen=True, slots=True)
class Acked:
    """The browser has drawn, or thrown away, this record and those before it."""

    track: int
    seq: int


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """The browser wants to begin anew with a track."""

    track: int


@dataclass(frozen=True, slots=True)
class Attached:
    """There is a way to the browser; what was on its way by another one is forgotten."""

    keep_alive: bool = True


@dataclass(frozen=True, slots=True)
class Detached:
    """There is none any more."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was to be transmitted has left."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The time has come that ``deadline`` named."""


Stimulus = (
    Follow | Unfollow | Made | Acked | KeyWanted | Attached | Detached | Written | Tick
)  # fmt: skip


# --- instructions ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send this record, then say ``Written``; there is one at a time."""

    record: Record


@dataclass(frozen=True, slots=True)
class WantKey:
    """The next frame of this track has to be a key frame."""

    track: int


@dataclass(frozen=True, slots=True)
class Hungry:
    """There is room again for a frame of this track."""

    track: int


Instruction = Transmit | WantKey | Hungry
