"""A look from outside before anybody is told where to connect: only who should gets in."""

from __future__ import annotations

import secrets
import struct
import time

import zmq

from reactor_zmq.errors import ConfigError
from reactor_zmq.sockets.keys import Credentials, make_key_pair
from reactor_zmq.sockets.public import Sockets
from reactor_zmq.sockets.readiness import readable

_EVENT = struct.Struct("=hi")
_REFUSED = (
    zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    | zmq.Event.DISCONNECTED
)
_DEADLINE_S = 5.0

_Context = zmq.Context[zmq.Socket[bytes]]


def check_gate(sockets: Sockets, token: str, server_key: str = "") -> None:
    """Knock at each bound socket with a wrong token or key, without any, and with a good token.

    It answers the handshakes itself: call it in the sockets' thread. Those of others that come
    meanwhile are answered as always.

    Args:
        sockets: Bound.
        token: A good one.
        server_key: Public key of the sockets where they speak CURVE.

    Raises:
        ConfigError: A stranger got in, a friend did not, or it could not be found out.
    """
    doors = [(sockets.events_at, zmq.DEALER), (sockets.frames_at, zmq.SUB)]
    doors += [(sockets.lane_at, zmq.SUB)] if sockets.lane_at else []
    before = sockets.zap.refused, sockets.zap.accepted
    friend = Credentials(token, server_key)
    context: _Context = zmq.Context()
    try:
        knocks = [_Knock(context, *door, who) for door in doors for who in _strangers(server_key)]
        knocks += [_Knock(context, *door, friend, friendly=True) for door in doors]
        deadline = time.monotonic() + _DEADLINE_S
        while not all(knock.answered() for knock in knocks):
            sockets.zap.bell.ring()
            sockets.zap.answer_all()
            if time.monotonic() > deadline:
                raise ConfigError("the sockets do not answer in time; nothing is served")
            time.sleep(0.0005)
    finally:
        context.destroy(linger=0)
    # Our own knocking is nothing that an operator should wonder about.
    sockets.zap.refused, sockets.zap.accepted = before


def _strangers(server_key: str) -> tuple[Credentials | None, ...]:
    if server_key:
        return Credentials("", server_key, make_key_pair()), None
    return Credentials(secrets.token_urlsafe(32)), None


class _Knock:
    """One peer at one door."""

    def __init__(
        self,
        context: _Context,
        endpoint: str,
        kind: int,
        who: Credentials | None,
        *,
        friendly: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._friendly = friendly
        self._done = False
        self._socket = context.socket(kind)
        self._socket.setsockopt(zmq.LINGER, 0)
        if who is not None:
            who.apply(self._socket)
        self._monitor = self._socket.get_monitor_socket(_REFUSED | zmq.Event.HANDSHAKE_SUCCEEDED)
        self._socket.connect(endpoint)

    def answered(self) -> bool:
        """Whether the door was opened to a friend, or stayed shut to a stranger.

        Raises:
            ConfigError: It was the other way round.
        """
        while not self._done and readable(self._monitor):
            event, _ = _EVENT.unpack(self._monitor.recv_multipart()[0])
            if (event == zmq.Event.HANDSHAKE_SUCCEEDED) is not self._friendly:
                who = "refused its own token" if self._friendly else "let a stranger in"
                raise ConfigError(f"{self._endpoint} {who}; nothing is served")
            self._done = True
        return self._done
