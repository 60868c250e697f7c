"""Tests of reactor_zmq.sockets.readiness: libzmq is asked when the answer can have changed."""

import select

import pytest
import zmq

from reactor_zmq.sockets.readiness import Doorbell


@pytest.fixture
def pair():
    """Two connected sockets, closed at the end."""
    context = zmq.Context()
    ours, theirs = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    ours.bind("inproc://doorbell")
    theirs.connect("inproc://doorbell")
    yield ours, theirs
    context.destroy(linger=0)


def test_new_bell_looks_at_once(pair):
    """A message may have come before the bell was there."""
    ours, theirs = pair
    theirs.send(b"early")
    assert Doorbell(ours).readable()


def test_bell_goes_on_asking_until_all_is_read(pair):
    """One announcement may stand for several messages."""
    ours, theirs = pair
    bell = Doorbell(ours)
    theirs.send(b"one")
    theirs.send(b"two")
    assert bell.readable()
    ours.recv()
    assert bell.readable()
    ours.recv()
    assert not bell.readable()


def test_silent_bell_asks_nothing_until_it_is_rung(pair):
    """Asking costs system calls, so nothing is asked without a reason."""
    ours, theirs = pair
    bell = Doorbell(ours)
    assert not bell.readable()
    theirs.send(b"late")
    assert not bell.readable()
    bell.ring()
    assert bell.readable()


def test_descriptor_announces_what_the_bell_has_not_seen(pair):
    """After a no, the descriptor tells of the next message."""
    ours, theirs = pair
    bell = Doorbell(ours)
    assert not bell.readable()
    theirs.send(b"late")
    assert select.select([bell.fd], [], [], 10.0)[0] == [bell.fd]


def test_use_of_the_socket_may_swallow_an_announcement_so_the_bell_is_rung_after_it(pair):
    """A send takes in what its own descriptor announced; only asking again finds the message."""
    ours, theirs = pair
    bell = Doorbell(ours)
    assert not bell.readable()
    theirs.send(b"late")
    ours.send(b"a use")
    ours.getsockopt(zmq.EVENTS)
    assert select.select([bell.fd], [], [], 0)[0] == []
    bell.ring()
    assert bell.readable()
