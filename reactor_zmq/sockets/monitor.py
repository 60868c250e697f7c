"""Which links of a socket have closed, by the descriptor that their messages carried.

libzmq tells a ROUTER's application nothing when a peer goes. Its monitor names the descriptor
of a closed link, and ``SRCFD`` names the descriptor that a message came by; together they say
which peer has gone, at once and without a ping.
"""

from __future__ import annotations

import struct

import zmq

from reactor_zmq.sockets.readiness import Doorbell

_EVENT = struct.Struct("=hi")
_WATCHED = zmq.Event.ACCEPTED | zmq.Event.DISCONNECTED


class LinkMonitor:
    """The monitor of one socket; belongs to the socket's thread."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._watched = socket
        self.socket = socket.get_monitor_socket(_WATCHED)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.bell = Doorbell(self.socket)
        self._open: set[int] = set()
        self._closed: list[int] = []

    @property
    def links(self) -> int:
        """Links that are open."""
        self.bell.ring()
        self._look()
        return len(self._open)

    def is_open(self, fd: int) -> bool:
        """Whether a link is open as far as was looked."""
        return fd in self._open

    def closed(self) -> list[int]:
        """Return the descriptors of links that closed since the last call, oldest first."""
        self._look()
        found, self._closed = self._closed, []
        return found

    def _look(self) -> None:
        while self.bell.readable():
            event, value = _EVENT.unpack(self.socket.recv_multipart()[0])
            if event == zmq.Event.DISCONNECTED:
                self._closed.append(value)
                self._open.discard(value)
            else:
                self._open.add(value)

    def close(self) -> None:
        """Stop watching."""
        self._watched.disable_monitor()
        self.socket.close()
