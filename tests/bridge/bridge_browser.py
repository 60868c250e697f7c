"""A browser made of Python: it speaks docs/bridge.md over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

from reactor_zmq_bridge.record import Record, decode_record
from reactor_zmq_bridge.words import VERSION

DEADLINE_S = 10.0


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until ``condition()``; raise TimeoutError after the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


class Browser:
    """One tab: a WebSocket and what it has heard."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self.http, self.url, self.token = http, url, token
        self.socket: aiohttp.ClientWebSocketResponse
        self.heard: list[dict[str, Any]] = []
        self.records: list[Record] = []
        self.welcome: dict[str, Any] = {}
        self._ids = count(1)

    async def open(self, headers: dict[str, str] | None = None) -> None:
        self.socket = await self.http.ws_connect(
            f"{self.url}/ws", protocols=("reactor.v1",), headers=headers, max_msg_size=2**26
        )

    async def hello(self, **data: Any) -> dict[str, Any]:
        told = {"version": VERSION, "token": self.token, "name": "test", **data}
        await self.say("$hello", told)
        answer = await self.hear("$welcome", "$error")
        if answer["type"] == "$welcome":
            self.welcome = answer["data"]
        return answer

    async def say(self, kind: str, data: dict[str, Any] | None = None, **more: Any) -> None:
        await self.socket.send_json({"type": kind, "data": data or {}, **more})

    async def ask(self, kind: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        """Say something and return what answers it."""
        key = str(next(self._ids))
        await self.say(kind, data, id=key, **more)
        while True:
            message = await self.next()
            if message.get("id") == key:
                return message

    async def next(self) -> dict[str, Any]:
        """Return the next text; records are kept aside."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), DEADLINE_S)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.records.append(decode_record(message.data))
            elif message.type is aiohttp.WSMsgType.TEXT:
                told = message.json()
                self.heard.append(told)
                return told
            else:
                raise ConnectionError(f"closed: {self.socket.close_code} {message.extra}")

    async def hear(self, *kinds: str) -> dict[str, Any]:
        """Return the next text of one of these kinds."""
        while True:
            message = await self.next()
            if message["type"] in kinds:
                return message

    def vanish(self) -> None:
        """Break the connection as a lost network does."""
        transport = self.socket.get_extra_info("socket")
        transport.shutdown(2)

    async def record(self) -> Record:
        """Return the next record that came by the WebSocket."""
        while not self.records:
            message = await asyncio.wait_for(self.socket.receive(), DEADLINE_S)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.records.append(decode_record(message.data))
            elif message.type is aiohttp.WSMsgType.TEXT:
                self.heard.append(message.json())
            else:
                raise ConnectionError(f"closed: {self.socket.close_code}")
        return self.records.pop(0)

    async def ack(self, record: Record) -> None:
        await self.say("$ack", {"track": record.track, "seq": record.seq})

    async def view(self, track: str, *codecs: str, **more: Any) -> dict[str, Any]:
        asked = {"tracks": {track: {}}, "codecs": codecs or ("jpeg",), **more}
        answer = await self.ask("$view", asked)
        assert answer["type"] == "$viewing", answer
        return answer["data"]

    @asynccontextmanager
    async def stream(self, viewing: dict[str, Any]) -> AsyncIterator[Stream]:
        headers = {"Authorization": f"Bearer {viewing['stream_ticket']}"}
        async with self.http.get(self.url + viewing["path"], headers=headers) as response:
            assert response.status == 200, await response.text()
            yield Stream(response)

    async def ended(self) -> int:
        """Wait until the bridge closes the link and return its code."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), DEADLINE_S)
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                return self.socket.close_code or 0
            if message.type is aiohttp.WSMsgType.TEXT:
                self.heard.append(message.json())

    async def close(self) -> None:
        await self.socket.close()


class Stream:
    """The body of ``/stream``, record by record."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def any(self) -> Record:
        """Return the next record, of whatever kind."""
        reader = self.response.content
        async with asyncio.timeout(DEADLINE_S):
            head = await reader.readexactly(4)
            rest = await reader.readexactly(int.from_bytes(head, "little"))
        return decode_record(head + rest)

    async def frame(self) -> Record:
        """Return the next record that is no keep-alive."""
        while (record := await self.any()).kind == 4:
            pass
        return record
