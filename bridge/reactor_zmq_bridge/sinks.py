"""Ways for records to a browser: the body of a stream, WebSocket messages, or MJPEG parts."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from reactor_zmq_bridge.codecs.encoder import Recipe
from reactor_zmq_bridge.link import Link
from reactor_zmq_bridge.record import Kind, Record, encode_head
from reactor_zmq_bridge.tracks import Track

BOUNDARY = "reactor-frame"
# What the kernel does not take at once, asyncio keeps in one buffer and moves to its front after
# each send: of a whole raw picture that is many times the picture.
SLICE_NBYTES = 256 * 1024


class Sink(Protocol):
    """Takes one record at a time."""

    keep_alive: bool

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection, as long as there is one."""
        ...

    async def write(self, record: Record) -> None:
        """Return when the record has left for the kernel, nearly all of it.

        Raises:
            ConnectionError: There is nobody any more.
        """
        ...

    def abort(self) -> None:
        """Break the connection at once; a write that waits ends."""
        ...


class BodySink:
    """Writes into the body of a response that has been prepared.

    Attributes:
        over: Done when nobody reads any more, or another way has taken this one's place.
    """

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self.keep_alive = True
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._response = response

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection, as long as there is one."""
        return self._request.transport

    async def write(self, record: Record) -> None:
        """Write the record's bytes."""
        head = encode_head(record)
        if len(record.payload) <= SLICE_NBYTES:
            # One buffer: a write for each part would cost a system call for each.
            await self._response.write(b"".join((head, record.payload)))
            return
        await self._response.write(head)
        payload = memoryview(record.payload)
        for start in range(0, len(payload), SLICE_NBYTES):
            await self._response.write(payload[start : start + SLICE_NBYTES])

    def abort(self) -> None:
        """Break the connection; its handler ends."""
        self.end()
        if self._request.transport is not None:
            self._request.transport.abort()

    def end(self) -> None:
        """Let the handler end the response."""
        if not self.over.done():
            self.over.set_result(None)


class MjpegSink(BodySink):
    """Writes JPEGs as parts of ``multipart/x-mixed-replace``."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        super().__init__(request, response)
        self.keep_alive = False

    def give_up(self, track: Track, recipe: Recipe, reason: str) -> None:  # noqa: ARG002
        """End: there is nothing below JPEG."""
        self.end()

    async def write(self, record: Record) -> None:
        """Write one part, with the boundary that ends it: browsers show it at once then."""
        if record.kind is not Kind.VIDEO:
            return
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(record.payload)}\r\n\r\n"
        tail = f"\r\n--{BOUNDARY}\r\n"
        await self._response.write(b"".join((head.encode(), record.payload, tail.encode())))


class SocketSink:
    """Sends records as binary messages of a WebSocket."""

    def __init__(self, link: Link) -> None:
        self.keep_alive = False
        self._link = link

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection, as long as there is one."""
        return self._link.transport

    def abort(self) -> None:
        """Break the link."""
        self._link.abort()

    async def write(self, record: Record) -> None:
        """Send one message."""
        await self._link.send_record(b"".join((encode_head(record), record.payload)))
