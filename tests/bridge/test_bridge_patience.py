"""Slow is not stalled: a write lasts for as long as something moves."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

from reactor_zmq_bridge.patience import Patience

WAIT_S = 0.2
NBYTES = 2**19


@asynccontextmanager
async def line():
    """A TCP connection with next to no room in the kernel: its writer, and who reads it."""
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    _, writer = await asyncio.open_connection(sock=ours)
    yield writer, theirs
    writer.transport.abort()
    theirs.close()


async def write(writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(NBYTES))
    await writer.drain()


def test_a_slow_peer_is_waited_for():
    """A write that takes many times the patience comes to its end while the peer reads."""

    async def act() -> None:
        async with line() as (writer, peer):
            loop = asyncio.get_running_loop()
            started = loop.time()
            with Patience(writer.transport, WAIT_S, writer.transport.abort):
                writing = asyncio.create_task(write(writer))
                while not writing.done():
                    await loop.sock_recv(peer, 2**17)
                    await asyncio.sleep(WAIT_S / 10)
                await writing
            assert loop.time() - started > 2 * WAIT_S
            assert not writer.transport.is_closing()

    asyncio.run(act())


def test_a_stalled_peer_is_not():
    """Who reads something and then nothing any more is let go."""

    async def act() -> None:
        async with line() as (writer, peer):
            with Patience(writer.transport, WAIT_S, writer.transport.abort):
                writing = asyncio.create_task(write(writer))
                await asyncio.get_running_loop().sock_recv(peer, 2**17)
                async with asyncio.timeout(10):
                    await writing
            assert writer.transport.is_closing()

    asyncio.run(act())
