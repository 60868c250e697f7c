"""Who waits for the answer to a request."""

from __future__ import annotations

import logging
from typing import Protocol

from reactor_zmq.client.messages import Reply
from reactor_zmq.errors import ReactorError

log = logging.getLogger("reactor_zmq.client")


class Call(Protocol):
    """Somebody waits for the answer to a request."""

    def answer(self, reply: Reply) -> None:
        """Take the reply."""
        ...

    def refuse(self, error: Exception) -> None:
        """Take the reason why there is none."""
        ...


class Unheard:
    """Nobody waits for the reply to this event, so a refusal goes to the log."""

    def __init__(self, event_type: str) -> None:
        self._type = event_type

    def answer(self, reply: Reply) -> None:
        """Drop it."""

    def refuse(self, error: Exception) -> None:
        """Tell whoever reads logs."""
        if isinstance(error, ReactorError):
            log.warning("event %r: %s", self._type, error)
