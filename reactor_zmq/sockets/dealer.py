"""A client's end of the events socket: a DEALER that says when its link comes and goes."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import cast

import zmq

from reactor_zmq.errors import ConfigError
from reactor_zmq.sockets.keys import Credentials
from reactor_zmq.sockets.readiness import readable

_EVENT = struct.Struct("=hi")
_WATCHED = (
    zmq.Event.DISCONNECTED
    | zmq.Event.HANDSHAKE_SUCCEEDED
    | zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
)
# ZAP's word for wrong credentials; 300 and 500 are trouble that may pass.
_REFUSED = 400
_LINGER_MS = 500

Context = zmq.Context[zmq.Socket[bytes]]


class LinkEvent(Enum):
    """What became of the link."""

    UP = "up"
    DOWN = "down"
    REFUSED = "refused"
    FOREIGN = "foreign"


def client_context() -> Context:
    """Return a context of a client's own; never the process's, which a fork would inherit.

    Frames get the second I/O thread, so that an event never waits behind one.
    """
    return zmq.Context(io_threads=2)


class DealerSocket:
    """Used by one thread at a time; nothing here blocks.

    Both descriptors are edge-triggered: after one became readable, and after each send, take
    :meth:`link_events` and :meth:`receive` until they return nothing.
    """

    def __init__(self, context: Context, endpoint: str, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._lent: deque[zmq.MessageTracker] = deque()
        self._socket = context.socket(zmq.DEALER)
        for option, value in _OPTIONS.items():
            self._socket.setsockopt(option, value)
        credentials.apply(self._socket)
        self._monitor = self._socket.get_monitor_socket(_WATCHED)
        self._monitor.setsockopt(zmq.LINGER, 0)

    def connect(self) -> None:
        """Begin to make a link; it is made anew whenever it breaks.

        Raises:
            ConfigError: The endpoint can't be one.
        """
        try:
            self._socket.connect(self._endpoint)
        except zmq.ZMQError as error:
            text = f"{self._endpoint!r} is no endpoint to connect to: {error.strerror}"
            raise ConfigError(text) from error

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a message may have come."""
        return self._socket.fileno()

    def link_fileno(self) -> int:
        """Return the descriptor that becomes readable when the link may have changed."""
        return self._monitor.fileno()

    def link_event(self) -> LinkEvent | None:
        """Return what happened to the link next, or None."""
        while readable(self._monitor):
            event, value = _EVENT.unpack(self._monitor.recv_multipart(zmq.NOBLOCK)[0])
            found = _meaning(event, value)
            if found is not None:
                return found
        return None

    def send(self, parts: Sequence[bytes | memoryview], *, lend: bool = False) -> bool:
        """Send one multipart; return whether the socket took it.

        With ``lend`` the parts after the first are sent from where they lie: they must not
        change until :attr:`lent` has gone down again.
        """
        try:
            if len(parts) == 1:
                self._socket.send(parts[0], zmq.NOBLOCK)
            elif not lend:
                self._socket.send_multipart(parts, zmq.NOBLOCK)
            else:
                tracker = self._socket.send_multipart(parts, zmq.NOBLOCK, copy=False, track=True)
                self._lent.append(cast("zmq.MessageTracker", tracker))
        except zmq.Again:
            return False
        return True

    @property
    def lent(self) -> int:
        """Multiparts whose bytes libzmq still holds."""
        while self._lent and self._lent[0].done:
            self._lent.popleft()
        return len(self._lent)

    def receive(self) -> list[bytes] | None:
        """Return the next multipart, or None."""
        if not readable(self._socket):
            return None
        try:
            return self._socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def relink(self) -> None:
        """Drop the link and make a new one."""
        self._socket.disconnect(self._endpoint)
        self.connect()

    def close(self) -> None:
        """Close; what was said last has half a second to leave."""
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close()


def _meaning(event: int, value: int) -> LinkEvent | None:
    match event:
        case zmq.Event.HANDSHAKE_SUCCEEDED:
            return LinkEvent.UP
        case zmq.Event.DISCONNECTED:
            return LinkEvent.DOWN
        case zmq.Event.HANDSHAKE_FAILED_AUTH:
            return LinkEvent.REFUSED if value == _REFUSED else None
        case zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL:
            return LinkEvent.FOREIGN
        case _:
            return None


# IMMEDIATE: nothing is queued for a link that does not stand, where it could be lost unseen.
# SNDHWM is far above what a client may have unanswered, so a full queue means a broken link.
_OPTIONS = {
    zmq.LINGER: _LINGER_MS,
    zmq.IMMEDIATE: 1,
    zmq.SNDHWM: 1024,
    zmq.RCVHWM: 1024,
    zmq.MAXMSGSIZE: 64 * 2**20,
    zmq.AFFINITY: 0b01,
    zmq.HANDSHAKE_IVL: 2000,
    zmq.HEARTBEAT_IVL: 2000,
    zmq.HEARTBEAT_TIMEOUT: 6000,
    zmq.HEARTBEAT_TTL: 6000,
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 1000,
}
