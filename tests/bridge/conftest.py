"""One run for a module of tests, and bridges of it that end with each."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from bridge_browser import Browser  # noqa: E402

from reactor_zmq.testing.running import Running, running  # noqa: E402
from reactor_zmq_bridge.config import BridgeConfig  # noqa: E402
from reactor_zmq_bridge.server import Serving, serving  # noqa: E402


@pytest.fixture(scope="module")
def run() -> Iterator[Running]:
    """The model of bridge_models.py, in a run directory of its own, short enough for sockets."""
    with (
        tempfile.TemporaryDirectory(prefix="rz-", dir="/tmp") as folder,
        running(HERE / "bridge_models.py", env={"XDG_RUNTIME_DIR": folder}) as found,
    ):
        yield found


class Stage:
    """A bridge that serves, and browsers of it."""

    def __init__(self, run: Running, serving: Serving, http: aiohttp.ClientSession) -> None:
        self.run, self.serving, self.http = run, serving, http
        self.url = f"http://127.0.0.1:{serving.port}"
        self.token = run.connection.token

    async def browser(self, **hello: Any) -> Browser:
        """A browser that was welcomed to a model that has loaded."""
        found = await self.link()
        answer = await found.hello(**hello)
        assert answer["type"] == "$welcome", answer
        while not found.welcome["tracks"]:
            found.welcome["tracks"] = (await found.hear("$tracks"))["data"]["tracks"]
        return found

    async def link(self, **headers: str) -> Browser:
        """A browser whose WebSocket is open."""
        found = Browser(self.http, self.url, self.token)
        await found.open(headers)
        return found


Scene = Callable[[Stage], Awaitable[None]]


@pytest.fixture
def play(run: Running) -> Callable[..., None]:
    """Play a scene with a bridge of its own."""

    def begin(scene: Scene, **config: Any) -> None:
        async def act() -> None:
            settings = BridgeConfig(target=str(run.connection_file), port=0, **config)
            async with serving(settings) as found, aiohttp.ClientSession() as http:
                await scene(Stage(run, found, http))

        asyncio.run(act())

    return begin
