"""A robot's rosbridge server as far as tests need one: it passes on what its clients say."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from peer_raw import Raw


class Robot:
    """Relays topics to who subscribed and calls to who serves; notes all that was said."""

    def __init__(self):
        self.said = []
        self.sockets = set()
        self.port = 0
        self.hears = asyncio.Event()
        self.hears.set()
        self._spoken = asyncio.Condition()
        self._subscribed = {}
        self._serving = {}
        self._calls = {}
        self._runner = None

    async def start(self, port=0):
        app = web.Application()
        app.router.add_get("/", self._client)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def stop(self):
        """Die: every connection breaks."""
        for socket in tuple(self.sockets):
            socket._req.transport.abort()
        await self._runner.cleanup()

    async def said_that(self, found):
        """Wait until an operation was said of which ``found`` is true, and return it."""
        async with asyncio.timeout(20), self._spoken:
            await self._spoken.wait_for(lambda: any(map(found, self.said)))
        return [told for told in self.said if found(told)][-1]

    @asynccontextmanager
    async def peer(self):
        """Another client of the robot."""
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"ws://127.0.0.1:{self.port}/", max_msg_size=0) as socket,
        ):
            yield Raw(socket)

    async def _client(self, request):
        socket = web.WebSocketResponse(max_msg_size=0, timeout=0.1)
        await socket.prepare(request)
        self.sockets.add(socket)
        try:
            async for message in socket:
                await self.hears.wait()
                await self._take(socket, json.loads(message.data))
        finally:
            self.sockets.discard(socket)
            for listeners in self._subscribed.values():
                listeners.discard(socket)
        return socket

    async def _take(self, socket, told):
        async with self._spoken:
            self.said.append(told)
            self._spoken.notify_all()
        match told["op"]:
            case "subscribe":
                self._subscribed.setdefault(told["topic"], set()).add(socket)
            case "publish":
                for listener in tuple(self._subscribed.get(told["topic"], ())):
                    await listener.send_json(told)
            case "advertise_service":
                self._serving[told["service"]] = socket
            case "call_service":
                self._calls[told["id"]] = socket
                await self._serving[told["service"]].send_json(told)
            case "service_response":
                await self._calls.pop(told["id"]).send_json(told)
