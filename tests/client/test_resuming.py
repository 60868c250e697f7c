"""Links that break: what is resumed, sent again, applied once, or told to be lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fake_server import FakeServer, Member

from reactor_zmq.client import Client
from reactor_zmq.errors import AuthenticationError, ConnectionLost

Wait = Callable[..., None]


def hellos(server: FakeServer) -> list[dict[str, Any]]:
    """Return the data of every hello that came."""
    return [word["data"] for word in server.heard if word["type"] == "$hello"]


def test_broken_link_is_resumed_as_the_same_client(client: Client, server: FakeServer):
    """After a break the client says hello with its token and goes on."""
    before = client.client_id
    server.cut()
    assert client.send("echo", a=1).a == 1
    assert client.client_id == before
    assert hellos(server)[1]["resume"] == "token1"


def test_event_whose_reply_was_lost_is_applied_once(client: Client, server: FakeServer):
    """The handler ran, the link broke before the reply: the resend gets the kept one."""

    def apply_and_cut(server: FakeServer, member: Member, event: dict[str, Any]) -> None:
        member.replies[event["seq"]] = {"type": "counted", "data": {"n": 1}, "id": event["id"]}
        threading.Thread(target=server.cut).start()

    server.on["count"] = apply_and_cut
    assert client.send("count").n == 1
    assert [e["type"] for e in server.applied] == ["count"]
    sent = [w for w in server.heard if w["type"] == "count"]
    assert len(sent) == 2
    assert sent[0] == sent[1]


def test_event_that_never_arrived_is_sent_again(client: Client, server: FakeServer):
    """Lost on the way in, or on the way out: the caller sees neither."""
    lost: list[dict[str, Any]] = []

    def lose(envelope: dict[str, Any]) -> bool:
        if envelope["type"] != "echo" or lost:
            return False
        lost.append(envelope)
        threading.Thread(target=server.cut).start()
        return True

    server.swallow = lose
    assert client.send("echo", a=5).a == 5
    assert len(server.applied) == 1


def test_posts_over_many_breaks_are_applied_once_and_in_order(client: Client, server: FakeServer):
    """A link that breaks again and again loses nothing and doubles nothing."""
    for n in range(400):
        client.post("set_n", n=n)
        if n % 50 == 25:
            server.cut()
    client.send("last")
    applied = [e["data"]["n"] for e in server.applied if e["type"] == "set_n"]
    assert applied == list(range(400))
    assert len(hellos(server)) > 1


def test_lost_session_is_told_and_a_new_one_begun(
    client: Client, server: FakeServer, wait_until: Wait
):
    """A front end that does not know us any more: the event in flight fails, the next works."""
    arrived = threading.Event()
    server.on["slow"] = lambda _, __, ___: arrived.set()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.send, "slow")
        assert arrived.wait(10)
        server.forget_everybody()
        server.cut()
        with pytest.raises(ConnectionLost, match="resumed"):
            waiting.result(10)
    wait_until(lambda: client.client_id == "c2", "the new client")
    assert client.send("echo", a=1).a == 1
    assert server.applied[-1]["seq"] == 1


def test_a_front_end_that_forgot_the_link_is_greeted_again(client: Client, server: FakeServer):
    """``unauthenticated`` is not the caller's affair: the event is repeated after a hello."""

    def forget() -> None:
        for member in server.members.values():
            member.peer = b"somebody else"

    server.do(forget)
    assert client.send("echo", a=3).a == 3
    assert [h.get("resume", "") for h in hellos(server)] == ["", "token1"]


def test_runtime_that_comes_back_later_is_waited_for(client: Client, server: FakeServer):
    """Calls made meanwhile wait, and go through once it is there."""
    server.hang_up()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.send, "echo", n=n) for n in range(2)]
        server.listen_again()
        assert sorted(w.result(20).n for w in waiting) == [0, 1]


def test_new_token_ends_the_client(client: Client, server: FakeServer, wait_until: Wait):
    """A runtime started anew with another token is another runtime."""
    server.token = "changed"
    server.cut()
    wait_until(lambda: client.closed, "the refusal")
    with pytest.raises(AuthenticationError):
        client.send("echo")


def test_messages_go_on_after_a_break(client: Client, server: FakeServer, wait_until: Wait):
    """An iterator of messages does not notice."""
    messages = client.messages(10)
    server.say("a")
    assert next(messages).type == "a"
    server.cut()
    wait_until(lambda: len(hellos(server)) == 2, "the second hello")
    client.send("echo")
    server.say("b")
    assert next(messages).type == "b"


def test_upload_starts_again_on_a_new_link(client: Client, server: FakeServer):
    """A chunk that was lost with its link fails the first try; the second is whole."""
    data = bytes(range(256)) * 40
    lost: list[dict[str, Any]] = []

    def lose(envelope: dict[str, Any]) -> bool:
        if envelope["type"] != "$upload_chunk" or lost:
            return False
        lost.append(envelope)
        threading.Thread(target=server.cut).start()
        return True

    server.swallow = lose
    reference = client.upload(data, name="f.bin")
    assert server.uploads[reference.upload_id]["bytes"] == data
    assert len(server.uploads) == 2
