"""Clients for asyncio: ``import reactor_zmq.aio``, or ``reactor_zmq.aio`` after the package."""

from __future__ import annotations

from reactor_zmq.client.aio import AsyncClient, AsyncFrames, Connecting, connect

__all__ = ["AsyncClient", "AsyncFrames", "Connecting", "connect"]
