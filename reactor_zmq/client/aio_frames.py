"""Frames for a task that awaits them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from reactor_zmq.client.frame import Frame
from reactor_zmq.client.frame_feed import SETTLE_MOST_S, SYNC_AGAIN_S, FrameFeed
from reactor_zmq.errors import ConnectionLost


class AsyncFrames:
    """An asynchronous iterator over one track's frames.

    Live once ``async with`` has been entered, or else before its first step returns: every frame
    that the runtime sends after that is seen, or counts in a ``gap``. Used by one task at a time,
    on the client's loop. A step that is cancelled loses nothing. The end of the client ends the
    iteration: quietly after ``client.close()``, with the error if the runtime was lost.
    """

    def __init__(
        self,
        prepare: Callable[[], Awaitable[FrameFeed]],
        timeout: float | None,
        live_timeout: float,
        is_open: Callable[[], bool],
        on_close: Callable[[AsyncFrames], None],
    ) -> None:
        self._prepare = prepare
        self._timeout = timeout
        self._live_timeout = live_timeout
        self._is_open = is_open
        self._on_close = on_close
        self._feed: FrameFeed | None = None
        self._stirred: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def track(self) -> str:
        """Name of the track; empty until live."""
        return self._feed.track if self._feed is not None else ""

    @property
    def live(self) -> bool:
        """Whether the runtime has seen the subscription."""
        return self._feed is not None and self._feed.live

    @property
    def transport(self) -> str:
        """``lane`` while frames are mapped, ``socket`` while received; empty until live."""
        return self._feed.transport if self._feed is not None else ""

    @property
    def malformed(self) -> int:
        """Multiparts that were no frame of this track."""
        return self._feed.malformed if self._feed is not None else 0

    async def go_live(self) -> None:
        """Wait until the runtime has seen the subscription; done by the first step otherwise.

        Raises:
            ConfigError: There is no such track, or several to choose from.
            LoadError: The model could not be loaded.
            ConnectionLost: The frames socket does not answer.
        """
        feed = await self._made()
        deadline = time.monotonic() + self._live_timeout
        while not feed.live:
            feed.synchronise()
            until = min(deadline, time.monotonic() + SYNC_AGAIN_S)
            while not feed.live and await self._wait(feed, until - time.monotonic()):
                feed.look()
                if not self._is_open() or self._closed:
                    raise ConnectionLost("this client is closed")
            if not feed.live and time.monotonic() >= deadline:
                text = f"the frames socket did not answer within {self._live_timeout:g} s"
                raise ConnectionLost(text)

    async def _made(self) -> FrameFeed:
        if self._feed is None:
            feed = await self._prepare()
            if self._closed:
                feed.close()
                raise ConnectionLost("this iterator is closed")
            self._feed = feed
        return self._feed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        if self._closed:
            raise StopAsyncIteration
        if not self.live:
            await self.go_live()
        feed = await self._made()
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            frame = await self._take(feed)
            if frame is not None:
                return frame
            if self._closed or not self._is_open():
                raise StopAsyncIteration
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"no frame of {self.track!r} within {self._timeout:g} s")
            await self._wait(feed, left)

    async def _take(self, feed: FrameFeed) -> Frame | None:
        """Return what is to be shown, after a backlog has run out."""
        if self._closed:
            return None
        feed.begin()
        if feed.behind:
            settle_until = time.monotonic() + SETTLE_MOST_S
            while feed.behind and time.monotonic() < settle_until:
                if not await self._wait(feed, feed.settle_s):
                    break
                if self._closed:
                    return None
                feed.fill()
            feed.settled()
        return feed.take()

    async def _wait(self, feed: FrameFeed, timeout: float | None) -> bool:  # noqa: ASYNC109 - a name that both clients share
        """Wait for the socket or an interruption; return whether there was one."""
        if self._closed or (timeout is not None and timeout <= 0):
            return False
        loop, fileno = asyncio.get_running_loop(), feed.fileno()
        stirred = self._stirred = loop.create_future()
        # The descriptor stays readable until the socket is read: watched for longer than the
        # wait, it would keep the loop busy.
        loop.add_reader(fileno, self.interrupt)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await stirred
        finally:
            loop.remove_reader(fileno)
            self._stirred = None
        return stirred.done() and not stirred.cancelled()

    def interrupt(self) -> None:
        """Let the waiting task look again."""
        if self._stirred is not None and not self._stirred.done():
            self._stirred.set_result(None)

    def close(self) -> None:
        """End the iteration and close the socket; frames handed out stay valid."""
        if self._closed:
            return
        self._closed = True
        self.interrupt()
        if self._feed is not None:
            self._feed.close()
        self._on_close(self)

    async def __aenter__(self) -> Self:
        try:
            await self.go_live()
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
