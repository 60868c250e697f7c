"""``reactor_zmq.aio``: clients for asyncio."""

from __future__ import annotations

import os
from collections.abc import Generator
from types import TracebackType
from typing import Any

from reactor_zmq.client.aio_client import AsyncClient
from reactor_zmq.client.aio_frames import AsyncFrames
from reactor_zmq.client.discovery import locate
from reactor_zmq.client.driver import Driver
from reactor_zmq.client.frame_feed import Transport
from reactor_zmq.client.view import check_transport
from reactor_zmq.wire.control import Scope

__all__ = ["AsyncClient", "AsyncFrames", "Connecting", "connect"]


def connect(
    target: str | os.PathLike[str] | None = None,
    *,
    token: str | None = None,
    name: str = "",
    scope: Scope = "steer",
    timeout: float = 10.0,
    reply_timeout: float | None = None,
    transport: Transport = "auto",
) -> Connecting:
    """Connect to a runtime, to be awaited or entered with ``async with``.

    Arguments and errors are those of :func:`reactor_zmq.connect`.
    """
    chosen = check_transport(transport)
    return Connecting(target, token, name, scope, timeout, reply_timeout, transport=chosen)


class Connecting:
    """A connection to be: awaited, or entered as a context that closes it."""

    def __init__(
        self,
        target: str | os.PathLike[str] | None,
        token: str | None,
        name: str,
        scope: Scope,
        timeout: float,
        reply_timeout: float | None,
        *,
        transport: Transport,
    ) -> None:
        self._target = target
        self._token = token
        self._name = name
        self._scope: Scope = scope
        self._timeout = timeout
        self._reply_timeout = reply_timeout
        self._transport: Transport = transport
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
        driver = Driver(locate(self._target, self._token), name=self._name, scope=self._scope)
        client = AsyncClient(driver, self._reply_timeout, self._transport)
        try:
            await client.greet(self._timeout)
        except BaseException:
            await client.close()
            raise
        return client
