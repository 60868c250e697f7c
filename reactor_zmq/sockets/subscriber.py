"""A viewer's end of the frames socket: a SUB that receives payloads without copying them."""

from __future__ import annotations

import zmq

from reactor_zmq.errors import ConfigError
from reactor_zmq.sockets.dealer import Context
from reactor_zmq.sockets.keys import Credentials

# Topic, header and payload; one part more shows that there were too many.
_MAX_PARTS = 4
_COPIED_PARTS = 2
_NOW = int(zmq.NOBLOCK)

Part = bytes | memoryview


class SubscriberSocket:
    """Used by one thread at a time; nothing here blocks.

    The descriptor is edge-triggered: after it became readable take :meth:`receive` until it
    returns None.
    """

    def __init__(
        self, context: Context, endpoint: str, credentials: Credentials, *, queue_limit: int
    ) -> None:
        self._socket = context.socket(zmq.SUB)
        for option, value in _OPTIONS.items():
            self._socket.setsockopt(option, value)
        self._socket.setsockopt(zmq.RCVHWM, queue_limit)
        credentials.apply(self._socket)
        try:
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self._socket.close()
            text = f"{endpoint!r} is no endpoint to connect to: {error.strerror}"
            raise ConfigError(text) from error
        self._fd = int(self._socket.fileno())

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._fd

    def subscribe(self, topic: bytes) -> None:
        """Ask for a topic; asked again by itself on each new link."""
        self._socket.setsockopt(zmq.SUBSCRIBE, topic)

    def unsubscribe(self, topic: bytes) -> None:
        """Ask for a topic no more."""
        self._socket.setsockopt(zmq.UNSUBSCRIBE, topic)

    def receive(self) -> list[Part] | None:
        """Return the next multipart, or None.

        The first two parts are copies. Those after them are read-only views of libzmq's own
        memory, which lives as long as a view does.
        """
        parts: list[Part] = []
        try:
            more = True
            while more:
                frame = self._socket.recv(_NOW, copy=False)
                more = frame.more
                _add(parts, frame)
        except zmq.Again:
            return None
        return parts

    def close(self) -> None:
        """Close the socket."""
        self._socket.close(linger=0)


def _add(parts: list[Part], frame: zmq.Frame) -> None:
    if len(parts) < _COPIED_PARTS:
        parts.append(frame.bytes)
    elif len(parts) < _MAX_PARTS:
        parts.append(frame.buffer.toreadonly())


# No CONFLATE: a multipart would abort the process. The heartbeat is slow because bytes of an
# unfinished frame don't count as a sign of life: a short one would cut every slow link.
_OPTIONS = {
    zmq.LINGER: 0,
    zmq.MAXMSGSIZE: 2**30,
    zmq.AFFINITY: 0b10,
    zmq.HANDSHAKE_IVL: 2000,
    zmq.HEARTBEAT_IVL: 5000,
    zmq.HEARTBEAT_TIMEOUT: 10_000,
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 5000,
}
