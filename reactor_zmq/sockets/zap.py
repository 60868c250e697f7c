"""ZAP (RFC 27): who may speak to the public sockets. Without an answer nobody gets in."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import NamedTuple

import zmq

from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.sockets.keys import PLAIN_USER, KeyPair
from reactor_zmq.sockets.readiness import Doorbell
from reactor_zmq.wire.scope import scope_of

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"reactor"
_VERSION = b"1.0"
_PLAIN_PARTS = 8
_CURVE_PARTS = 7


class ZapHandler:
    """Answers the handshakes of a context's sockets; used by the thread that owns it.

    It must be there before a socket binds: with ``ZAP_ENFORCE_DOMAIN`` a missing handler
    refuses everybody, without it, it would let everybody in.

    Each link gets a User-Id of its own, which libzmq puts on every message that comes by it:
    the one name that no peer can choose (see :func:`read_user_id`).

    Args:
        context: The context of the sockets.
        allowed: Who may come in; may be replaced at any time.
        full: Whether another peer would be one too many; it may try again later.

    Attributes:
        serial: Of the link that was let in last; no two of a context have the same.
        accepted: Handshakes that ended well.
        refused: Those that did not.
        in_clear: Accepted ones of other machines whose token travelled in the clear.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        allowed: AllowList,
        full: Callable[[], bool] = lambda: False,
    ) -> None:
        self.allowed = allowed
        self._full = full
        self.serial = 0
        self.accepted = 0
        self.refused = 0
        self.in_clear = 0
        self.socket = context.socket(zmq.REP)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(ZAP_ENDPOINT)
        self.bell = Doorbell(self.socket)

    def answer_all(self) -> None:
        """Answer every handshake that waits."""
        while self.bell.readable():
            self.socket.send_multipart(self._judge(self.socket.recv_multipart()))

    def close(self) -> None:
        """Let nobody in any more."""
        self.socket.close()

    def _judge(self, request: Sequence[bytes]) -> list[bytes]:
        sequence = request[1] if len(request) > 1 else b""
        grant = self._grant(request)
        if grant is None or self._full():
            self.refused += 1
            why = (b"400", b"refused") if grant is None else (b"300", b"no descriptors left")
            return [_VERSION, sequence, *why, b"", b""]
        self.accepted += 1
        self.in_clear += request[5] == b"PLAIN" and not _is_here(request[3])
        return [_VERSION, sequence, b"200", b"OK", self._user_id(grant), b""]

    def _grant(self, request: Sequence[bytes]) -> Grant | None:
        if len(request) < _CURVE_PARTS or request[0] != _VERSION or request[2] != ZAP_DOMAIN:
            return None
        mechanism, credentials = request[5], request[6:]
        if mechanism == b"PLAIN" and len(request) == _PLAIN_PARTS:
            user, password = credentials
            return self.allowed.by_token(password) if user == PLAIN_USER else None
        if mechanism == b"CURVE" and len(request) == _CURVE_PARTS:
            return self.allowed.by_key(credentials[0])
        return None

    def _user_id(self, grant: Grant) -> bytes:
        self.serial += 1
        return f"{self.serial} {grant.scope} {grant.name} {grant.mark}".encode()


def _is_here(address: bytes) -> bool:
    """Whether a peer's address, as libzmq tells it, is this machine's own or an ipc socket's."""
    try:
        return ipaddress.ip_address(address.decode()).is_loopback
    except ValueError:
        return True


class Caller(NamedTuple):
    """Who is at the other end of a link.

    Attributes:
        peer: Made by this side for this link, and never used for another one.
        grant: What its credential is good for.
        named_itself: Whether the peer chose a routing id, as it should not.
    """

    peer: bytes
    grant: Grant
    named_itself: bool = False


def read_user_id(text: str) -> tuple[bytes, Grant]:
    """Return the name of a link and what its peer may do, from a message's User-Id."""
    serial, scope, name, mark = text.split(" ")
    return serial.encode(), Grant(name, scope_of(scope), mark)


def guard(socket: zmq.Socket[bytes], pair: KeyPair | None = None) -> None:
    """Make a socket ask the ZAP handler about every peer; call it before ``bind``.

    Args:
        socket: Not yet bound.
        pair: With it the socket speaks CURVE, else PLAIN.
    """
    socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    if pair is None:
        socket.setsockopt(zmq.PLAIN_SERVER, 1)
        return
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret.encode())
