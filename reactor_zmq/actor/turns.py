"""The author's generator, stepped one turn at a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Generator
from enum import Enum
from typing import Any

from reactor_zmq.actor.calls import settle
from reactor_zmq.actor.clock import Clock
from reactor_zmq.model.pipeline import ReactorPipeline

CLOSE_LIMIT_S = 5.0
"""A generator whose ``finally`` waits for ever does not hold the session's end for ever."""

CUT_NS = 1_000_000_000
"""A turn that still awaits something so long after everybody left is cancelled."""


class Ended(Enum):
    """The type of ``ENDED``."""

    ENDED = "ended"


ENDED = Ended.ENDED
"""What a step gives when the generator has returned."""


class Turns:
    """One model's generator; belongs to the event loop's thread."""

    def __init__(self, model: ReactorPipeline, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self._generator: AsyncGenerator[Any, None] | Generator[Any, None, None] | None = None
        self._stepping: asyncio.Task[Any] | None = None
        self._cut: asyncio.Task[Any] | None = None
        self._cutter: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether a turn is under way."""
        return self._stepping is not None

    async def step(self) -> Any:
        """Run to the next yield and return what it gave, ``ENDED`` where the generator returned.

        A sync generator runs in the loop's thread, an async one is awaited. Starts the generator
        where there is none; after ``ENDED`` or an exception there is none.

        Raises:
            Exception: What the author's code raised, or a TypeError where it is no generator.
        """
        generator, self._generator = self._generator or self._start(), None
        self._stepping = asyncio.current_task()
        try:
            if isinstance(generator, Generator):
                value = next(generator, ENDED)
            else:
                value = await settle(anext(generator, ENDED))
        except asyncio.CancelledError:
            if self._cut is None:
                raise
            self._cut.uncancel()
            return ENDED
        finally:
            self._stepping = self._cut = None
            self._stop_cutter()
        if value is not ENDED:
            self._generator = generator
        return value

    def abandon(self) -> None:
        """Nobody is left who could see this turn's frame: cancel it unless it ends soon."""
        if self._stepping is not None and self._cutter is None:
            self._cutter = asyncio.ensure_future(self._cut_later(self._stepping))

    async def close(self) -> None:
        """Close the generator, so that its ``finally`` runs.

        Raises:
            Exception: What the author's code raised.
        """
        generator, self._generator = self._generator, None
        if isinstance(generator, Generator):
            generator.close()
        elif generator is not None:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await settle(generator.aclose())

    def _start(self) -> AsyncGenerator[Any, None] | Generator[Any, None, None]:
        generator: object = self._model.inference()
        if isinstance(generator, (Generator, AsyncGenerator)):
            return generator  # type: ignore[reportUnknownVariableType] - an author's yields are Any
        if inspect.iscoroutine(generator):
            generator.close()
        text = "inference() has to be a generator, def or async def with a yield in it"
        raise TypeError(f"{text}; it gave a {type(generator).__name__}")

    async def _cut_later(self, stepping: asyncio.Task[Any]) -> None:
        never = asyncio.get_running_loop().create_future()
        await self._clock.wait(never, self._clock.monotonic_ns() + CUT_NS)
        self._cutter, self._cut = None, stepping
        stepping.cancel("everybody has left")

    def _stop_cutter(self) -> None:
        if self._cutter is not None:
            self._cutter.cancel()
            self._cutter = None
