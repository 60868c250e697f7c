"""The clients against real runs: front end, actor and all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_zmq.client import Client, aio, connect
from reactor_zmq.errors import AuthenticationError, ConnectionLost, EventError, LoadError
from reactor_zmq.testing.running import Running, running

MODELS = Path(__file__).parent.parent / "runtime" / "models.py"
Start = Callable[..., Running]
Wait = Callable[..., None]


@pytest.fixture
def start(resources: None, run_directory: Path) -> Iterator[Start]:
    """Start a model of the runtime's tests; it ends with the test and leaves nothing behind."""
    with ExitStack() as stack:

        def run(model: str, *options: str, **more: Any) -> Running:
            return stack.enter_context(running(f"{MODELS}:{model}", *options, **more))

        yield run


@pytest.fixture
def meet(start: Start) -> Iterator[Callable[..., Client]]:
    """Start a model and connect to it by nothing at all: it is the only one."""
    with ExitStack() as stack:

        def run(model: str) -> Client:
            start(model)
            client = stack.enter_context(connect(timeout=20, reply_timeout=20))
            client.wait_ready(20)
            return client

        yield run


def test_the_briefs_page(meet: Callable[..., Client]):
    """Set, get, message, upload, frames, schema: the whole page through a client."""
    client = meet("Page")
    assert next(client.messages(10)).data == {"to": client.client_id}
    assert client.send("set_prompt", prompt="a storm").type == "$ok"
    client.post("get_current_prompt")
    assert next(client.messages(10)).prompt == "a storm"
    assert client.send("ask_prompt").prompt == "a storm"
    image = client.upload(bytes(range(256)) * 2000, name="cat.png")
    client.send("set_image", image=image)
    assert client.send("measure").data == {"name": "cat.png", "nbytes": 512_000}
    assert "/events/set_prompt" in client.schema()["paths"]
    with client.frames(timeout=10) as frames:
        first, second = next(frames), next(frames)
    assert first.array.shape == (48, 64, 3)
    assert second.seq > first.seq
    assert client.inputs == ("camera",)


def test_refusals_come_as_they_were_raised(meet: Callable[..., Client]):
    """The runtime's own, the author's own, and the author's mistakes without their detail."""
    client = meet("Page")
    for call, code, field in (
        (lambda: client.send("set_strength", strength=99), "invalid_data", "strength"),
        (lambda: client.send("nothing"), "unknown_event", None),
        (lambda: client.send("refuse"), "not_now", None),
        (lambda: client.send("fail"), "internal_error", None),
    ):
        with pytest.raises(EventError) as told:
            call()
        assert (told.value.code, told.value.field) == (code, field)
        assert "secret" not in str(told.value)


def test_state_is_followed(meet: Callable[..., Client], wait_until: Wait):
    """What another client sets is seen here."""
    client = meet("Page")
    with connect() as other:
        other.send("set_prompt", prompt="seen")
    wait_until(lambda: client.state.get("prompt") == "seen", "the other's prompt")


def test_published_frames_reach_the_model(meet: Callable[..., Client], wait_until: Wait):
    """What goes into the camera comes out inverted."""
    client = meet("Page")
    with client.frames(timeout=10) as frames:

        def inverted() -> bool:
            client.publish("camera", np.full((48, 64, 3), 255, np.uint8))
            return not next(frames).array.any()

        wait_until(inverted, "an inverted frame")
    client.unpublish("camera")


def test_frames_and_client_survive_the_actor(start: Start, wait_until: Wait):
    """The actor is killed: the same iterator shows the next epoch, the state is kept."""
    run = start("Page")
    with connect(run.connection_file, reply_timeout=20) as client:
        client.wait_ready(20)
        client.send("set_prompt", prompt="kept")
        with client.frames(timeout=20) as frames:
            assert next(frames).epoch == 1
            run.kill_actor()
            wait_until(lambda: next(frames).epoch == 2, "a frame of the next epoch", 20)
        assert client.epoch == 2
        assert client.send("ask_prompt").prompt == "kept"


def test_tracks_of_both_kinds(meet: Callable[..., Client]):
    """Picture and sound, each by an iterator of its own."""
    client = meet("Band")
    assert [(t.track, t.kind) for t in client.tracks] == [("picture", "video"), ("sound", "audio")]
    with client.frames(timeout=10) as pictures, client.frames("sound", timeout=10) as sound:
        assert next(pictures).array.ndim == 3
        block = next(sound)
    assert (block.array.shape, block.array.dtype) == ((1, 960), np.int16)
    assert block.rate_hz == 48_000


def test_broken_model_is_told(start: Start):
    """A model that can't be loaded is not waited for."""
    run = start("Broken")
    try:
        with (
            connect(run.connection_file, timeout=20) as client,
            pytest.raises((LoadError, ConnectionLost)),
        ):
            client.wait_ready(20)
    except ConnectionLost:
        # The run may have ended before anybody could connect to it.
        assert run.process.wait(20) != 0


def test_wrong_token_is_refused(start: Start):
    """By the real front end as by the scripted one."""
    run = start("Quiet")
    with pytest.raises(AuthenticationError):
        connect(run.connection.events, token="wrong", timeout=20)


def test_end_of_the_run_ends_the_client(start: Start):
    """The front end says goodbye; every wait ends with it."""
    run = start("Quiet")
    with connect(run.connection_file) as client:
        client.wait_ready(20)
        run.stop()
        with pytest.raises(ConnectionLost):
            list(client.messages(20))


def test_asyncio_client(start: Start):
    """Events, messages, files and frames, awaited."""
    run = start("Page")

    async def whole() -> None:
        async with aio.connect(run.connection_file, reply_timeout=20) as client:
            await client.wait_ready(20)
            assert (await anext(client.messages(10))).to == client.client_id
            replies = await asyncio.gather(*(client.send("count", value=n) for n in range(50)))
            assert [reply.value for reply in replies] == list(range(50))
            image = await client.upload(b"x" * 300_000, name="x.bin")
            await client.send("set_image", image=image)
            assert (await client.send("measure")).nbytes == 300_000
            async with client.frames(timeout=10) as frames:
                first = await anext(frames)
                assert (await anext(frames)).seq > first.seq

    asyncio.run(whole())
