"""Links that end anywhere within a conversation: no part of a message counts."""

from __future__ import annotations

import msgspec
from raw import RawClient
from zmq_peers import peer_context

from reactor_zmq.testing.proxy import FaultProxy
from reactor_zmq.testing.zmtp import RawPeer, command, greeting, hello, initiate, multipart


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


def test_reset_amid_messages_and_pings_is_survived(served, good, link):
    """A queue is overrun, PINGs in it: libzmq would abort where queues have a bound."""
    said = multipart(msgspec.json.encode({"type": "$ping"}))
    flood = said * 100 + (said + command(b"PING", b"\x00\x00context")) * 50
    for _ in range(20):
        peer = link(kind=b"DEALER")
        peer.write(flood)
        peer.reset()
