"""A run with a bridge, and Foxglove clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from foxglove_peer import Peer

from reactor_zmq.testing.running import Running
from reactor_zmq_bridge.server import Serving

MODELS = Path(__file__).parent.parent / "ros" / "ros_models.py"
ARM, SHOWN, MIRROR = f"{MODELS}:Arm", f"{MODELS}:Shown", f"{MODELS}:Mirror"


class Stage:
    """A run, its bridge, and Foxglove clients of it."""

    def __init__(self, run: Running, found: Serving, http: aiohttp.ClientSession) -> None:
        self.run, self.serving, self.http = run, found, http

    def url(self, token: str | None = None) -> str:
        given = self.run.connection.token if token is None else token
        return f"ws://127.0.0.1:{self.serving.port}/foxglove?token={given}"

    @asynccontextmanager
    async def peer(
        self, token: str | None = None, spoken: str = "foxglove.sdk.v1", **headers: str
    ) -> AsyncIterator[Peer]:
        """A client that speaks one of the subprotocols."""
        protocols = (spoken,) if spoken else ()
        async with self.http.ws_connect(
            self.url(token), protocols=protocols, headers=headers, max_msg_size=0
        ) as socket:
            yield Peer(socket)


Scene = Callable[[Stage], Awaitable[None]]
