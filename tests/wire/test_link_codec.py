"""The actor's link: every datagram survives its way, and the socketpair keeps its promises."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.errors import ActorGone
from reactor_zmq.sockets.link import INLINE_NBYTES, Link, link_pair
from reactor_zmq.wire import link
from reactor_zmq.wire.envelope import Encoding


@pytest.fixture
def ends():
    """Both ends of a link."""
    ours, theirs = link_pair()
    pair = Link(ours, link.decode_from_actor), Link(theirs, link.decode_to_actor)
    yield pair
    for end in pair:
        end.close()


@given(st.integers(1, 2**63 - 1), st.text(max_size=20), st.binary(max_size=500))
def test_events_survive_the_link(token, kind, data):
    """What is packed at one end is unpacked equal at the other."""
    event = link.EventIn(token, "c", kind, Encoding.MSGPACK, data)
    assert link.decode_to_actor(link.encode_link(event)) == event


def test_order_is_kept_under_pressure(ends):
    """More datagrams than the kernel takes arrive complete and in order, nothing blocks."""
    front, actor = ends
    for n in range(20_000):
        actor.send(link.Message("", "n", n.to_bytes(4, "big")))
    assert actor.backlog > 0
    received = []
    while len(received) < 20_000:
        found = front.receive()
        if found is None:
            actor.flush()
            continue
        received.append(int.from_bytes(found[0].data, "big"))
    assert received == list(range(20_000))


@pytest.mark.parametrize("size", [INLINE_NBYTES - 50, INLINE_NBYTES + 1, 5_000_000])
def test_datagrams_of_any_size_arrive(ends, size):
    """Large ones travel in a memfd, small ones inline; the receiver sees no difference."""
    front, actor = ends
    data = os.urandom(size)
    actor.send(link.Message("c", "big", data))
    message, fd = front.receive()
    assert (message.data == data, fd) == (True, None)


def test_descriptor_rides_along(ends):
    """The receiver gets a descriptor of its own, also with a large datagram."""
    front, actor = ends
    read_end, write_end = os.pipe()
    for name in ("short", "long" * INLINE_NBYTES):
        front.send(link.UploadStored("u", "c", name, "", 1), write_end)
    os.close(write_end)
    for _ in range(2):
        message, fd = actor.receive()
        assert message.upload_id == "u"
        os.write(fd, b"x")
        os.close(fd)
    assert os.read(read_end, 10) == b"xx"
    os.close(read_end)


def test_no_descriptor_leaks(ends):
    """Large datagrams and descriptors leave nothing open on either side."""
    front, actor = ends
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        actor.send(link.Message("", "n", b"x" * (INLINE_NBYTES + 1)))
        front.receive()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_last_words_are_received_before_the_end(ends):
    """What a side sent before it closed is read; then the end is told."""
    front, actor = ends
    actor.send(link.Stopped())
    actor.close()
    assert front.receive() == (link.Stopped(), None)
    with pytest.raises(ActorGone):
        front.receive()
    with pytest.raises(ActorGone):
        front.send(link.Stop())
