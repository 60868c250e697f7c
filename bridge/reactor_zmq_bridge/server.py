"""The bridge as a process: it listens, serves until it is told to stop, and leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from reactor_zmq.errors import ConfigError
from reactor_zmq_bridge.app import make_app
from reactor_zmq_bridge.bridge import Bridge
from reactor_zmq_bridge.config import BridgeConfig
from reactor_zmq_bridge.door import Doorman
from reactor_zmq_bridge.gate import is_loopback, make_gate
from reactor_zmq_bridge.requests import DOORMAN

_log = logging.getLogger("reactor_zmq.bridge")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# What the kernel keeps for a browser that does not read: two JPEGs, not two seconds of them.
_NOT_SENT_NBYTES = 131_072
_BACKLOG = 128
_SHUTDOWN_S = 2.0


@dataclass(frozen=True, slots=True)
class Serving:
    """A bridge that serves.

    Attributes:
        port: Where it listens.
    """

    bridge: Bridge
    port: int


def listen(config: BridgeConfig) -> socket.socket:
    """Return a listening socket, or the one that was handed down.

    Raises:
        ConfigError: The address can't be had, or would be open to other machines unasked.
    """
    if config.listen_fd >= 0:
        found = socket.socket(fileno=config.listen_fd)
    else:
        if not is_loopback(config.host) and not config.expose:
            text = f"{config.host} can be reached from other machines, token and pictures would "
            raise ConfigError(text + "travel in the clear; say --expose if that is what you want")
        found = _bound(config.host, config.port)
    # Accepted connections inherit it.
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _NOT_SENT_NBYTES)
    found.setblocking(False)
    return found


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host.strip("[]"), port))
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        raise ConfigError(f"can't listen on {host}:{port}: {error.strerror}") from error
    return found


@asynccontextmanager
async def serving(config: BridgeConfig) -> AsyncGenerator[Serving]:
    """Serve inside the ``async with`` block."""
    listener = listen(config)
    port: int = listener.getsockname()[1]
    gate = make_gate(
        config.host, port, hosts=config.hosts, origins=config.origins, expose=config.expose
    )
    bridge = Bridge(config)
    app = make_app(bridge, gate)
    runner = web.AppRunner(
        app,
        handle_signals=False,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
        auto_decompress=False,
    )
    await runner.setup()
    assert runner.server is not None  # noqa: S101 - it was set up
    doorman = Doorman(runner.server, config.limits)
    app[DOORMAN].append(doorman)
    acceptor = await asyncio.get_running_loop().create_server(doorman, sock=listener)
    try:
        yield Serving(bridge, port)
    finally:
        acceptor.close()
        await bridge.close()
        await runner.cleanup()


def run(config: BridgeConfig, announce: Callable[[Serving], None]) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code.

    Raises:
        ConfigError: The address can't be had.
    """
    return asyncio.run(_run(config, announce))


async def _run(config: BridgeConfig, announce: Callable[[Serving], None]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in _STOP_SIGNALS:
        loop.add_signal_handler(each, stop.set)
    if config.expose:
        _log.warning(
            "EXPOSED: %s can be reached from other machines; the token, what is typed and what is "
            "shown travel in the clear. Put a TLS proxy before it where the network is not yours.",
            config.host,
        )
    if config.listen_fd >= 0:
        # Whoever handed the socket down holds the other end of our stdin: we end with it.
        loop.add_reader(0, stop.set)
    async with serving(config) as found:
        announce(found)
        with contextlib.suppress(asyncio.CancelledError):
            await stop.wait()
    return 0
