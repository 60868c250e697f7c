"""What a run tells whoever started it: a command line, a test, a program around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bound:
    """The sockets are bound and the connection file is written; the model is still loading.

    Attributes:
        health_port: Where probes are answered; 0 where they are not.
    """

    events: str
    frames: str
    connection_file: Path
    health_port: int = 0


@dataclass(frozen=True)
class LoadProgress:
    """The load goes on; ``total`` is 0 where nobody knows."""

    done: float
    total: float
    text: str


@dataclass(frozen=True)
class ModelReady:
    """Events are taken; the load took so long."""

    model: str
    epoch: int
    load_s: float


@dataclass(frozen=True)
class LoadFailure:
    """The model could not be loaded."""

    text: str
    traceback: str


@dataclass(frozen=True)
class ActorLost:
    """The actor is gone; ``final`` when it is not started again."""

    reason: str
    final: bool


@dataclass(frozen=True)
class Stopping:
    """The run ends."""


RunEvent = Bound | LoadProgress | ModelReady | LoadFailure | ActorLost | Stopping
Observer = Callable[[RunEvent], None]
