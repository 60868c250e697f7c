"""ZeroMQ contexts: one per process and run, never carried over a fork."""

from __future__ import annotations

import resource

import zmq

_SPARE_DESCRIPTORS = 256


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
