"""ZAP (RFC 27): who may speak to the two public sockets. Without an answer nobody gets in."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

import zmq

from reactor_zmq.sockets.readiness import Doorbell

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"reactor"
PLAIN_USER = b"reactor"
_VERSION = b"1.0"
_PLAIN_PARTS = 8


class ZapHandler:
    """Answers the handshakes of a context's sockets; used by the thread that owns it.

    It must be there before a socket binds: with ``ZAP_ENFORCE_DOMAIN`` a missing handler
    refuses everybody, without it, it would let everybody in.

    Args:
        context: The context of the sockets.
        token: What a peer has to know.
        full: Whether another peer would be one too many; it may try again later.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        token: str,
        full: Callable[[], bool] = lambda: False,
    ) -> None:
        self._token = token.encode()
        self._full = full
        self.accepted = 0
        self.refused = 0
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
        if self._known(request):
            if self._full():
                self.refused += 1
                return [_VERSION, sequence, b"300", b"no descriptors left", b"", b""]
            self.accepted += 1
            return [_VERSION, sequence, b"200", b"OK", b"reactor", b""]
        self.refused += 1
        return [_VERSION, sequence, b"400", b"refused", b"", b""]

    def _known(self, request: Sequence[bytes]) -> bool:
        if len(request) != _PLAIN_PARTS or request[0] != _VERSION:
            return False
        domain, mechanism, user, password = request[2], request[5], request[6], request[7]
        return (
            domain == ZAP_DOMAIN
            and mechanism == b"PLAIN"
            and user == PLAIN_USER
            and hmac.compare_digest(password, self._token)
        )


def guard(socket: zmq.Socket[bytes]) -> None:
    """Make a socket ask the ZAP handler about every peer; call it before ``bind``."""
    socket.setsockopt(zmq.PLAIN_SERVER, 1)
    socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
