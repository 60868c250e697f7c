"""Who is refused, and what a browser that misbehaves costs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import aiohttp
import pytest
from bridge_browser import Browser, eventually

from reactor_zmq.errors import ConfigError
from reactor_zmq_bridge.config import BridgeConfig, BridgeLimits, BridgeTimes
from reactor_zmq_bridge.server import listen

PATHS = ("/", "/ws", "/stream?viewer=x", "/mjpeg/main?ticket=x", "/uploads", "/web/reactor.js")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example:80"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
)
def test_foreign_pages(play, path, headers):
    """Another site's page, and another site's name for us, are refused on every path."""

    async def scene(stage):
        method = "POST" if path == "/uploads" else "GET"
        async with stage.http.request(method, stage.url + path, headers=headers) as response:
            assert response.status == 403
            assert (await response.json())["code"] == "forbidden"
        if path == "/ws":
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await stage.link(**headers)

    play(scene)


def test_our_own_page(play):
    """Our own origin is let in, and every answer carries the policy."""

    async def scene(stage):
        browser = await stage.link(Origin=stage.url)
        assert (await browser.hello())["type"] == "$welcome"
        assert not browser.socket._response.headers.get("Sec-WebSocket-Extensions")
        async with stage.http.get(f"{stage.url}/health/live") as response:
            assert response.status == 200
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"

    play(scene)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "$hello", "data": {"version": 1, "token": "wrong"}}, 4401),
        ({"type": "$hello", "data": {"version": 1}}, 4401),
        ({"type": "$hello", "data": {"version": 2, "token": "TOKEN"}}, 4401),
        ({"type": "set_level", "data": {"level": 1}}, 4401),
        ("nonsense", 4401),
    ],
)
def test_who_is_not_welcome(play, first, code):
    """Without the token, another version, or anything before $hello: one error, then the end."""

    async def scene(stage):
        browser = await stage.link()
        text = json.dumps(first).replace("TOKEN", stage.token)
        await browser.socket.send_str(text)
        assert (await browser.hear("$error"))["data"]["message"]
        assert await browser.ended() == code
        assert not stage.serving.bridge.sessions

    play(scene)


def test_late_hello(play):
    """Who says nothing is closed with 4408."""

    async def scene(stage):
        assert await (await stage.link()).ended() == 4408

    play(scene, limits=BridgeLimits(hello_s=0.1))


def test_too_many_sessions(play):
    """One more than allowed from an address is closed with 4429, until another has left."""

    async def scene(stage):
        browsers = [await stage.browser() for _ in range(2)]
        third = await stage.link()
        assert (await third.hello())["data"]["code"] == "too_many"
        assert await third.ended() == 4429
        await browsers[0].say("$bye")
        await eventually(lambda: len(stage.serving.bridge.sessions) == 1)
        await stage.browser()

    play(scene, limits=BridgeLimits(sessions_per_address=2))


# What is still on its way when the link is closed may reset it before the code is read.
@pytest.mark.parametrize(
    ("data", "codes"), [("x" * 65_537, (1009,)), (bytes(4 * 2**20 + 1), (1009, 1006))]
)
def test_too_big(play, data, codes):
    """A text over 64 KiB, and a record over 4 MiB, end the link."""

    async def scene(stage):
        browser = await stage.browser()
        send = browser.socket.send_str if isinstance(data, str) else browser.socket.send_bytes
        with contextlib.suppress(ConnectionError):
            await send(data)
        assert await browser.ended() in codes

    play(scene)


def test_a_stalled_browser(play):
    """One that reads nothing is let go; another one goes on and its model with it."""

    async def scene(stage):
        stalled, other = [await stage.browser() for _ in range(2)]
        viewing = await stalled.view("main", "rgba")
        quiet = await raw_stream(stage, viewing)
        theirs = next(s for s in stage.serving.bridge.sessions if s.viewer_id == viewing["viewer"])
        # Its records are acknowledged, so that only the unread bytes hold them up.
        viewing = await other.view("main", "jpeg")
        async with other.stream(viewing) as stream:
            while theirs.viewer.sink is not None:
                for place in list(theirs.viewer.flow.tracks[0].on_way):
                    await stalled.say("$ack", {"track": 0, "seq": place[1]})
                await other.ack(await stream.frame())
            await other.ack(await stream.frame())
        quiet.close()

    play(scene, times=BridgeTimes(send_s=0.3))


async def raw_stream(stage, viewing) -> socket.socket:
    """Open a stream on a socket that takes in next to nothing, and read none of it."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.setblocking(False)
    await asyncio.get_running_loop().sock_connect(found, ("127.0.0.1", stage.serving.port))
    request = (
        f"GET {viewing['path']} HTTP/1.1\r\nHost: 127.0.0.1:{stage.serving.port}\r\n"
        f"Authorization: Bearer {viewing['stream_ticket']}\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(found, request.encode())
    return found


def test_a_browser_that_has_stopped(play):
    """One that neither acknowledges nor answers a ping is gone; its session waits for it."""

    async def scene(stage):
        browser = await stage.browser()
        async with browser.stream(await browser.view("main")) as stream:
            await stream.frame()
            session = stage.serving.bridge.sessions[0]
            # A Python peer answers pings as long as it reads: it reads no more.
            await eventually(lambda: session._link is None)
        assert stage.serving.bridge.sessions == (session,)

    play(scene, times=BridgeTimes(overdue_s=0.2, overdue_pong_s=0.2))


def test_what_the_kernel_keeps(play):
    """Accepted connections hold next to nothing unsent."""

    async def scene(stage):
        browser = await stage.browser()
        found = stage.serving.bridge.sessions[0]._link.transport.get_extra_info("socket")
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 131_072
        await browser.close()

    play(scene)


def test_idle_connections(play):
    """A connection without a request is closed after a while, and one too many at once."""

    async def scene(stage):
        address = ("127.0.0.1", stage.serving.port)
        idle = [await asyncio.open_connection(*address) for _ in range(6)]
        async with asyncio.timeout(10):
            answers = [await reader.read() for reader, _ in idle]
        assert [a for a in answers if a.startswith(b"HTTP/1.1 503")]
        for _, writer in idle:
            writer.close()
        assert (await (await stage.link()).hello())["type"] == "$welcome"

    play(scene, limits=BridgeLimits(sockets=4, request_s=0.3))


def test_uploads_at_once(play):
    """Places for uploads are bounded: one more is told to come again."""

    async def scene(stage):
        browser = await stage.browser()
        headers = {"Authorization": f"Bearer {browser.welcome['session']}"}

        async def slowly():
            yield b"x"
            await over.wait()
            yield b"y"

        over = asyncio.Event()
        first = asyncio.create_task(post(stage, slowly(), {**headers, "Content-Length": "2"}))
        await eventually(lambda: stage.serving.bridge._uploads == 1)
        assert await post(stage, b"z", headers) == 429
        over.set()
        assert await first == 201

    play(scene, limits=BridgeLimits(uploads=1))


async def post(stage, data, headers) -> int:
    async with stage.http.post(f"{stage.url}/uploads", data=data, headers=headers) as response:
        return response.status


def test_beyond_loopback():
    """An address that others can reach is refused until it is asked for."""
    with pytest.raises(ConfigError, match="--expose"):
        listen(BridgeConfig(host="0.0.0.0", port=0))  # noqa: S104 - refused
    listen(BridgeConfig(host="0.0.0.0", port=0, expose=True)).close()  # noqa: S104 - and closed


def test_a_port_that_is_taken():
    """The error names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)):
            listen(BridgeConfig(port=port))


def test_tokens_are_not_logged(play, caplog):
    """Neither the run's token nor a session's secret is in any log, also at debug level."""
    caplog.set_level("DEBUG")

    async def scene(stage):
        browser = await stage.browser()
        await browser.ask("$ticket", {"for": "mjpeg"})
        bad = Browser(stage.http, stage.url, "not-the-token")
        await bad.open()
        await bad.hello()
        for secret in (stage.token, browser.welcome["session"], "not-the-token"):
            assert secret not in caplog.text

    play(scene)
