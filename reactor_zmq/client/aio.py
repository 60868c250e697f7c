"""``reactor_zmq.aio``: clients for asyncio."""

from __future__ import annotations

import os
from collections.abc import Generator
from types import TracebackType
from typing import Any

from reactor_zmq.client.aio_client import AsyncClient
from reactor_zmq.client.aio_frames import AsyncFrames
from reactor_zmq.client.discovery import Proof, locate
from reactor_zmq.client.driver import Driver
from reactor_zmq.client.frame_feed import Transport
from reactor_zmq.client.view import check_transport
from reactor_zmq.wire.scope import Scope

__all__ = ["AsyncClient", "AsyncFrames", "Connecting", "connect"]


def connect(
    target: str | os.PathLike[str] | None = None,
    *,
    token: str | None = None,
    name: str = "",
    scope: Scope | None = None,
    timeout: float = 10.0,
    reply_timeout: float | None = None,
    transport: Transport = "auto",
    server_key: str | os.PathLike[str] | None = None,
    key: str | os.PathLike[str] | None = None,
    follow_events: bool = False,
) -> Connecting:
    """Connect to a runtime, to be awaited or entered with ``async with``.

    Arguments and errors are those of :func:`reactor_zmq.connect`.
    """
    chosen = check_transport(transport)
    proof = Proof(token, scope, server_key, key)
    return Connecting(
        target, proof, name, timeout, reply_timeout, transport=chosen, follow=follow_events
    )


class Connecting:
    """A connection to be: awaited, or entered as a context that closes it."""

    def __init__(
        self,
        target: str | os.PathLike[str] | None,
        proof: Proof,
        name: str,
        timeout: float,
        reply_timeout: float | None,
        *,
        transport: Transport,
        follow: bool,
    ) -> None:
        self._target = target
        self._proof = proof
        self._name = name
        self._timeout = timeout
        self._reply_timeout = reply_timeout
        self._transport: Transport = transport
        self._follow = follow
        self._client: AsyncClient | None = None

    def __await__(self) -> Generator[Any, Any, AsyncClient]:
        return self._connect().__await__()

    async def __aenter__(self) -> AsyncClient:
        self._client = await self._connect()
        return self._client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.close()

    async def _connect(self) -> AsyncClient:
        address = locate(self._target, self._proof)
        driver = Driver(address, name=self._name, scope=self._proof.scope, follow=self._follow)
        client = AsyncClient(driver, self._reply_timeout, self._transport)
        try:
            await client.greet(self._timeout)
        except BaseException:
            await client.close()
            raise
        return client
