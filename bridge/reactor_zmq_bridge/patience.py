"""How long a write may take: for as long as the peer takes something in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

# How often it is looked at within the time.
_LOOKS = 4


class Patience:
    """Breaks a connection that takes nothing in for ``wait_s``; a context manager about a write.

    A large record over a slow line takes its time: what counts is whether it moves.

    Args:
        transport: The connection; None where it has gone already.
        abort: Breaks it.
    """

    def __init__(
        self, transport: asyncio.Transport | None, wait_s: float, abort: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._wait_s = wait_s
        self._abort = abort

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._moved_at = self._loop.time()
        self._wait(None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def _wait(self, left_nbytes: int | None) -> None:
        self._timer = self._loop.call_later(self._wait_s / _LOOKS, self._look, left_nbytes)

    def _look(self, before_nbytes: int | None) -> None:
        left_nbytes = self._transport.get_write_buffer_size() if self._transport else 0
        if before_nbytes is not None and left_nbytes < before_nbytes:
            self._moved_at = self._loop.time()
        if self._loop.time() - self._moved_at >= self._wait_s:
            self._abort()
        else:
            self._wait(left_nbytes)
