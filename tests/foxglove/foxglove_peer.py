"""A Foxglove client of a few lines, for what its own library can't be made to say or hear."""

from __future__ import annotations

import json
import struct
from typing import Any

import aiohttp

from reactor_zmq_ros2.decode import decode


class Peer:
    """One WebSocket; texts that are not asked for wait in ``told``."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []
        self.channels: dict[str, dict[str, Any]] = {}
        self.services: dict[str, dict[str, Any]] = {}

    async def say(self, op: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, **fields}))

    async def hear(self, op: str) -> dict[str, Any]:
        """Return the next operation of this kind; what comes before it is kept."""
        for index, told in enumerate(self.told):
            if told["op"] == op:
                return self.told.pop(index)
        while True:
            message = await self.socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.BINARY:
                continue
            assert message.type is aiohttp.WSMsgType.TEXT, message
            told = self._learn(json.loads(message.data))
            if told["op"] == op:
                return told
            self.told.append(told)

    async def complaint(self) -> str:
        """Return what was wrong with something that was said."""
        while "id" in (told := await self.hear("status")):
            pass
        assert told["level"] == 2
        return told["message"]

    async def binary(self, opcode: int = 1) -> bytes:
        """Return the next binary message of this kind, without its opcode."""
        while True:
            message = await self.socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.TEXT:
                self.told.append(self._learn(json.loads(message.data)))
                continue
            assert message.type is aiohttp.WSMsgType.BINARY, message
            if message.data[0] == opcode:
                return message.data[1:]

    async def subscribe(self, topic: str, number: int) -> None:
        if topic not in self.channels:
            await self.hear("advertise")
        wanted = {"id": number, "channelId": self.channels[topic]["id"]}
        await self.say("subscribe", subscriptions=[wanted])

    async def message(self, topic: str, number: int) -> dict[str, Any]:
        """Return the next message of a subscription, its fields; of a String what its JSON says."""
        while True:
            data = await self.binary()
            came, self.log_ns = struct.unpack_from("<IQ", data)
            if came == number:
                return self._values(topic, data[12:])

    async def see(self, topic: str, number: int = 7) -> dict[str, Any]:
        """Subscribe, return the first message, and unsubscribe."""
        await self.subscribe(topic, number)
        found = await self.message(topic, number)
        await self.say("unsubscribe", subscriptionIds=[number])
        return found

    async def call(self, service: str, data: dict[str, Any], call: int = 1) -> dict[str, Any]:
        """Return what a service answers, or why not."""
        if not self.services:
            await self.hear("advertiseServices")
        body = json.dumps(data).encode()
        head = struct.pack("<BIII", 2, self.services[service]["id"], call, 4)
        await self.socket.send_bytes(head + b"json" + body)
        while True:
            message = await self.socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.TEXT:
                told = self._learn(json.loads(message.data))
                if told["op"] == "serviceCallFailure" and told["callId"] == call:
                    return {"failure": told["message"]}
                self.told.append(told)
            elif message.data[0] == 3:
                _, came, size = struct.unpack_from("<III", message.data, 1)
                assert (came, message.data[13 : 13 + size]) == (call, b"json")
                return json.loads(message.data[13 + size :])

    async def ended(self) -> int:
        """Return the code with which the other side closes; what was said before is kept."""
        while (message := await self.socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
            self.told.append(json.loads(message.data))
        assert message.type is aiohttp.WSMsgType.CLOSE, message
        return message.data

    def _learn(self, told: dict[str, Any]) -> dict[str, Any]:
        if told["op"] == "advertise":
            self.channels |= {each["topic"]: each for each in told["channels"]}
        elif told["op"] == "unadvertise":
            gone = told["channelIds"]
            self.channels = {k: v for k, v in self.channels.items() if v["id"] not in gone}
        elif told["op"] == "advertiseServices":
            self.services |= {each["name"]: each for each in told["services"]}
        return told

    def _values(self, topic: str, data: bytes) -> dict[str, Any]:
        name = self.channels[topic]["schemaName"]
        found = decode(name, data)
        return json.loads(found["data"]) if name == "std_msgs/msg/String" else found
