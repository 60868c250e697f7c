"""The link when the kernel has no room."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reactor_zmq.errors import ActorGone
from reactor_zmq.sockets.link import INLINE_NBYTES, Link, link_pair
from reactor_zmq.wire.link import (
    Message,
    Ring,
    Stop,
    UploadStored,
    decode_from_actor,
    decode_to_actor,
)

STORED = UploadStored("u1", "c1", "file", "", 1, True)


@pytest.fixture
def ends(resources) -> Iterator[tuple[Link, Link]]:
    """The front end's side and the actor's."""
    ours, theirs = link_pair()
    links = (Link(ours, decode_from_actor), Link(theirs, decode_to_actor))
    yield links
    for each in links:
        each.close()


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Let this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    number = os.open(os.devnull, os.O_RDONLY)
    os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_descriptor_is_handed_over_without_another(ends):
    """A file reaches the actor when the front end has no descriptor left for a duplicate."""
    ours, theirs = ends
    fd = os.memfd_create("file")
    with no_descriptor_left():
        ours.send(STORED, fd)
    os.close(fd)
    found = theirs.receive()
    assert found
    message, received = found
    assert message == STORED
    assert received is not None
    os.close(received)


def test_message_that_can_not_be_carried_ends_the_link(ends):
    """A large message needs a descriptor: without one the actor is as good as gone."""
    ours, _ = ends
    big = Message("", "big", bytes(INLINE_NBYTES + 1))
    with no_descriptor_left(), pytest.raises(ActorGone, match="carry"):
        ours.send(big)
    assert ours.backlog == 0


def test_descriptor_that_can_not_be_received_ends_the_link(ends):
    """A ring whose memory did not arrive would only swallow frames."""
    ours, theirs = ends
    fd = os.memfd_create("ring")
    theirs.send(Ring(1, 4, 4096), fd)
    os.close(fd)
    with no_descriptor_left(), pytest.raises(ActorGone, match="none is left"):
        ours.receive()


def test_what_waits_keeps_its_order_and_its_descriptors(ends):
    """A file behind a full socket comes after what was said before it."""
    ours, theirs = ends
    count = 0
    while not ours.backlog:
        ours.send(Message("", str(count), bytes(50_000)))
        count += 1
    fd = os.memfd_create("file")
    ours.send(STORED, fd)
    ours.send(Stop())
    os.close(fd)
    kinds = []
    theirs._decode = len  # what it means is of no interest here
    while ours.backlog or not kinds or kinds[-1][0] > 1000:
        found = theirs.receive()
        if found is None:
            ours.flush()
            continue
        kinds.append(found)
    while (found := theirs.receive()) is not None:
        kinds.append(found)
    sizes, fds = zip(*kinds, strict=True)
    assert [size > 1000 for size in sizes] == [True] * count + [False, False]
    assert [fd is None for fd in fds] == [True] * count + [False, True]
    os.close(fds[count])
