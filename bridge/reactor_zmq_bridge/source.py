"""The tracks that are watched: one shared client of the front end, one socket for each track."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from reactor_zmq.client import Frame
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import ReactorError
from reactor_zmq_bridge.codecs.encoder import Recipe
from reactor_zmq_bridge.line import Audience, Line

_log = logging.getLogger("reactor_zmq.bridge")
# A front end that restarts is back within this, or a little later.
_AGAIN_S = 0.5

Connect = Callable[[], Awaitable[AsyncClient]]


class Source:
    """One watched track; belongs to the loop's thread.

    Attributes:
        lines: What it is encoded as.
        frames: Frames taken from the front end so far.
    """

    def __init__(
        self, index: int, track: str, pool: ThreadPoolExecutor, connect: Connect, *, every: bool
    ) -> None:
        self.index = index
        self.track = track
        self.lines: dict[Recipe, Line] = {}
        self.frames = 0
        self._pool = pool
        self._connect = connect
        self._every = every
        self._newest: Frame | None = None
        self._task = asyncio.create_task(self._run(), name=f"frames of {track}")

    def join(self, recipe: Recipe, who: Audience) -> Line:
        """Give ``who`` the track in one codec, beginning with the newest frame."""
        line = self.lines.get(recipe)
        if line is None:
            line = Line(self.index, recipe, self._pool, every=self._every)
            self.lines[recipe] = line
        line.audience.add(who)
        line.want_key()
        if self._newest is not None and not self._every:
            line.offer(self._newest)
        return line

    def part(self, recipe: Recipe, who: Audience) -> bool:
        """Let ``who`` go; return whether nobody is left."""
        line = self.lines.get(recipe)
        if line is not None:
            line.audience.discard(who)
            if not line.audience:
                line.close()
                del self.lines[recipe]
        return not self.lines

    async def close(self) -> None:
        """Watch no more."""
        for line in self.lines.values():
            line.close()
        self.lines.clear()
        self._newest = None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._follow(await self._connect())
            except (ReactorError, TimeoutError, OSError) as error:
                _log.info("frames of %r stopped: %s", self.track, error)
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self, client: AsyncClient) -> None:
        frames = client.frames(self.track, every=self._every)
        try:
            async for frame in frames:
                self.frames += 1
                self._newest = frame
                for line in tuple(self.lines.values()):
                    line.offer(frame)
        finally:
            frames.close()


class Sources:
    """All watched tracks, and the client that watches them; it lives while one is watched."""

    def __init__(self, pool: ThreadPoolExecutor, connect: Connect) -> None:
        self._pool = pool
        self._new_client = connect
        self._sources: dict[int, Source] = {}
        self._client: AsyncClient | None = None
        self._lock = asyncio.Lock()
        self._endings: set[asyncio.Task[None]] = set()

    def join(self, index: int, track: str, recipe: Recipe, who: Audience, *, every: bool) -> Line:
        """Give ``who`` a track in one codec."""
        source = self._sources.get(index)
        if source is None:
            source = Source(index, track, self._pool, self._connected, every=every)
            self._sources[index] = source
        return source.join(recipe, who)

    def part(self, index: int, recipe: Recipe, who: Audience) -> None:
        """Let ``who`` go."""
        source = self._sources.get(index)
        if source is not None and source.part(recipe, who):
            del self._sources[index]
            ending = asyncio.create_task(self._end(source))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)

    async def close(self) -> None:
        """Watch nothing more."""
        sources, self._sources = list(self._sources.values()), {}
        await asyncio.gather(*(each.close() for each in sources), *self._endings)
        await self._drop_client()

    async def _end(self, source: Source) -> None:
        await source.close()
        if not self._sources:
            await self._drop_client()

    async def _connected(self) -> AsyncClient:
        async with self._lock:
            if self._client is not None and self._client.closed:
                await self._drop_client()
            if self._client is None:
                self._client = await self._new_client()
            return self._client

    async def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
