"""One WebSocket: texts and records out in order, texts and records in, and whether it lives."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from reactor_zmq_bridge.config import BridgeTimes
from reactor_zmq_bridge.patience import Patience
from reactor_zmq_bridge.pulse import Pulse

_QUIET = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class Link:
    """A browser's WebSocket; belongs to the loop's thread.

    Args:
        socket: Prepared, with neither heartbeat nor autoping: both are ours.
        transport: The connection below it.
        unanswered_since: When the oldest record was sent that is not acknowledged.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        times: BridgeTimes,
        most_nbytes: int,
    ) -> None:
        self.unanswered_since: Callable[[], float | None] = _nothing
        self._socket = socket
        self.transport = transport
        self._times = times
        self._most_nbytes = most_nbytes
        self._pulse = Pulse(times, time.monotonic())
        self._words: deque[str | bytes] = deque()
        self._words_nbytes = 0
        self._reader: asyncio.Task[None] | None = None
        self._closing: list[asyncio.Future[None]] = []
        self._stirred = asyncio.Event()
        self._lock = asyncio.Lock()
        self._tasks = [asyncio.create_task(self._speak()), asyncio.create_task(self._beat())]

    @property
    def closed(self) -> bool:
        """Whether nothing can be said any more."""
        return self._socket.closed or self.transport.is_closing()

    # --- out ----------------------------------------------------------------------------------

    def say(self, word: str | bytes) -> None:
        """Send a text, or bytes, when those before it have left; who does not read is let go."""
        self._words.append(word)
        self._words_nbytes += len(word)
        if self._words_nbytes > self._most_nbytes:
            self.abort()
        self._stirred.set()

    async def send_record(self, data: bytes) -> None:
        """Send a binary message; the caller keeps the time.

        Raises:
            ConnectionError: The browser has gone.
        """
        async with self._lock:
            await self._socket.send_bytes(data)

    async def send_now(self, data: str | bytes) -> None:
        """Send one message past the texts that wait, and return when it has left this program.

        Raises:
            ConnectionError: The peer has gone, or did not take it in time.
        """
        with Patience(self.transport, self._times.send_s, self.abort):
            async with self._lock:
                await self._send(data)

    async def _send(self, data: str | bytes) -> None:
        if isinstance(data, str):
            await self._socket.send_str(data)
        else:
            await self._socket.send_bytes(data)

    def abort(self) -> None:
        """Break the connection at once."""
        self.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Say what is left and close in order, or break it when that takes too long."""
        self._closing.append(asyncio.get_running_loop().create_future())
        timer = asyncio.get_running_loop().call_later(self._times.send_s, self.abort)
        try:
            await self._stop_reading()
            with suppress(ConnectionError, RuntimeError):
                async with self._lock:
                    while self._words and not self.closed:
                        await self._send(self._words.popleft())
                await self._socket.close(code=code, message=reason.encode())
        finally:
            timer.cancel()
            self._closing.pop().set_result(None)

    async def read_in(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what reads this link until it ends or the link is closed."""
        self._reader = asyncio.create_task(work)
        try:
            await asyncio.wait((self._reader,))
        finally:
            self._reader.cancel()
        if not self._reader.cancelled():
            self._reader.result()

    async def _stop_reading(self) -> None:
        """Let nobody wait for a message: only then does a close wait for the browser's."""
        reader = self._reader
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()
            await asyncio.wait((reader,))

    async def end(self) -> None:
        """Stop what runs for this link; the handler's last step."""
        # Its end would cut the goodbye short.
        for closing in tuple(self._closing):
            await closing
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _speak(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while self._words:
                word = self._words.popleft()
                self._words_nbytes -= len(word)
                try:
                    with Patience(self.transport, self._times.send_s, self.abort):
                        async with self._lock:
                            await self._send(word)
                except (ConnectionError, RuntimeError):
                    return

    # --- in -----------------------------------------------------------------------------------

    async def receive(self) -> str | bytes | None:
        """Return the next text or binary message; None when there are no more."""
        while True:
            message: WSMessage = await self._socket.receive()
            self._pulse.heard(time.monotonic())
            if message.type is WSMsgType.PING:
                with suppress(ConnectionError, RuntimeError):
                    await self._socket.pong(message.data)
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                return message.data
            elif message.type in _QUIET:
                return None

    # --- whether it lives ---------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            now = time.monotonic()
            self._pulse.owed_since(self.unanswered_since())
            if self._pulse.dead(now):
                self.abort()
                return
            if self._pulse.ask(now):
                with suppress(ConnectionError, RuntimeError):
                    await self._socket.ping()
            await asyncio.sleep(self._pulse.wait_s(now))


def _nothing() -> float | None:
    return None


__all__ = ["Link", "WSCloseCode"]
