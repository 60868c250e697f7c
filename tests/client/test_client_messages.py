"""What the model says: iterated, called back, never lost silently."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fake_server import FakeServer

from reactor_zmq.client import Client, Message
from reactor_zmq.client.driver import MAX_MESSAGES

Wait = Callable[..., None]


def test_messages_come_in_order_with_their_fields(client: Client, server: FakeServer):
    """What was said before the iterator was made is there as well."""
    for step in range(3):
        server.say("progress", {"step": step})
    messages = client.messages(10)
    assert [next(messages).step for _ in range(3)] == [0, 1, 2]


def test_waiting_iterator_gets_the_message(client: Client, server: FakeServer):
    """A thread that waits reads by itself."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: next(client.messages(10)))
        server.say("hello", {"n": 1})
        assert waiting.result(10) == Message("hello", {"n": 1})


def test_replies_are_no_messages(client: Client, server: FakeServer):
    """A reply goes to whoever asked, and to nobody else."""
    client.send("echo", a=1)
    server.say("only", {})
    assert next(client.messages(10)).type == "only"


def test_no_message_in_time(client: Client):
    """The wait ends with an error that says how long it was."""
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        next(client.messages(0.05))


def test_iteration_ends_with_the_client(join: Callable[..., Client]):
    """Quietly after ``close``, also for a thread that waits."""
    client = join()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, client.messages())
        client.send("echo")
        client.close()
        assert waiting.result(10) == []


def test_oldest_messages_go_and_are_counted(client: Client, server: FakeServer, wait_until: Wait):
    """A client that never takes messages does not grow."""
    for n in range(0, MAX_MESSAGES + 10, 50):
        server.do(lambda n=n: [server_say(server, n + i) for i in range(50)])
    wait_until(lambda: client.dropped_messages > 0, "the first drop")
    client.send("echo")
    kept = MAX_MESSAGES
    assert client.dropped_messages == len(range(0, MAX_MESSAGES + 10, 50)) * 50 - kept
    assert next(client.messages(10)).n == client.dropped_messages


def server_say(server: FakeServer, n: int) -> None:
    """Say one numbered message, from the server's thread."""
    for member in server.members.values():
        assert member.peer is not None
        server._send(member.peer, {"type": "tick", "data": {"n": n}})


def test_callbacks_run_in_order_in_the_background(
    client: Client, server: FakeServer, wait_until: Wait
):
    """Each message once, in one thread that is not the caller's."""
    heard: list[tuple[int, int]] = []

    @client.on_message
    def remember(message: Message) -> None:
        heard.append((message.n, threading.get_ident()))

    for n in range(5):
        server.say("tick", {"n": n})
        client.send("echo")
    wait_until(lambda: len(heard) == 5, "five calls")
    assert [n for n, _ in heard] == list(range(5))
    assert {thread for _, thread in heard} == {client._thread.ident}
    assert callable(remember)
    assert next(client.messages(10)).n == 0


def test_callbacks_may_use_the_client(client: Client, server: FakeServer, wait_until: Wait):
    """An answer to a message can be sent from where it was heard."""
    replies: list[int] = []
    client.on_message(lambda message: replies.append(client.send("echo", n=message.n).n))
    for n in range(3):
        server.say("ask", {"n": n})
    wait_until(lambda: replies == [0, 1, 2], "three replies")


def test_failing_callback_is_logged_and_the_next_runs(
    client: Client, server: FakeServer, wait_until: Wait, caplog: pytest.LogCaptureFixture
):
    """The author's mistake does not stop the client."""
    heard: list[str] = []
    client.on_message(lambda message: message.no_such_field)
    client.on_message(lambda message: heard.append(message.type))
    with caplog.at_level(logging.ERROR, "reactor_zmq.client"):
        server.say("a")
        server.say("b")
        wait_until(lambda: heard == ["a", "b"], "both messages")
    assert "no_such_field" in caplog.text


def test_client_may_be_closed_from_a_callback(
    join: Callable[..., Client], server: FakeServer, wait_until: Wait
):
    """The background thread does not wait for itself."""
    client = join()
    client.on_message(lambda _: client.close())
    server.say("enough")
    wait_until(lambda: not client._thread.is_alive(), "the end of the thread")
    assert client.closed
