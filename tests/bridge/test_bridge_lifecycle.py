"""How sessions and what hangs on them end, and what waits meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import numpy as np
from bridge_browser import eventually

from reactor_zmq_bridge.config import BridgeLimits
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.frontdoor import FrontDoor
from reactor_zmq_bridge.record import Codec, Kind, Record, encode_head


def test_the_code_of_a_browser_that_says_nonsense(play):
    """It hears 1008, and not just that all is over."""

    async def scene(stage):
        browser = await stage.browser()
        for _ in range(101):
            await browser.say("$nonsense")
        assert await browser.ended() == 1008

    play(scene)


def test_the_code_where_records_go_by_the_websocket(play):
    """The bridge stops with 1001 also where the link carries frames."""

    async def scene(stage):
        browser = await stage.browser()
        await browser.view("main", transport="ws")
        await browser.record()
        ending = asyncio.create_task(stage.serving.bridge.close())
        assert await browser.ended() == 1001
        await ending

    play(scene)


def test_state_does_not_wait(play):
    """A model that changes all the time does not cost a browser its session; the newest counts."""

    async def scene(stage):
        away, other = await stage.browser(), await stage.browser(follow_state=False)
        away.vanish()
        session = stage.serving.bridge.sessions[0]
        await eventually(lambda: session._link is None)
        for n in range(20):
            await other.ask("set_level", {"level": n % 7})
        back = await stage.link()
        assert (await back.hello(resume=away.welcome["session"]))["data"]["resumed"] is True
        assert (await back.hear("$state"))["data"]["level"] == 19 % 7
        await back.ask("$ping")
        assert [each["type"] for each in back.heard] == ["$welcome", "$state", "$pong"]

    play(scene, limits=BridgeLimits(outbox=4))


def test_pictures_end_with_the_session(play):
    """An <img> shows nothing any more when the session that asked for it is over."""

    async def scene(stage):
        browser = await stage.browser()
        ticket = (await browser.ask("$ticket", {"for": "mjpeg"}))["data"]["ticket"]
        async with stage.http.get(f"{stage.url}/mjpeg/main?ticket={ticket}") as response:
            assert await response.content.read(10)
            await browser.say("$bye")
            with suppress(aiohttp.ClientPayloadError):
                async with asyncio.timeout(10):
                    while await response.content.readany():
                        pass

    play(scene)


def picture(track: int) -> bytes:
    pixels = np.zeros((2, 2, 4), np.uint8).tobytes()
    record = Record(
        kind=Kind.VIDEO, codec=Codec.RGBA, track=track, width=2, height=2, payload=pixels
    )
    return encode_head(record) + pixels


def test_a_track_that_another_owns(play):
    """Who publishes to it is told once, however many frames follow."""

    async def scene(stage):
        owner, other = await stage.browser(), await stage.browser()
        index = next(t["index"] for t in owner.welcome["tracks"] if t["name"] == "camera")
        for browser in (owner, other):
            await browser.ask("$publish", {"track": "camera", "kind": "video"})
        await owner.socket.send_bytes(picture(index))
        codes: list[str] = []
        while not codes:
            await other.socket.send_bytes(picture(index))
            await other.ask("$ping")
            codes = [m["data"]["code"] for m in other.heard if m["type"] == "$error"]
        for _ in range(5):
            await other.socket.send_bytes(picture(index))
        await other.ask("$ping")
        await other.ask("say", {"text": "x"})
        assert [m["data"]["code"] for m in other.heard if m["type"] == "$error"] == codes
        assert codes == ["publish_refused"]

    play(scene)


class Full(FrontDoor):
    """A run that takes no more clients."""

    async def connect(self, token, name, scope):
        raise BridgeError("busy", "128 clients are connected, that is the most")


def test_a_run_that_is_full(play):
    """A run without room is no reason to give up for good: 1013 says to come again."""

    async def scene(stage):
        stage.serving.bridge.door = Full(str(stage.run.connection_file))
        browser = await stage.link()
        assert (await browser.hello())["data"]["code"] == "busy"
        assert await browser.ended() == 1013

    play(scene)


@dataclass(frozen=True)
class Slow(FrontDoor):
    """A run that greets when it is told to."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, token, name, scope):
        self.asked.set()
        await self.go.wait()
        return await super().connect(token, name, scope)


def test_a_browser_that_comes_as_the_bridge_stops(play):
    """It is not let in any more, and nothing of it stays."""

    async def scene(stage):
        bridge = stage.serving.bridge
        door = bridge.door = Slow(str(stage.run.connection_file))
        browser = await stage.link()
        hello = asyncio.create_task(browser.hello())
        await door.asked.wait()
        await bridge.close()
        door.go.set()
        assert (await hello)["data"]["code"] == "unreachable"
        assert bridge.sessions == ()
        assert await browser.ended() == 1013

    play(scene)
