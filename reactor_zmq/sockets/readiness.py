"""Whether a ZeroMQ socket has something to receive."""

from __future__ import annotations

import zmq

_EVENTS = int(zmq.EVENTS)
_POLLIN = int(zmq.POLLIN)


def readable(socket: zmq.Socket[bytes]) -> bool:
    """Return whether a message waits; asking also lets libzmq tidy up.

    The descriptor of a ZeroMQ socket announces a change once, so this is asked before every
    wait on it and until it says no.
    """
    return bool(int(socket.getsockopt(_EVENTS)) & _POLLIN)
