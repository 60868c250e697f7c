"""Whether a ZeroMQ socket has something to receive."""

from __future__ import annotations

from collections.abc import Callable

import zmq

_EVENTS = int(zmq.EVENTS)
_POLLIN = int(zmq.POLLIN)


def readable(socket: zmq.Socket[bytes]) -> bool:
    """Return whether a message waits; asking also lets libzmq tidy up."""
    return bool(socket.get(_EVENTS) & _POLLIN)  # type: ignore[reportOperatorIssue] - an int


def readable_yielding(socket: zmq.Socket[bytes]) -> bool:
    """Return the same, and let other threads run meanwhile: for where libzmq may take long."""
    return bool(zmq.zmq_poll([(socket, _POLLIN)], 0))


class Doorbell:
    """Asks a socket whether a message waits, but only when the answer can have changed.

    Asking costs system calls. A ZeroMQ socket's descriptor announces a change once, and any use
    of the socket may swallow that announcement; so it is rung when the descriptor is readable
    and after every use, and libzmq is asked from then on until it says no.

    Args:
        socket: Used by one thread.
        ask: How it is asked.

    Attributes:
        fd: The descriptor to poll.
        rung: Whether libzmq has to be asked: by :meth:`readable`, or by a receive that does not
            wait, whose failure has to be told to :meth:`answered`.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        ask: Callable[[zmq.Socket[bytes]], bool] = readable,
    ) -> None:
        self.fd = int(socket.fileno())
        self._socket = socket
        self._ask = ask
        self.rung = True

    def ring(self) -> None:
        """Note that the descriptor announced something, or that the socket was used."""
        self.rung = True

    def answered(self) -> None:
        """Note that a receive found nothing: until the next ring, nothing will have come."""
        self.rung = False

    def readable(self) -> bool:
        """Return whether a message waits."""
        if self.rung:
            self.rung = self._ask(self._socket)
        return self.rung
