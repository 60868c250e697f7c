"""The loop that an author wrote, ``ReactorModel.run``, kept running beside the handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reactor_zmq.actor.calls import settle
from reactor_zmq.actor.clock import Clock
from reactor_zmq.errors import BufferClosed
from reactor_zmq.model.pipeline import ReactorModel

RESTART_NS = 5_000_000


class AuthorLoop:
    """Runs ``run()`` again whenever it returns or raises, after a rest of 5 ms."""

    def __init__(self, model: ReactorModel, clock: Clock, nudge: Callable[[], None]) -> None:
        self._model = model
        self._clock = clock
        self._nudge = nudge
        self._error: Exception | None = None

    async def run(self) -> None:
        """Run until cancelled; what the author's loop raises waits to be taken."""
        while True:
            try:
                await settle(self._model.run())
            except BufferClosed:
                pass
            except Exception as error:  # noqa: BLE001 - an author's loop may raise anything; the host judges
                self._error = error
                self._nudge()
            never = asyncio.get_running_loop().create_future()
            await self._clock.wait(never, self._clock.monotonic_ns() + RESTART_NS)

    def take_error(self) -> Exception | None:
        """Return what the loop raised since the last call."""
        error, self._error = self._error, None
        return error
