"""The port for probes: a handful of short HTTP connections inside the front end's poll loop."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reactor_zmq.errors import ConfigError
from reactor_zmq.wire.http import MAX_HEAD_NBYTES, HttpError, Request, read_request

_CONNECTIONS = 16
_LIMIT_S = 2.0


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    until_s: float
    received: bytes = b""
    left: memoryview = field(default_factory=lambda: memoryview(b""))


class ProbePort:
    """Answers on 127.0.0.1 alone; belongs to the front end's thread and never blocks it.

    Args:
        port: 0 for any.
        answer: Gives the bytes with which a request, or what is none, is answered.

    Raises:
        ConfigError: The port can't be had.
    """

    def __init__(self, port: int, answer: Callable[[Request | HttpError], bytes]) -> None:
        self._answer = answer
        self._open: dict[int, _Connection] = {}
        self._listener = socket.socket()
        try:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(("127.0.0.1", port))
        except OSError as error:
            self._listener.close()
            raise ConfigError(f"--health-port {port}: {error.strerror}") from error
        self._listener.listen(_CONNECTIONS)
        self._listener.setblocking(False)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self.port = int(self._listener.getsockname()[1])

    def fileno(self) -> int:
        """Return the descriptor that announces work."""
        return self._poll.fileno()

    def attend(self) -> None:
        """Do what can be done at once."""
        for fd, _ in self._poll.poll(0):
            if fd == self._listener.fileno():
                self._accept()
            elif fd in self._open:
                self._go_on(self._open[fd])

    def tidy(self) -> None:
        """Let those go who take too long."""
        now = time.monotonic()
        for connection in list(self._open.values()):
            if now > connection.until_s:
                self._drop(connection)

    def close(self) -> None:
        """Close everything."""
        for connection in list(self._open.values()):
            self._drop(connection)
        self._listener.close()
        self._poll.close()

    def _accept(self) -> None:
        try:
            found, _ = self._listener.accept()
        except OSError:  # it has gone again, or no descriptor is left
            return
        if len(self._open) >= _CONNECTIONS:
            found.close()
            return
        found.setblocking(False)
        self._open[found.fileno()] = _Connection(found, time.monotonic() + _LIMIT_S)
        self._poll.register(found, select.EPOLLIN)

    def _go_on(self, connection: _Connection) -> None:
        try:
            if not connection.left:
                self._read(connection)
            if connection.left:
                self._write(connection)
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)

    def _read(self, connection: _Connection) -> None:
        more = connection.socket.recv(MAX_HEAD_NBYTES)
        if not more:
            self._drop(connection)
            return
        connection.received += more
        try:
            request: Request | HttpError | None = read_request(connection.received)
        except HttpError as refusal:
            request = refusal
        if request is not None:
            connection.left = memoryview(self._answer(request))
            self._poll.modify(connection.socket, select.EPOLLOUT)

    def _write(self, connection: _Connection) -> None:
        connection.left = connection.left[connection.socket.send(connection.left) :]
        if not connection.left:
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()
