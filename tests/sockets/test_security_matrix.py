"""Who gets in: every mechanism with every state of the handler, every credential, every domain.

Real sockets throughout. A peer got in when its handshake succeeded, which its own monitor says;
the two public sockets behave alike.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import zmq
from zmq_peers import peer_context

from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.sockets.keys import Credentials, KeyPair, make_key_pair, pair_of_token, raw_key
from reactor_zmq.sockets.zap import ZapHandler, guard

SERVER, CLIENT, STRANGER, OTHER_SERVER = (make_key_pair() for _ in range(4))
TOKEN = "a token that was given to somebody"
GRANT = Grant("test", "steer")
EVERYBODY_ASKED = AllowList(
    {TOKEN: GRANT}, {raw_key(CLIENT.public): GRANT, raw_key(pair_of_token(TOKEN).public): GRANT}
)

MECHANISMS: dict[str, KeyPair | None] = {"PLAIN": None, "CURVE": SERVER}
HANDLERS = ("answering", "denying", "deaf", "gone", "never there")
DOMAINS = (b"reactor", b"global")
SHOWN: dict[str, Credentials | None] = {
    "the token": Credentials(TOKEN),
    "the token by CURVE": Credentials(TOKEN, SERVER.public),
    "a key": Credentials("", SERVER.public, CLIENT),
    "a wrong token": Credentials(TOKEN[:-1]),
    "a blank token": Credentials(" "),
    "a wrong token by CURVE": Credentials(TOKEN[:-1], SERVER.public),
    "a stranger's key": Credentials("", SERVER.public, STRANGER),
    "a key for another server": Credentials("", OTHER_SERVER.public, CLIENT),
    "nothing": None,
}
# Everything else is refused, whatever comes together.
LET_IN = {
    ("PLAIN", "answering", b"reactor", "the token"),
    ("CURVE", "answering", b"reactor", "the token by CURVE"),
    ("CURVE", "answering", b"reactor", "a key"),
}
KINDS = {zmq.ROUTER: zmq.DEALER, zmq.XPUB: zmq.SUB}
_REFUSED = (
    zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    | zmq.Event.DISCONNECTED
)


@contextmanager
def handler_that_is(state: str, context: zmq.Context[Any]) -> Iterator[ZapHandler | None]:
    """Yield a ZAP handler in this state."""
    if state == "never there":
        yield None
        return
    handler = ZapHandler(context, AllowList() if state == "denying" else EVERYBODY_ASKED)
    if state == "gone":
        handler.close()
    yield None if state in ("gone", "deaf") else handler
    handler.close()


def knock(server: Any, peer: Any, handler: ZapHandler | None, at: str) -> str:
    """Return how a peer's handshake ended: ``in``, ``refused``, or ``waiting`` for an answer."""
    monitor = peer.get_monitor_socket(_REFUSED | zmq.Event.HANDSHAKE_SUCCEEDED)
    peer.connect(at)
    for _ in range(5000 if handler else 100):
        if handler is not None:
            handler.bell.ring()
            handler.answer_all()
        server.poll(1)
        if monitor.poll(0 if handler else 3):
            event, _ = struct.unpack("=hi", monitor.recv_multipart()[0])
            return "in" if event == zmq.Event.HANDSHAKE_SUCCEEDED else "refused"
    return "waiting"


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("domain", DOMAINS, ids=bytes.decode)
@pytest.mark.parametrize("state", HANDLERS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_only_who_was_asked_gets_in(mechanism: str, state: str, domain: bytes, shown: str):
    """A credential lets in where a handler answers for its mechanism and domain; nothing else."""
    for kind, peer_kind in KINDS.items():
        with peer_context() as servers, peer_context() as peers, ExitStack() as stack:
            handler = stack.enter_context(handler_that_is(state, servers))
            server = servers.socket(kind)
            guard(server, MECHANISMS[mechanism])
            server.setsockopt(zmq.ZAP_DOMAIN, domain)
            port = server.bind_to_random_port("tcp://127.0.0.1")
            peer = peers.socket(peer_kind)
            if (credentials := SHOWN[shown]) is not None:
                credentials.apply(peer)
            found = knock(server, peer, handler, f"tcp://127.0.0.1:{port}")
            expected = (mechanism, state, domain, shown) in LET_IN
            assert (found == "in") is expected, (zmq.SocketType(kind).name, found)
            if state in ("answering", "denying") and not expected:
                assert found == "refused"


def test_the_matrix_holds_both_answers():
    """The table says yes as well as no, and only of what stands in it."""
    every = set(itertools.product(MECHANISMS, HANDLERS, DOMAINS, SHOWN))
    assert every > LET_IN
    assert len(every) == 180
