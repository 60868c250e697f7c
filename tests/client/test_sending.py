"""Events, their replies and refusals, from one thread and from many."""

from __future__ import annotations

import dataclasses
import enum
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from fake_server import Answer, FakeServer, Member, ok, refusal

from reactor_zmq.client import Client, Message, Reply, UploadReference
from reactor_zmq.errors import ConnectionLost, EventError, LoadError, LocalProtocolError

Wait = Callable[..., None]


def test_send_returns_the_reply(client: Client, server: FakeServer):
    """The handler's message comes back, its fields by name, by key and as a mapping."""
    reply = client.send("echo", prompt="a storm", size=3)
    assert isinstance(reply, Reply)
    assert (reply.type, reply.prompt, reply["size"]) == ("echoed", "a storm", 3)
    assert reply.data == {"prompt": "a storm", "size": 3}
    assert client.send("set_prompt", prompt="x") == Reply("$ok", {})
    assert [(e["id"], e["seq"]) for e in server.applied] == [(1, 1), (2, 2)]


def test_every_name_may_be_a_field(client: Client):
    """An event's fields do not clash with the parameters of ``send``."""
    fields = {"type": 1, "self": 2, "data": 3, "timeout": 4}
    assert client.send("echo", **fields).data == fields


def test_unknown_field_of_a_reply_is_named(client: Client):
    """A typing mistake is an AttributeError that lists what there is."""
    with pytest.raises(AttributeError, match=r"'promt'.*prompt"):
        _ = client.send("echo", prompt="x").promt


def test_refused_event_raises_what_was_told(client: Client, server: FakeServer):
    """Code, text and field arrive as the handler gave them."""
    server.on["set_size"] = lambda _, __, e: refusal(e, "invalid_data", "expected <= 5", "size")
    with pytest.raises(EventError) as told:
        client.send("set_size", size=9)
    error = told.value
    assert (error.code, error.text, error.field) == ("invalid_data", "expected <= 5", "size")


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: int


def test_values_travel_as_what_they_mean(client: Client):
    """Enums by value, dataclasses as maps, numpy scalars as numbers, files by their id."""
    reference = UploadReference("u7", "cat.png", "image/png", 5)
    reply = client.send(
        "echo",
        colour=Colour.RED,
        at=Point(1, 2),
        n=np.int64(3),
        f=np.float32(0.5),
        file=reference,
        files=[{"a": reference}],
        raw=b"\x00",
        nothing=None,
    )
    assert reply.data == {
        "colour": "red", "at": {"x": 1, "y": 2}, "n": 3, "f": 0.5, "file": {"upload_id": "u7"},
        "files": [{"a": {"upload_id": "u7"}}], "raw": b"\x00", "nothing": None,
    }  # fmt: skip


@pytest.mark.parametrize("value", [object(), 2**70, np.zeros(3), "x" * 70_000])
def test_what_can_not_travel_is_not_sent(client: Client, server: FakeServer, value: Any):
    """Our own mistake is found on our own side, and the next event is not disturbed."""
    with pytest.raises(LocalProtocolError):
        client.send("echo", value=value)
    with pytest.raises(LocalProtocolError):
        client.send("$bye")
    assert client.send("echo", a=1).a == 1
    assert len(server.applied) == 1


def test_no_reply_in_time(join: Callable[..., Client], server: FakeServer):
    """The wait ends, the event stays, and its late reply disturbs nobody."""
    late: list[dict[str, Any]] = []
    server.on["slow"] = lambda _, __, e: late.append(e)
    client = join(reply_timeout=0.1)
    with pytest.raises(TimeoutError, match=r"'slow'.*0\.1 s"):
        client.send("slow")
    server.say("done", id=late[0]["id"])
    assert client.send("echo", a=2).a == 2


def test_post_does_not_wait_and_keeps_the_order(client: Client, server: FakeServer):
    """Posts and sends arrive as they were made; more than fit at once just take longer."""
    for n in range(300):
        client.post("set_n", n=n)
    client.send("last")
    assert [e["data"].get("n") for e in server.applied] == [*range(300), None]
    assert [e["seq"] for e in server.applied] == list(range(1, 302))


def test_refused_post_is_logged(
    client: Client, server: FakeServer, caplog: pytest.LogCaptureFixture
):
    """Nobody waits for it, so the log has to tell."""
    server.on["bad"] = lambda _, __, e: refusal(e, "unknown_event", "no such event")
    with caplog.at_level(logging.WARNING, "reactor_zmq.client"):
        client.post("bad")
        client.send("echo")
    assert "'bad'" in caplog.text
    assert "unknown_event" in caplog.text


def test_eight_threads_share_a_client(client: Client):
    """Each of a hundred sends in each of eight threads gets its own reply."""

    def work(thread: int) -> list[tuple[int, int]]:
        return [
            (reply.thread, reply.n)
            for n in range(100)
            for reply in [client.send("echo", thread=thread, n=n)]
        ]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert results == [[(t, n) for n in range(100)] for t in range(8)]


def test_a_slow_reply_holds_up_nobody(client: Client, server: FakeServer, wait_until: Wait):
    """While one thread waits, and reads for all, others send and get their replies."""
    held: list[dict[str, Any]] = []

    def hold(_: FakeServer, __: Member, event: dict[str, Any]) -> Answer:
        held.append(event)
        return None

    server.on["slow"] = hold
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.send, "slow")
        wait_until(lambda: held, "the slow event")
        assert [client.send("echo", n=n).n for n in range(20)] == list(range(20))
        assert not slow.done()
        server.say("finally", {"n": 1}, id=held[0]["id"])
        assert slow.result(10) == Reply("finally", {"n": 1})


def test_the_turn_goes_on_when_its_reader_is_done(
    client: Client, server: FakeServer, wait_until: Wait
):
    """The thread that reads leaves first; another one, which slept, reads on and gets its reply."""
    held: list[dict[str, Any]] = []
    for kind in ("first", "second"):
        server.on[kind] = lambda _, __, event: held.append(event)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.send, "first")
        wait_until(lambda: len(held) == 1)
        second = pool.submit(client.send, "second")
        wait_until(lambda: len(held) == 2)
        server.say("a", id=held[0]["id"])
        assert first.result(10).type == "a"
        server.say("b", id=held[1]["id"])
        assert second.result(10).type == "b"


def test_close_releases_those_who_wait(join: Callable[..., Client], server: FakeServer):
    """A send that waits ends with the client."""
    client = join()
    arrived = threading.Event()
    server.on["slow"] = lambda _, __, ___: arrived.set()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.send, "slow")
        assert arrived.wait(10)
        client.close()
        with pytest.raises(ConnectionLost):
            waiting.result(10)
    with pytest.raises(ConnectionLost, match="closed"):
        client.send("echo")
    with pytest.raises(ConnectionLost, match="closed"):
        client.post("echo")


def test_what_was_posted_before_close_is_heard(join: Callable[..., Client], server: FakeServer):
    """Close waits for the front end's goodbye, which comes after everything else."""
    client = join()
    for n in range(50):
        client.post("set_n", n=n)
    client.close()
    assert len(server.applied) == 50
    assert server.heard[-1]["type"] == "$bye"
    assert not server.members


def test_schema_is_a_mapping(client: Client):
    """The OpenAPI document comes as plain values."""
    assert client.schema() == {"openapi": "3.1.0"}


def test_status_and_state_follow_the_runtime(client: Client, server: FakeServer, wait_until: Wait):
    """Both are told, not asked for, and can't be written to."""
    assert client.state == {"prompt": "a sunny meadow"}
    server.say("$state", {"version": 3, "fields": {"prompt": "a storm", "size": 2}})
    wait_until(lambda: client.state == {"prompt": "a storm", "size": 2}, "the new state")
    with pytest.raises(TypeError):
        client.state["prompt"] = "x"  # type: ignore[index]
    server.set_status(state="restarting", epoch=2, reason="crashed")
    wait_until(lambda: client.epoch == 2, "the new epoch")
    assert (client.status.state, client.status.reason) == ("restarting", "crashed")


def test_wait_ready_waits_for_the_model(join: Callable[..., Client], server: FakeServer):
    """It returns when the model has loaded and its tracks are known."""
    server.status = {"state": "loading", "epoch": 1}
    topics, server.topics, server.schema_hash = server.topics, [], ""
    client = join()
    with pytest.raises(TimeoutError):
        client.wait_ready(0.05)
    server.topics, server.schema_hash = topics, "abc"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.wait_ready, 10)
        server.set_status(state="ready")
        waiting.result(10)
    assert [t.track for t in client.tracks] == ["main"]


def test_wait_ready_tells_that_the_model_failed(join: Callable[..., Client], server: FakeServer):
    """A model that can't be loaded is not waited for."""
    server.status = {"state": "failed", "epoch": 1, "reason": "load_failed"}
    with pytest.raises(LoadError, match="load_failed"):
        join().wait_ready(10)


def test_being_let_go_is_told_in_every_call(client: Client, server: FakeServer, wait_until: Wait):
    """The reason of the front end's goodbye is what is raised after it."""
    server.say("$bye", {"reason": "slow_consumer"})
    wait_until(lambda: client.closed, "the goodbye")
    for call in (lambda: client.send("echo"), lambda: next(client.messages()), client.schema):
        with pytest.raises(ConnectionLost, match="slow_consumer"):
            call()


def test_garbage_is_counted_and_ignored(client: Client, server: FakeServer, wait_until: Wait):
    """No bytes of the front end break the client."""
    for parts in ([b""], [b"\xc1"], [b"{}"], [b"x"] * 40, [b"\x81\xa4type\x01"], [b"[" * 5000]):
        server.say_parts(parts)
    wait_until(lambda: client._driver.malformed == 6, "six bad messages")
    assert client.send("echo", a=1).a == 1


def test_message_compares_by_content():
    """Two messages with the same type and fields are equal, and can't be keys."""
    assert Message("a", {"x": 1}) == Message("a", {"x": 1}) != Message("a", {"x": 2})
    assert Message("a", {}) != "a"
    assert list(Message("a", {"x": 1})) == ["x"]
    with pytest.raises(TypeError):
        hash(Message("a", {}))
    assert ok({"id": 1})["type"] == "$ok"
