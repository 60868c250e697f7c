"""A ZeroMQ context for test peers that closes every socket made in it, and only at its end."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import zmq


class KeepingContext(zmq.Context[Any]):
    """Keeps its sockets alive, so that none is collected unclosed when a test's frame goes."""

    kept: list[Any]

    def socket(self, *args: Any, **more: Any) -> Any:
        """Return a new socket; it is closed with the context."""
        made = super().socket(*args, **more)
        self.kept.append(made)
        return made


@contextmanager
def peer_context() -> Generator[KeepingContext]:
    """Yield a context; all of its sockets are closed when the block is left."""
    context = KeepingContext()
    context.kept = []
    try:
        yield context
    finally:
        for made in context.kept:
            if not made.closed:
                made.disable_monitor() if made.type != zmq.PAIR else None
                made.close(linger=0)
        context.kept.clear()
        context.term()
