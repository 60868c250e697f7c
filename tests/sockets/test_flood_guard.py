"""The flood guard: who is cut while a call on the frames socket does not come back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.sockets.flood_guard import FloodGuard, who_floods
from reactor_zmq.sockets.public import Sockets
from reactor_zmq.testing.zmtp import RawPeer, multipart

TOKEN = "the right token of this run"
FLOOD = multipart(b"\x01topic") * 1000


@pytest.fixture(name="sockets")
def bound_sockets(resources: None) -> Iterator[Sockets]:
    """Return the public sockets on free ports."""
    allowed = AllowList({TOKEN: Grant("test", "steer")})
    found = Sockets(allowed, part_nbytes=2**20, queue_limit=16)
    found.bind("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    yield found
    found.close()


def turn(sockets: Sockets) -> None:
    """Serve once."""
    for bell in sockets.bells():
        bell.ring()
    sockets.zap.answer_all()
    sockets.frames.read_subscriptions()


def greeted(sockets: Sockets, stack: ExitStack) -> RawPeer:
    """Return a viewer that blocks."""
    peer = RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", lambda: turn(sockets))
    peer.socket.settimeout(10)
    return stack.enter_context(peer)


def is_cut(peer: RawPeer, over: threading.Event) -> bool:
    """Flood until the other side has closed, which is told, or until it is over."""
    while not over.is_set():
        if not peer.flood(FLOOD):
            return True
    return False


def test_flood_that_holds_a_call_up_is_cut(sockets):
    """Who floods goes, who only watches stays."""
    port = int(sockets.frames_at.rpartition(":")[2])
    guard, over = FloodGuard(sockets.frames.monitor, port), threading.Event()
    with ExitStack() as stack:
        stack.callback(guard.close)
        good, bad = greeted(sockets, stack), greeted(sockets, stack)
        with guard:  # as a call that lasts
            assert is_cut(bad, over)
        good.send(b"\x01frame/x/")
        while not sockets.frames.wants(b"frame/x/"):
            turn(sockets)
        assert sockets.frames.monitor.links == 1


def test_nobody_is_cut_between_calls_or_at_another_port(sockets):
    """It is the call that is guarded, and the links of its own socket."""
    other = socket.create_server(("127.0.0.1", 0))
    port = other.getsockname()[1]
    with ExitStack() as stack:
        stack.enter_context(other)
        guard = FloodGuard(sockets.frames.monitor, port)
        stack.callback(guard.close)
        bad = greeted(sockets, stack)
        over = threading.Event()
        timer = threading.Timer(0.2, over.set)
        timer.start()
        with guard:
            assert not is_cut(bad, over)
        timer.join()


@pytest.mark.parametrize(
    ("grown", "lasted_s", "cut"),
    [
        ({1: 17_000, 2: 100}, 0.002, [1]),
        ({1: 17_000, 2: 16_500, 3: 0}, 0.002, [1, 2]),
        ({1: 500, 2: 700}, 0.002, []),
        ({1: 500, 2: 700}, 1.0, [2]),
        ({1: 0}, 1.0, []),
        ({}, 1.0, []),
    ],
    ids=["one", "two", "not yet", "many little ones", "nobody sends", "nobody is there"],
)
def test_who_goes(grown, lasted_s, cut):
    """Whoever sent much; after a while whoever sent most; never who sent nothing."""
    assert who_floods(grown, lasted_s) == cut
