"""What strangers and liars get, byte for byte: Host and Origin, tokens, sizes, names, places."""

from __future__ import annotations

import asyncio
import zlib
from struct import pack

import pytest
from bridge_browser import Browser

from reactor_zmq_bridge.config import BridgeLimits

FOREIGN = (
    *("null", "", "http://evil.example", "HTTP://LOCALHOST:{port}", "https://localhost:{port}"),
    *("http://localhost", "http://localhost:1", "http://localhost:{port}.evil.com"),
    *("http://evil.com#http://localhost:{port}", "http://localhost:{port}/"),
)
HOSTS = ("evil.com", "evil.com:{port}", "localhost", "localhost:1", "localhost.evil.com:{port}")
CONTINUATION, TEXT, BINARY, LAST, MASKED, DEFLATED = 0, 1, 2, 0x80, 0x80, 0x40


async def raw(stage, *lines: str) -> tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]:
    """Say a request head by hand; return the head of the answer and the open connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.serving.port)
    writer.write("\r\n".join((*lines, "", "")).encode())
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10), reader, writer


def upgrade(host: str, *more: str) -> tuple[str, ...]:
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    ours = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key)
    return ("GET /ws HTTP/1.1", f"Host: {host}", *ours, *more)


@pytest.mark.parametrize("origin", FOREIGN)
def test_origins_on_the_wire(play, origin):
    """A page whose Origin is nearly ours does not get a WebSocket."""

    async def scene(stage):
        ours, port = f"127.0.0.1:{stage.serving.port}", stage.serving.port
        named = f"Origin: {origin.format(port=port)}"
        head, _, writer = await raw(stage, *upgrade(ours, named))
        writer.close()
        assert head.startswith(b"HTTP/1.1 403 ")

    play(scene)


@pytest.mark.parametrize("host", HOSTS)
def test_hosts_on_the_wire(play, host):
    """A name that points at us, or our own with another port, serves nothing, the page included."""

    async def scene(stage):
        named = host.format(port=stage.serving.port)
        for lines in (upgrade(named), ("GET / HTTP/1.1", f"Host: {named}")):
            head, _, writer = await raw(stage, *lines)
            writer.close()
            assert head.startswith(b"HTTP/1.1 403 ")

    play(scene)


def test_own_origins_on_the_wire(play):
    """Our own names, in whatever case the Host is, and programs without an Origin are let in."""

    async def scene(stage):
        port = stage.serving.port
        for host, *more in (
            (f"127.0.0.1:{port}",),
            (f"LOCALHOST:{port}", f"Origin: http://localhost:{port}"),
            (f"[::1]:{port}", f"Origin: http://[::1]:{port}"),
        ):
            head, _, writer = await raw(stage, *upgrade(host, *more))
            writer.close()
            assert head.startswith(b"HTTP/1.1 101 ")

    play(scene)


# --- tokens -----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["/ws?token={}", "/stream?token={}", "/uploads?token={}"])
def test_a_token_in_the_address(play, caplog, where):
    """It proves nothing there, and no log repeats it."""
    caplog.set_level("DEBUG")

    async def scene(stage):
        path = where.format(stage.token)
        if path.startswith("/ws"):
            async with stage.http.ws_connect(stage.url + path, protocols=("reactor.v1",)) as link:
                await link.send_json({"type": "$hello", "data": {"version": 1}})
                assert (await link.receive_json())["data"]["code"] == "unauthenticated"
        else:
            method = "POST" if path.startswith("/uploads") else "GET"
            async with stage.http.request(method, stage.url + path) as response:
                assert response.status == 401
        assert stage.token not in caplog.text

    play(scene)


@pytest.mark.parametrize("token", ["", "x", "TOKEN ", "TOKE", "\x00", "é", "\ud800"])
def test_tokens_that_are_not_it(play, token):
    """Whatever the bytes are: one error, and the close code that says not to try again."""

    async def scene(stage):
        said = token.replace("TOKEN", stage.token).replace("TOKE", stage.token[:-1])
        browser = Browser(stage.http, stage.url, said)
        await browser.open()
        assert (await browser.hello())["type"] == "$error"
        assert await browser.ended() == 4401

    play(scene)


def test_a_session_needs_its_own_token(play):
    """Who knows a session's secret but not its token does not resume it."""

    async def scene(stage):
        browser = await stage.browser()
        other = Browser(stage.http, stage.url, stage.run.connection.view_token)
        await other.open()
        welcome = (await other.hello(resume=browser.welcome["session"]))["data"]
        assert (welcome["resumed"], welcome["scope"]) == (False, "view")

    play(scene)


def test_a_ticket_is_good_once(play):
    """An <img>'s address that was seen by another opens nothing."""

    async def scene(stage):
        browser = await stage.browser()
        ticket = (await browser.ask("$ticket", {"for": "mjpeg"}))["data"]["ticket"]
        statuses = []
        for _ in range(2):
            async with stage.http.get(f"{stage.url}/mjpeg/main?ticket={ticket}") as response:
                statuses.append(response.status)
        assert statuses == [200, 401]

    play(scene)


# --- sizes ------------------------------------------------------------------------------------


def frame(kind: int, payload: bytes) -> bytes:
    """One WebSocket frame, masked with zeros."""
    size = len(payload)
    length = bytes((MASKED | size,)) if size < 126 else pack("!BH", MASKED | 126, size)
    return bytes((kind,)) + length + bytes(4) + payload


async def wire(stage) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket without a library that would stop us."""
    offer = "Sec-WebSocket-Extensions: permessage-deflate"
    head, reader, writer = await raw(stage, *upgrade(f"127.0.0.1:{stage.serving.port}", offer))
    assert b"permessage-deflate" not in head
    return reader, writer


async def refused(reader: asyncio.StreamReader) -> int:
    """Return the close code, 0 where the link was just cut."""
    try:
        data = await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return 0
    at = data.rfind(b"\x88")
    return int.from_bytes(data[at + 2 : at + 4]) if at >= 0 else 0


def test_ten_thousand_fragments(play):
    """A message in pieces counts as one: taken while it is small, cut when it is not."""

    async def scene(stage):
        hello = b'{"type":"$hello","data":{"version":1,"token":"%s"}}' % stage.token.encode()
        pieces = [hello[n : n + 1] for n in range(len(hello))] + [b" "] * 10_000
        reader, writer = await wire(stage)
        writer.write(frame(TEXT, b"") + b"".join(frame(CONTINUATION, each) for each in pieces))
        writer.write(frame(CONTINUATION | LAST, b""))
        await asyncio.wait_for(reader.readuntil(b"$welcome"), 10)
        writer.write(frame(TEXT, b"") + frame(CONTINUATION, bytes(60_000)) * 100)
        assert await refused(reader) in (1009, 0)
        writer.close()
        assert (await (await stage.link()).hello())["type"] == "$welcome"

    play(scene)


def test_a_compression_bomb(play):
    """Compression is not agreed on, and a compressed frame ends the link undecoded."""

    async def scene(stage):
        bomb = zlib.compress(bytes(50_000_000), 9)[2:50_002]
        reader, writer = await wire(stage)
        writer.write(frame(TEXT | LAST | DEFLATED, bomb))
        assert await refused(reader) in (1002, 0)
        writer.close()

    play(scene)


def test_an_upload_that_swells(play):
    """A body that says it is compressed is refused: its length says nothing of its size."""

    async def scene(stage):
        browser = await stage.browser()
        headers = {
            "Authorization": f"Bearer {browser.welcome['session']}",
            "Content-Encoding": "deflate",
        }
        bomb = zlib.compress(bytes(4_000_000), 9)
        url = f"{stage.url}/uploads"
        async with stage.http.post(url, data=bomb, headers=headers) as response:
            told = await response.json()
        assert (response.status, told["code"]) == (400, "invalid_data")

    play(scene, limits=BridgeLimits(upload_nbytes=1_000_000))


def test_text_for_binary(play):
    """Text where a record is due, and the other way round, is one error each and no end."""

    async def scene(stage):
        browser = await stage.browser()
        await browser.socket.send_bytes(b'{"type":"$ping"}')
        assert (await browser.hear("$error"))["data"]["code"] == "bad_record"
        await browser.socket.send_str("\x00\x01\x02")
        assert (await browser.hear("$error"))["data"]["code"] == "bad_message"
        assert (await browser.ask("$ping"))["type"] == "$pong"

    play(scene)


# --- places and names -------------------------------------------------------------------------


def test_the_sixty_fifth_session(play):
    """64 are let in, one more is told to come later, with the documented code."""

    async def scene(stage):
        for _ in range(64):
            await (await stage.link()).hello()
        late = await stage.link()
        assert (await late.hello())["data"]["code"] == "too_many"
        assert await late.ended() == 4429
        assert len(stage.serving.bridge.sessions) == 64

    play(scene, limits=BridgeLimits(sessions_per_address=100))


NAMES = ("../../etc/passwd", "/etc/passwd", "CON", "..\\..\\x", "%2e%2e%2fx")


@pytest.mark.parametrize("name", NAMES)
def test_names_that_look_like_paths(play, name, tmp_path, monkeypatch):
    """A file's name is a label: it arrives as it is, and nothing is written by it."""
    monkeypatch.chdir(tmp_path)

    async def scene(stage):
        browser = await stage.browser()
        headers = {
            "Authorization": f"Bearer {browser.welcome['session']}",
            "X-Upload-Name": name.replace("%", "%25"),
        }
        async with stage.http.post(f"{stage.url}/uploads", data=b"x", headers=headers) as response:
            reference = (await response.json())["upload"]
        weighed = await browser.ask("weigh", {"file": reference})
        assert weighed["data"] == {"name": name, "nbytes": 1}
        assert list(tmp_path.iterdir()) == []

    play(scene)


@pytest.mark.parametrize("name", ["x" * 5_000, "%00"])
def test_names_that_can_not_be(play, name):
    """Too long, or with NUL: refused before a byte is kept."""

    async def scene(stage):
        browser = await stage.browser()
        headers = {"Authorization": f"Bearer {browser.welcome['session']}", "X-Upload-Name": name}
        async with stage.http.post(f"{stage.url}/uploads", data=b"x", headers=headers) as response:
            assert response.status == 400
            assert (await response.json())["code"] == "invalid_data"

    play(scene)


@pytest.mark.parametrize(
    "path",
    [
        "/web/../reactor_zmq_bridge/app.py",
        "/web/..%2freactor_zmq_bridge/app.py",
        "/web/%2e%2e/reactor_zmq_bridge/app.py",
        "/viewer/../../setup.py",
        "/viewer//etc/passwd",
        "/web/viewer",
        "/web/%00",
    ],
)
def test_paths_that_climb(play, path):
    """Only files of the page are served, and no folder is listed."""

    async def scene(stage):
        host = f"Host: 127.0.0.1:{stage.serving.port}"
        head, _, writer = await raw(stage, f"GET {path} HTTP/1.1", host)
        writer.close()
        assert head.split()[1] in (b"403", b"404", b"400")

    play(scene)
