"""Events, messages, state and files through a real bridge to a real model."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import pytest
from bridge_browser import eventually


def test_the_welcome(play):
    """It names model, tracks, schema, scope, limits and status."""

    async def scene(stage):
        browser = await stage.browser()
        told = browser.welcome
        names = [(t["name"], t["kind"], t["direction"]) for t in told["tracks"]]
        assert names[:3] == [
            ("main", "video", "out"), ("echo", "video", "out"), ("sound", "audio", "out"),
        ]  # fmt: skip
        assert [(t["name"], t["direction"]) for t in told["tracks"][3:]] == [
            ("camera", "in"), ("microphone", "in"),
        ]  # fmt: skip
        assert (told["version"], told["resumed"], told["scope"]) == (1, False, "steer")
        assert told["limits"]["message_nbytes"] == 65_536
        assert told["loopback"] is True
        schema = (await browser.ask("$schema"))["data"]
        assert "/events/set_level" in schema["paths"]

    play(scene)


def test_events_and_replies(play):
    """Replies carry the id; refusals say code, field and bound; state follows; messages come."""

    async def scene(stage):
        browser = await stage.browser()
        said = await browser.ask("say", {"text": "hello"})
        assert (said["type"], said["data"]) == ("said", {"text": "hello"})
        refused = (await browser.ask("set_level", {"level": 12}))["data"]
        assert (refused["code"], refused["field"]) == ("invalid_data", "level")
        assert "9" in refused["message"]
        assert (await browser.ask("nonsense"))["data"]["code"] == "unknown_event"
        assert (await browser.ask("refuse"))["data"]["code"] == "not_today"
        assert (await browser.ask("$ping", {"t": 5}))["data"]["t"] == 5
        await browser.say("shout", {"text": "to all"})
        assert (await browser.hear("said"))["data"] == {"text": "to all"}

    play(scene)


def test_two_browsers_agree(play):
    """What one changes, the other is told; who does not follow the state is not."""

    async def scene(stage):
        one, other, third = [await stage.browser(follow_state=f) for f in (True, True, False)]
        assert (await other.hear("$state"))["data"]["level"] is not None
        await one.ask("set_level", {"level": 7})
        while (await other.hear("$state"))["data"].get("level") != 7:
            pass
        await third.ask("$ping", {"t": 1})
        assert not [each for each in third.heard if each["type"] == "$state"]

    play(scene)


def test_a_viewers_token(play):
    """It may look, and is refused what would steer."""

    async def scene(stage):
        stage.token = stage.run.connection.view_token
        browser = await stage.browser()
        assert browser.welcome["scope"] == "view"
        assert (await browser.ask("set_level", {"level": 1}))["data"]["code"] == "forbidden"
        viewing = await browser.view("main")
        async with browser.stream(viewing) as stream:
            assert (await stream.frame()).height == 48

    play(scene)


def test_resuming(play):
    """A browser that vanished returns to its session, hears what it missed, and nothing twice."""

    async def scene(stage):
        browser = await stage.browser()
        session = browser.welcome["session"]
        await browser.say("say", {"text": "late"}, id="a")
        browser.vanish()
        back = await stage.link()
        welcome = (await back.hello(resume=session))["data"]
        assert (welcome["resumed"], welcome["session"]) == (True, session)
        await back.say("say", {"text": "late"}, id="a", again=True)
        assert (await back.hear("said"))["id"] == "a"
        assert (await back.ask("say", {"text": "x"}))["data"] == {"text": "x"}
        assert len(stage.serving.bridge.sessions) == 1

    play(scene)


def test_a_second_link_takes_over(play):
    """A session has one link: the older one is closed with 4409."""

    async def scene(stage):
        browser = await stage.browser()
        back = await stage.link()
        await back.hello(resume=browser.welcome["session"])
        assert await browser.ended() == 4409

    play(scene)


def test_leaving(play):
    """After $bye the session is over at once, and so is one that was not resumed in time."""
    from reactor_zmq_bridge.config import BridgeTimes  # noqa: PLC0415 - with the others' names

    async def scene(stage):
        bridge = stage.serving.bridge
        for good_bye in (True, False):
            browser = await stage.browser()
            assert len(bridge.sessions) == 1
            if good_bye:
                await browser.say("$bye")
            else:
                await browser.close()
            await eventually(lambda: not bridge.sessions)
        assert (await (await stage.link()).hello(resume="gone"))["data"]["resumed"] is False

    play(scene, times=BridgeTimes(resume_s=0.2))


def test_an_upload(play):
    """A file goes through the bridge and comes back as a reference that events take."""

    async def scene(stage):
        browser = await stage.browser()
        headers = {
            "Authorization": f"Bearer {browser.welcome['session']}",
            "Content-Type": "image/png",
            "X-Upload-Name": "a%20cat.png",
        }
        async with stage.http.post(
            f"{stage.url}/uploads", data=b"x" * 700_000, headers=headers
        ) as response:
            assert response.status == 201
            reference = (await response.json())["upload"]
        assert (reference["name"], reference["size"]) == ("a cat.png", 700_000)
        weighed = await browser.ask("weigh", {"file": reference})
        assert weighed["data"] == {"name": "a cat.png", "nbytes": 700_000}

    play(scene)


@pytest.mark.parametrize(
    ("headers", "nbytes", "status", "code"),
    [
        ({}, 10, 401, "unauthenticated"),
        ({"Authorization": "Bearer wrong"}, 10, 401, "unauthenticated"),
        ({"Authorization": "SESSION"}, 40 * 2**20, 413, "too_large"),
        ({"Authorization": "SESSION", "X-Upload-Name": "%00x"}, 10, 400, "invalid_data"),
    ],
)
def test_uploads_that_are_refused(play, headers, nbytes, status, code):
    """Without a session, too large, or with a name that can't be one."""

    async def scene(stage):
        browser = await stage.browser()
        session = f"Bearer {browser.welcome['session']}"
        sent = {key: session if value == "SESSION" else value for key, value in headers.items()}
        async with stage.http.post(
            f"{stage.url}/uploads", data=io.BytesIO(bytes(nbytes)), headers=sent
        ) as response:
            assert (response.status, (await response.json())["code"]) == (status, code)

    play(scene)


def test_the_bridge_stops(play):
    """Browsers hear 1001 and may return; the front end hears a goodbye from each."""

    async def scene(stage):
        browser = await stage.browser()
        ending = asyncio.create_task(stage.serving.bridge.close())
        assert await browser.ended() == 1001
        await ending

    play(scene)


def test_no_run(play):
    """A bridge whose run has gone refuses browsers with a code by which they try again."""

    async def scene(stage):
        stage.serving.bridge.door = type(stage.serving.bridge.door)("nobody")
        browser = await stage.link()
        assert (await browser.hello())["data"]["code"] == "unreachable"
        message = await browser.socket.receive()
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert browser.socket.close_code == 1013
        async with stage.http.get(f"{stage.url}/health/ready") as response:
            assert response.status == 503

    play(scene)
