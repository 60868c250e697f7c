"""ZeroMQ contexts: one per process and run, never carried over a fork."""

from __future__ import annotations

import ctypes
import resource
import secrets

import zmq

_SPARE_DESCRIPTORS = 256

_libc = ctypes.CDLL(None)
_libc.srand.argtypes = [ctypes.c_uint]
_libc.srand.restype = None


def new_context(sockets: int = 64) -> zmq.Context[zmq.Socket[bytes]]:
    """Return a context whose end waits for nothing; the caller destroys it."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    context.set(zmq.MAX_SOCKETS, sockets)
    return context


def raise_descriptor_limit() -> int:
    """Let this process have as many descriptors as it may; return how many peers may come."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(0, hard - _SPARE_DESCRIPTORS)


def seed_routing_ids() -> None:
    """Make the routing ids of the next ROUTER unpredictable.

    libzmq counts them up from the C library's ``rand``, which it never seeds: they would be the
    same in every run, and a peer that took the next one for itself would end the process
    (``Assertion failed: ok (src/socket_base.cpp)``).
    """
    _libc.srand(secrets.randbits(32))
