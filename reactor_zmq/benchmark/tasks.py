"""What a worker process can be asked to do. Sent through a pipe, so names stand for code."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from reactor_zmq.benchmark.orders import Order
from reactor_zmq.benchmark.pictures import Gallery, Picture

Address = dict[str, str]


class FrameReader(Protocol):
    """The receiving end of a way; made and used by one thread."""

    def take(self, timeout_s: float) -> Picture | None:
        """Return the next frame, valid until the next call, or None after so long without one."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Producer(Protocol):
    """The sending end of a way that is not the runtime; made and used by one thread.

    Attributes:
        address: What a reader needs to find it.
    """

    address: Address

    def send(self, order: Order, number: int, gallery: Gallery) -> None:
        """Stamp the frame's picture and send it."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Answerer(Protocol):
    """The answering end of a round trip that is not the runtime's.

    Attributes:
        address: What an asker needs to find it.
    """

    address: Address

    def answer(self, timeout_s: float) -> None:
        """Answer what comes within about so long."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Asker(Protocol):
    """The asking end of a round trip; made and used by one thread."""

    def ask(self, value: int) -> int:
        """Return the value that came back."""
        ...

    def pipeline(self, count: int, window: int) -> int:
        """Ask so often with ``window`` unanswered at a time; return how many answers were right."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Produce(NamedTuple):
    """Send what a reader orders until the pipe ends."""

    maker: str
    folder: str
    arguments: dict[str, str]


class Answer(NamedTuple):
    """Answer what an asker asks until the pipe ends."""

    maker: str
    folder: str
    arguments: dict[str, str]


class Read(NamedTuple):
    """Read frames and time them.

    Attributes:
        opener: ``module:name`` of what makes the reader from ``address`` and ``place``.
        orders: The producer's order socket.
        order: Size, pace and kind of the frames.
        seconds: For so long, after ``warm_s``.
        place: Of this reader; number 0 leads: it orders the frames and counts what is spent.
        pids: The processes whose spending counts; for the leader.
    """

    opener: str
    address: Address
    orders: str
    order: Order
    seconds: float
    warm_s: float
    place: int
    pids: tuple[int, ...] = ()


class Ask(NamedTuple):
    """Time round trips for so many seconds, then a pipeline of them for as long."""

    opener: str
    address: Address
    seconds: float
    window: int = 64


class Watch(NamedTuple):
    """Read whatever comes until the pipe says something."""

    opener: str
    address: Address


class Copy(NamedTuple):
    """Time copies of a picture within one process for so many seconds."""

    shape: tuple[int, int, int]
    seconds: float


class Failed(NamedTuple):
    """Why a task came to nothing."""

    text: str


Task = Produce | Answer | Read | Ask | Watch | Copy
Figures = dict[str, float]


def resolve(name: str) -> Callable[..., Any]:
    """Return what ``module:name`` stands for."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)
