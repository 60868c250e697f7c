"""What stands between the listening socket and the application: how many, and for how long."""

from __future__ import annotations

import asyncio
from weakref import WeakSet

from aiohttp import web

from reactor_zmq_bridge.config import BridgeLimits

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Doorman:
    """Makes a protocol for each connection; belongs to the loop's thread.

    Args:
        server: aiohttp's own, which bounds neither the number of connections nor the time until
            their first request.
        limits: Which do.
    """

    def __init__(self, server: web.Server, limits: BridgeLimits) -> None:
        self._server = server
        self._limits = limits
        self._asked: WeakSet[asyncio.BaseTransport] = WeakSet()

    def __call__(self) -> asyncio.BaseProtocol:
        """Return the protocol of a connection that has come."""
        if len(self._server.connections) >= self._limits.sockets:
            return _Refusing()
        protocol = self._server()
        asyncio.get_running_loop().call_later(self._limits.request_s, self._check, protocol)
        return protocol

    def asked(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a connection has sent a whole request."""
        if transport is not None:
            self._asked.add(transport)

    def _check(self, protocol: asyncio.BaseProtocol) -> None:
        transport: asyncio.Transport | None = getattr(protocol, "transport", None)
        if transport is not None and transport not in self._asked:
            transport.abort()


class _Refusing(asyncio.Protocol):
    """Answers that all places are taken, and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - of a TCP server
        transport.write(_FULL)
        transport.close()
