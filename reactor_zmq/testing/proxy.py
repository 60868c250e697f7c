"""A TCP proxy with faults: slow, late, silent, cut or reset links between a client and a run."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Self

_CHUNK_NBYTES = 16_384
_LOOK_S = 0.005
_RESET = struct.pack("ii", 1, 0)
_DEADLINE_S = 10.0


@dataclass
class Faults:
    """What is wrong with one direction; may be changed at any time.

    Attributes:
        rate_nbytes_s: No faster than so many bytes per second.
        latency_s: Each byte comes so much later.
        black_hole: Nothing arrives any more, and nothing says so.
        cut_after_nbytes: Each connection ends after so many bytes in this direction.
    """

    rate_nbytes_s: float = math.inf
    latency_s: float = 0.0
    black_hole: bool = False
    cut_after_nbytes: float = math.inf


class FaultProxy:
    """Stands between clients and one tcp endpoint; runs in a thread of its own.

    Args:
        target: The endpoint that it leads to, ``tcp://HOST:PORT``.

    Attributes:
        endpoint: Where clients connect to instead.
        up: Faults on the way to the target.
        down: Faults on the way back.
        accepted: Connections so far.
    """

    def __init__(self, target: str) -> None:
        host, port = target.removeprefix("tcp://").rsplit(":", 1)
        self._target = (host, int(port))
        self._loop = asyncio.new_event_loop()
        self._links: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.up, self.down = Faults(), Faults()
        self.accepted = 0
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, "127.0.0.1", 0)
        )
        self.endpoint = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reset(self) -> None:
        """Reset every connection at both ends, whatever is under way."""
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(_DEADLINE_S)

    def close(self) -> None:
        """End the proxy and every connection through it."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_DEADLINE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_DEADLINE_S)
        self._loop.close()

    async def _reset(self) -> None:
        for writer in tuple(self._links):
            with contextlib.suppress(OSError):
                found: socket.socket = writer.get_extra_info("socket")
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        await self._reset()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._links |= {writer, far_writer}
            ways = (
                self._loop.create_task(_Way(reader, far_writer, self.up).run()),
                self._loop.create_task(_Way(far_reader, writer, self.down).run()),
            )
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                self._links -= {writer, far_writer}
                far_writer.close()
        writer.close()


class _Way:
    """One direction of one connection; ends when it is cut or one end has closed."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: Faults
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._faults = faults
        self._passed = 0
        # A bounded delay line, so that a slow reader is felt by the sender.
        self._line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Carry bytes until the end."""
        taking = self._loop.create_task(self._take())
        try:
            while self._passed < self._faults.cut_after_nbytes:
                due, data = await self._line.get()
                if not data:
                    return
                await self._pause(due - self._loop.time())
                await self._give(data)
        except OSError:
            return
        finally:
            taking.cancel()

    async def _take(self) -> None:
        data = b"more"
        while data:
            try:
                data = await self._reader.read(_CHUNK_NBYTES)
            except OSError:
                data = b""
            await self._line.put((self._loop.time() + self._faults.latency_s, data))

    async def _give(self, data: bytes) -> None:
        while self._faults.black_hole:  # noqa: ASYNC110 - it is set from any thread
            await asyncio.sleep(_LOOK_S)
        left = self._faults.cut_after_nbytes - self._passed
        data = data if len(data) <= left else data[: int(left)]
        self._writer.write(data)
        await self._writer.drain()
        self._passed += len(data)
        await self._pause(len(data) / self._faults.rate_nbytes_s)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)
