"""Links that end anywhere within a conversation: no part of a message counts."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from hostile_peers import is_cut
from raw import RawClient
from zmq_peers import peer_context

from reactor_zmq.testing.proxy import FaultProxy
from reactor_zmq.testing.zmtp import RawPeer, command, greeting, hello, initiate, multipart

# Without an end to it a flood takes hundreds of megabytes each second.
BOUND_NBYTES = 256 * 2**20


def test_links_cut_anywhere_leave_nothing_behind(served, good):
    """Whatever the byte at which it ends, an event whose last byte did not come is not applied."""
    token = served.connection.token
    words = (
        {"type": "$hello", "data": {"protocol": 1}},
        {"type": "set_prompt", "data": {"prompt": "cut off"}},
    )
    said = b"".join(multipart(msgspec.json.encode(word)) for word in words)
    all_of_it = greeting() + hello(token) + initiate(Socket_Type=b"DEALER") + said
    with FaultProxy(served.connection.events) as proxy:
        for size in {*range(0, len(all_of_it), 5), *range(len(all_of_it) - 12, len(all_of_it))}:
            proxy.up.cut_after_nbytes = size
            with RawPeer(proxy.endpoint) as peer:
                peer.write(all_of_it)
                peer.read_to_end()


def test_the_same_conversation_as_a_whole_is_applied(served):
    """What the test above cuts off would have had an effect."""
    with peer_context() as context:
        client = RawClient(context, served.connection)
        client.hello()
        client.wait_ready()
        client.ask("set_prompt", {"prompt": "whole"})
        assert client.ask("ask_prompt")["data"]["prompt"] == "whole"


PING = command(b"PING", b"\x00\x00context")


@pytest.mark.parametrize(
    ("which", "kind", "said"),
    [
        ("events", b"DEALER", multipart(msgspec.json.encode({"type": "$ping"}))),
        ("frames", b"SUB", multipart(b"\x01frame/main_video/")),
    ],
    ids=["events", "frames"],
)
def test_reset_amid_messages_and_pings_is_survived(served, good, link, which, kind, said):
    """A queue is overrun, PINGs in it: libzmq would abort where queues have a bound."""
    flood = said * 100 + (said + PING) * 50
    for _ in range(20):
        peer = link(which, kind)
        peer.write(flood)
        peer.reset()


def test_cut_of_a_flood_with_pings_is_survived(served, good, link):
    """The end that this side makes of a link that floods is no better than a reset."""
    said = multipart(b"\x01frame/main_video/") + PING
    for _ in range(3):
        assert is_cut(link("frames", b"SUB"), said * 1000, 1000)


@pytest.mark.parametrize("topic", [b"the same each time", b""], ids=["a topic", "everything"])
def test_flood_of_subscriptions_is_cut_and_its_memory_bounded(served, good, link, topic):
    """However fast they come: one call would take them in for ever."""
    before = anonymous_nbytes(served.process.pid)
    for _ in range(3):
        assert is_cut(link("frames", b"SUB"), multipart(b"\x01" + topic) * 10_000, 1000)
    assert anonymous_nbytes(served.process.pid) - before < BOUND_NBYTES


def test_flood_of_new_topics_is_cut_and_its_memory_bounded(served, good, link):
    """Each takes memory of its own, that libzmq does not give back."""
    before, rng = anonymous_nbytes(served.process.pid), random.Random(4)
    for _ in range(3):
        data = b"".join(multipart(b"\x01" + rng.randbytes(12)) for _ in range(10_000))
        assert is_cut(link("frames", b"SUB"), data, 1000)
    assert anonymous_nbytes(served.process.pid) - before < BOUND_NBYTES


def anonymous_nbytes(pid: int) -> int:
    """Return how much memory a process has of its own."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024
