"""The links of a socket: which are open, which have closed, and cutting one.

libzmq tells a ROUTER's application nothing when a peer goes, and offers no way to let one go. Its
monitor names the descriptor of each link, and ``SRCFD`` names the descriptor that a message came
by; together they say who has gone, at once and without a ping, and whom to cut.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Callable
from typing import Self

import zmq

from reactor_zmq.sockets.readiness import Doorbell

_EVENT = struct.Struct("=hi")
_WATCHED = zmq.Event.ACCEPTED | zmq.Event.DISCONNECTED
# tcpi_bytes_received of Linux's struct tcp_info, see linux/tcp.h.
_BYTES_RECEIVED = struct.Struct("=Q")
_BYTES_RECEIVED_AT = 128
# A sockaddr of AF_UNSPEC.
_NOWHERE = bytes(16)
_libc = ctypes.CDLL(None)


class LinkMonitor:
    """The monitor of one socket; belongs to the socket's thread.

    Attributes:
        serial: Returns the number that the last admitted link was given. Every link that is
            admitted has to be looked for first (``links``): then a descriptor's present link has
            a greater number than ``serial`` returned when it was seen to open.
    """

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._watched = socket
        self.socket = socket.get_monitor_socket(_WATCHED)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.bell = Doorbell(self.socket)
        self.serial: Callable[[], int] = lambda: 0
        self._open: dict[int, int] = {}  # oldest first, as in the next
        self._closed: dict[int, None] = {}

    @property
    def links(self) -> int:
        """Links that are open."""
        self.bell.ring()
        self._look()
        return len(self._open)

    def known(self) -> list[int]:
        """Return the descriptors of links that were open when it was last looked.

        Any thread may call it; a descriptor may be another's by now.
        """
        return list(self._open)

    @property
    def known_count(self) -> int:
        """How many these are."""
        return len(self._open)

    def is_open(self, fd: int) -> bool:
        """Whether a link is open as far as was looked."""
        return fd in self._open

    def is_of(self, fd: int, serial: int) -> bool:
        """Whether the link that has this descriptor now can be the one with this number.

        What a link sent may be read after its end, when its descriptor is another's.
        """
        return fd in self._open and self._open[fd] < serial

    def closed(self) -> list[int]:
        """Return the descriptors of links that closed since the last call, oldest first."""
        self._look()
        found, self._closed = self._closed, {}
        return list(found)

    def open(self) -> list[int]:
        """Return the descriptors of the links that are open, oldest first."""
        self.bell.ring()
        self._look()
        return list(self._open)

    def cut(self, fd: int) -> bool:
        """End the link that had this descriptor when :meth:`closed` was last asked.

        Its end of the connection is shut down, which libzmq takes for the peer's. Returns False
        where the link has closed by itself.
        """
        twin = Twin.of(fd)
        if twin is None:
            return False
        with twin:
            # A link's end is told before its descriptor is free for another: what was not told
            # of by now was still this link when its twin was made.
            self.bell.ring()
            self._look()
            if fd in self._closed or fd not in self._open:
                return False
            twin.end()
        return True

    def received_nbytes(self, fd: int) -> int:
        """Return how many bytes libzmq has taken from a tcp link so far; 0 for an ipc link."""
        twin = Twin.of(fd)
        if twin is None:
            return 0
        with twin:
            return twin.received_nbytes

    def _look(self) -> None:
        while self.bell.readable():
            event, value = _EVENT.unpack(self.socket.recv_multipart()[0])
            if event == zmq.Event.DISCONNECTED:
                self._closed[value] = None
                self._open.pop(value, None)
            else:
                self._open[value] = self.serial()

    def close(self) -> None:
        """Stop watching."""
        self._watched.disable_monitor()
        self.socket.close()


class Twin:
    """A descriptor of our own for a link's connection; any thread may have one.

    As long as it is open, it stays that connection's, whatever becomes of libzmq's.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    @classmethod
    def of(cls, fd: int) -> Self | None:
        """Return a twin, None where the descriptor is no connection's, or none is left for it."""
        try:
            number = os.dup(fd)
        except OSError:
            return None
        try:
            return cls(socket.socket(fileno=number))
        except OSError:
            os.close(number)
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """This side's tcp port, 0 where it has none."""
        with contextlib.suppress(OSError, IndexError, TypeError, ValueError):
            return int(self._socket.getsockname()[1])
        return 0

    @property
    def received_nbytes(self) -> int:
        """Bytes that libzmq has taken from a tcp link so far; 0 for an ipc link."""
        try:
            found = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        except OSError:
            return 0
        if len(found) < _BYTES_RECEIVED_AT + _BYTES_RECEIVED.size:
            return 0
        return int(_BYTES_RECEIVED.unpack_from(found, _BYTES_RECEIVED_AT)[0])

    def end(self) -> None:
        """End the connection, which libzmq takes for the peer's doing.

        What has come by a tcp link and was not read yet, megabytes perhaps, is dropped with it.
        """
        # POSIX leaves it open what this does to a connected tcp socket; Linux resets it.
        if _libc.connect(self._socket.fileno(), _NOWHERE, len(_NOWHERE)) == 0:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the descriptor back; the connection stays as it is."""
        self._socket.close()
