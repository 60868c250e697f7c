"""A client as hooks and handlers see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from reactor_zmq.model.messages import ModelMessage


@dataclass(frozen=True)
class ClientInfo:
    """One client of the session.

    Attributes:
        id: Its id, the same for as long as it stays.
        joined_at: Unix time in seconds.
        send: ``await client.send(message)`` reaches this client alone.
    """

    id: str
    joined_at: float
    send: Callable[[ModelMessage], Awaitable[None]] = field(repr=False, compare=False)
