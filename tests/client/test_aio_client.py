"""The asyncio client: the same behaviour, awaited; and nothing lost by a cancellation."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_server import TOKEN, FakeServer, refusal

from reactor_zmq.client import Message, aio
from reactor_zmq.errors import (
    AuthenticationError,
    ConfigError,
    ConnectionLost,
    EventError,
    LoadError,
    LocalProtocolError,
)

Story = Callable[[aio.AsyncClient], Coroutine[Any, Any, None]]


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the condition is another thread's
            await asyncio.sleep(0.002)


@pytest.fixture
def play(server: FakeServer) -> Callable[[Story], None]:
    """Return what runs a story with a connected client."""

    def run(story: Story) -> None:
        async def whole() -> None:
            async with aio.connect(server.events, token=TOKEN, reply_timeout=10) as client:
                await story(client)

        asyncio.run(whole(), debug=False)

    return run


Play = Callable[[Story], None]


def test_events_and_replies(play: Play, server: FakeServer):
    """Send, post, refusals and our own mistakes, as on the synchronous client."""
    server.on["bad"] = lambda _, __, e: refusal(e, "invalid_data", "expected <= 5", "size")

    async def story(client: aio.AsyncClient) -> None:
        assert (await client.send("echo", prompt="a storm")).prompt == "a storm"
        for n in range(300):
            await client.post("set_n", n=n)
        replies = await asyncio.gather(*(client.send("echo", n=n) for n in range(200)))
        assert [reply.n for reply in replies] == list(range(200))
        with pytest.raises(EventError, match="expected <= 5") as told:
            await client.send("bad")
        assert told.value.field == "size"
        with pytest.raises(LocalProtocolError):
            await client.send("echo", x=object())
        assert await client.schema() == {"openapi": "3.1.0"}
        assert client.session == "s1"

    play(story)
    sets = [e["data"]["n"] for e in server.applied if e["type"] == "set_n"]
    assert sets == list(range(300))
    assert not server.members


def test_connect_can_be_awaited(server: FakeServer):
    """Without a context the client is closed by hand, and twice does no harm."""

    async def whole() -> None:
        client = await aio.connect(server.events, token=TOKEN, name="me", scope="view")
        assert client.client_id == "c1"
        await client.close()
        await client.close()
        with pytest.raises(ConnectionLost):
            await client.send("echo")

    asyncio.run(whole())


def test_connecting_fails_as_it_does_synchronously(server: FakeServer):
    """Wrong token, nobody there, no endpoint."""

    async def whole() -> None:
        with pytest.raises(AuthenticationError):
            await aio.connect(server.events, token="wrong")
        with pytest.raises(ConnectionLost, match="reactor-zmq run"):
            await aio.connect("tcp://127.0.0.1:9", token="t", timeout=0.1)
        with pytest.raises(ConfigError):
            await aio.connect("foo://", token="t")

    asyncio.run(whole())


def test_cancelled_calls_lose_nothing(play: Play, server: FakeServer):
    """Of many cancelled waits for messages, replies and frames none takes anything away."""

    async def story(client: aio.AsyncClient) -> None:
        got: list[int] = []

        async def collect() -> None:
            async for message in client.messages():
                got.append(message.n)  # noqa: PERF401 - what came before a cancellation counts

        for n in range(60):
            task = asyncio.create_task(collect())
            await asyncio.to_thread(server.say, "tick", {"n": n})
            await asyncio.sleep(0.001 * (n % 3))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            sending = asyncio.create_task(client.send("echo", n=n))
            await asyncio.sleep(0)
            sending.cancel()
        assert (await client.send("echo", n=-1)).n == -1
        while len(got) < 60:
            got.append((await anext(client.messages(10))).n)
        assert got == list(range(60))

    play(story)
    assert [e["data"]["n"] for e in server.applied] == [*range(60), -1]


def test_cancelled_frame_step_loses_nothing(play: Play, server: FakeServer):
    """A step that is cancelled leaves its frame to the next one."""

    async def story(client: aio.AsyncClient) -> None:
        async with client.frames(every=True, timeout=10) as frames:
            seen: list[int] = []
            for seq in range(40):
                for moment in ("before", "after"):
                    step = asyncio.create_task(anext(frames))
                    await asyncio.sleep(0)
                    if not step.cancel():
                        seen.append(step.result().seq)
                    await asyncio.gather(step, return_exceptions=True)
                    if moment == "before":
                        await asyncio.to_thread(server.send_frame, seq)
            while len(seen) < 40:
                seen.append((await anext(frames)).seq)
            assert seen == list(range(40))

    play(story)


def test_reply_that_does_not_come(server: FakeServer):
    """The wait ends after ``reply_timeout``; the client goes on."""
    server.on["slow"] = lambda _, __, ___: None

    async def whole() -> None:
        async with aio.connect(server.events, token=TOKEN, reply_timeout=0.1) as client:
            with pytest.raises(TimeoutError, match=r"'slow' within 0\.1 s"):
                await client.send("slow")
            assert (await client.send("echo", a=1)).a == 1

    asyncio.run(whole())


def test_a_slow_reply_holds_up_nobody(play: Play, server: FakeServer):
    """Other tasks go on while one waits."""
    held: list[dict[str, Any]] = []
    server.on["slow"] = lambda _, __, event: held.append(event)

    async def story(client: aio.AsyncClient) -> None:
        slow = asyncio.create_task(client.send("slow"))
        assert (await client.send("echo", n=1)).n == 1
        assert not slow.done()
        await until(lambda: held)
        await asyncio.to_thread(server.say, "finally", None, id=held[0]["id"])
        assert (await slow).type == "finally"

    play(story)


def test_broken_link_is_resumed(play: Play, server: FakeServer):
    """As on the synchronous client: the same client goes on, nothing is applied twice."""

    async def story(client: aio.AsyncClient) -> None:
        before = client.client_id
        for n in range(200):
            await client.post("set_n", n=n)
            if n % 50 == 25:
                await asyncio.to_thread(server.cut)
        assert (await client.send("echo", a=1)).a == 1
        assert client.client_id == before

    play(story)
    sets = [e["data"]["n"] for e in server.applied if e["type"] == "set_n"]
    assert sets == list(range(200))


def test_messages_and_callbacks(play: Play, server: FakeServer):
    """Callbacks run on the loop in order; messages are iterated as well."""
    heard: list[Message] = []

    async def story(client: aio.AsyncClient) -> None:
        client.on_message(lambda message: message.no_such_field)
        client.on_message(heard.append)
        for n in range(3):
            await asyncio.to_thread(server.say, "tick", {"n": n})
        messages = client.messages(10)
        assert [(await anext(messages)).n for _ in range(3)] == [0, 1, 2]
        await until(lambda: len(heard) == 3)
        with pytest.raises(TimeoutError):
            await anext(client.messages(0.05))

    play(story)
    assert [message.n for message in heard] == [0, 1, 2]


def test_frames(play: Play, server: FakeServer):
    """Newest first, live before the first step, with pictures and gaps."""

    async def story(client: aio.AsyncClient) -> None:
        async with client.frames(timeout=10) as frames:
            assert frames.live
            await asyncio.to_thread(server.send_frame, 0)
            first = await anext(frames)
            assert (first.seq, first.array.shape, first.track) == (0, (4, 6, 3), "main")
            for seq in range(1, 7):
                await asyncio.to_thread(server.send_frame, seq)
            last, missed = first, 0
            while last.seq < 6:
                last = await anext(frames)
                missed += last.gap + 1
            assert missed == 6
        assert [frame async for frame in frames] == []
        bare = client.frames(timeout=0.05)
        with pytest.raises(TimeoutError, match="main"):
            await anext(bare)
        assert bare.live
        with pytest.raises(ConfigError, match=r"'mian'.*main"):
            await anext(client.frames("mian"))

    play(story)


def test_iterations_end_with_the_client(server: FakeServer):
    """Tasks that wait for frames or messages end quietly after ``close``."""

    async def whole() -> None:
        client = await aio.connect(server.events, token=TOKEN)

        async def frames() -> list[int]:
            return [frame.seq async for frame in client.frames()]

        async def messages() -> list[str]:
            return [message.type async for message in client.messages()]

        tasks = [asyncio.create_task(frames()), asyncio.create_task(messages())]
        await until(lambda: any(t.startswith(b"sync/") for t in server.topics_asked))
        await client.send("echo")
        await client.close()
        async with asyncio.timeout(10):
            assert await asyncio.gather(*tasks) == [[], []]

    asyncio.run(whole())


def test_being_let_go_is_raised_everywhere(play: Play, server: FakeServer):
    """The reason of the front end's goodbye ends every wait."""

    async def story(client: aio.AsyncClient) -> None:
        waits: list[Awaitable[Any]] = [
            asyncio.ensure_future(anext(client.messages())),
            asyncio.ensure_future(anext(client.frames())),
        ]
        await until(lambda: any(t.startswith(b"sync/") for t in server.topics_asked))
        await asyncio.to_thread(server.say, "$bye", {"reason": "stopped"})
        async with asyncio.timeout(10):
            results = await asyncio.gather(*waits, return_exceptions=True)
        assert all(isinstance(r, ConnectionLost) and "stopped" in str(r) for r in results)

    play(story)


def test_waiting_for_the_model(play: Play, server: FakeServer):
    """``wait_ready`` and a nameless ``frames`` wait until it has loaded."""
    topics, server.topics, server.schema_hash = server.topics, [], ""
    server.status = {"state": "loading", "epoch": 1}

    async def story(client: aio.AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            await client.wait_ready(0.02)
        live = asyncio.create_task(client.frames().go_live())
        server.topics, server.schema_hash = topics, "abc"
        await asyncio.to_thread(server.set_status, state="ready")
        await client.wait_ready(10)
        async with asyncio.timeout(10):
            await live
        await asyncio.to_thread(server.set_status, state="failed", reason="load_failed")
        await until(lambda: client.status.state == "failed")
        with pytest.raises(LoadError, match="load_failed"):
            await client.wait_ready(10)

    play(story)


def test_files_and_published_frames(play: Play, server: FakeServer, tmp_path: Path):
    """Uploads from memory and from a file; publications with their words; giving a track back."""
    path = tmp_path / "cat.png"
    path.write_bytes(bytes(5000))

    async def story(client: aio.AsyncClient) -> None:
        reports: list[int] = []
        one = await client.upload(b"abc" * 900, name="n", progress=lambda n, _: reports.append(n))
        two = await client.upload(path)
        assert reports[-1] == 2700
        assert server.uploads[one.upload_id]["bytes"] == b"abc" * 900
        assert server.uploads[two.upload_id]["bytes"] == bytes(5000)
        assert client.publish("camera", np.zeros((2, 2, 3), np.uint8))
        await client.unpublish("camera")
        assert len(server.published) == 1
        server._finish_upload = lambda word: refusal(word, "upload_corrupt", "wrong SHA-256")
        with pytest.raises(EventError, match="SHA-256"):
            await client.upload(b"x")
        await client.send("echo")
        assert server.cancelled == ["u3"]

    play(story)


def test_clients_leave_nothing_behind(resources: None, server: FakeServer):
    """Descriptors and sockets are given back."""

    async def whole() -> None:
        for _ in range(3):
            async with aio.connect(server.events, token=TOKEN) as client:
                await client.send("echo")
                await client.frames().go_live()

    asyncio.run(whole())


def test_reading_does_not_spin(play: Play, server: FakeServer):
    """A frame that nobody takes does not keep the loop busy: its descriptor is not watched."""

    async def story(client: aio.AsyncClient) -> None:
        async with client.frames(timeout=10) as frames:
            await asyncio.to_thread(server.send_frame, 0)
            await anext(frames)
            feed = frames._feed
            assert feed is not None
            assert not asyncio.get_running_loop().remove_reader(feed.fileno())

    play(story)


def test_it_is_importable_from_the_package(server: FakeServer):
    """``reactor_zmq.aio`` is this module."""
    script = f"""
import asyncio
import reactor_zmq
async def main():
    async with reactor_zmq.aio.connect({server.events!r}, token={TOKEN!r}) as client:
        await client.send("echo", a=1)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", script], timeout=30, check=True)
