"""A rosbridge client of a few lines, for what the libraries can't be made to say."""

from __future__ import annotations

import json
from typing import Any

import aiohttp


class Raw:
    """One WebSocket, operation by operation."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, op: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, **fields}))

    async def hear(self, op: str) -> dict[str, Any]:
        """Return the next text operation of this kind."""
        while True:
            message = await self.socket.receive(timeout=10)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            told = json.loads(message.data)
            if told["op"] == op:
                return told

    async def binary(self) -> bytes:
        """Return the next binary message."""
        while True:
            message = await self.socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.BINARY:
                return message.data

    async def ended(self) -> int:
        """Return the code with which the other side closes."""
        while (message := await self.socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type is aiohttp.WSMsgType.CLOSE, message
        return message.data
