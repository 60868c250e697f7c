"""ZAP (RFC 27): who may speak to the public sockets. Without an answer nobody gets in."""

from __future__ import annotations

import ipaddress
import select
from collections.abc import Callable, Sequence
from typing import NamedTuple

import zmq

from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.sockets.keys import PLAIN_USER, KeyPair
from reactor_zmq.sockets.readiness import Doorbell, readable
from reactor_zmq.wire.scope import scope_of

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"reactor"
_VERSION = b"1.0"
_PLAIN_PARTS = 8
_CURVE_PARTS = 7
# After so many handshakes, and so long after it was asked last, a socket is closed.
_WORTHWHILE = 32
_ANSWERED_S = 1.0


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
        self._context = context
        self._poll = select.epoll()
        self._asked: list[zmq.Socket[bytes]] = []
        self._renewed_at, self._renewed_after = 0.0, 0
        self.serial = 0
        self.accepted = 0
        self.refused = 0
        self.in_clear = 0
        self._ask_here(context.socket(zmq.REP))
        self.bell = Doorbell(self._asked[0], lambda _: any(map(readable, self._asked)))
        self.bell.fd = self._poll.fileno()  # of whichever socket is asked

    def answer_all(self) -> None:
        """Answer every handshake that waits."""
        while self.bell.readable():
            for socket in filter(readable, self._asked):
                socket.send_multipart(self._judge(socket.recv_multipart()))

    def renew(self, now: float) -> None:
        """Have libzmq let go of what links asked by; due now and then, in monotonic seconds.

        For as long as a link is open it keeps the pipes by which it asked: 11 kB. They go with
        the socket that was asked; so another one takes its place, and it is closed when who
        had begun to ask it has long been answered.
        """
        if now - self._renewed_at < _ANSWERED_S:
            return
        for socket in self._asked[:-1]:
            self._dismiss(socket)
        if self.accepted - self._renewed_after < _WORTHWHILE:
            return
        try:
            successor = self._context.socket(zmq.REP)
        except zmq.ZMQError:
            return  # no descriptor is left: another time
        self._renewed_at, self._renewed_after = now, self.accepted
        # Between these two calls nobody is let in; whoever asks just then connects again.
        self._asked[-1].unbind(ZAP_ENDPOINT)
        self._ask_here(successor)
        self.bell.ring()

    def close(self) -> None:
        """Let nobody in any more."""
        for socket in list(self._asked):
            self._dismiss(socket)
        self._poll.close()

    def _ask_here(self, socket: zmq.Socket[bytes]) -> None:
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(ZAP_ENDPOINT)
        self._asked.append(socket)
        self._poll.register(socket.fileno(), select.EPOLLIN)

    def _dismiss(self, socket: zmq.Socket[bytes]) -> None:
        self._asked.remove(socket)
        self._poll.unregister(socket.fileno())
        socket.close()

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
