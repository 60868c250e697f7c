"""The memory watch: who is cut, and who is not to blame."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.runtime.memory_watch import MemoryWatch
from reactor_zmq.sockets.public import Sockets
from reactor_zmq.testing.zmtp import MORE, RawPeer, frame

TOKEN = "the right token of this run"
LIMIT_NBYTES = 32 * 2**20
CHUNK_NBYTES = 8000

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]


@pytest.fixture(name="sockets")
def bound_sockets() -> Iterator[Sockets]:
    """Return the public sockets on free ports."""
    allowed = AllowList({TOKEN: Grant("test", "steer")})
    found = Sockets(allowed, part_nbytes=2**24, queue_limit=16)
    found.bind("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    yield found
    found.close()


@pytest.fixture(name="watch")
def memory_watch(sockets: Sockets) -> Iterator[MemoryWatch]:
    """Return a watch that counts from here, where tests before this one left nothing to reuse."""
    libc.malloc_trim(0)
    found = MemoryWatch(sockets.events, LIMIT_NBYTES)
    yield found
    found.close()


@contextmanager
def freed_memory() -> Iterator[None]:
    """Leave twice the limit with the allocator: freed, but behind a chunk that is still held."""
    chunks = [libc.malloc(CHUNK_NBYTES) for _ in range(2 * LIMIT_NBYTES // CHUNK_NBYTES)]
    for chunk in chunks:
        libc.memset(chunk, 1, CHUNK_NBYTES)
    for chunk in chunks[:-1]:
        libc.free(chunk)
    yield
    libc.free(chunks[-1])


def turn(sockets: Sockets) -> None:
    """Serve both sockets once."""
    for bell in sockets.bells():
        bell.ring()
    sockets.zap.answer_all()
    sockets.events.receive()


def hoard(sockets: Sockets, peer: RawPeer, nbytes: int, wait_until) -> None:
    """Let a peer have so much of an unfinished multipart under way."""
    part = frame(bytes(2**20), MORE)
    peer.socket.settimeout(10)
    for _ in range(nbytes // 2**20):
        peer.write(part)
    wait_until(lambda: turn(sockets) or sockets.events.hoards()[0][1] >= nbytes, "the hoard")


@pytest.fixture(name="peer")
def raw_peer(sockets: Sockets) -> Iterator[RawPeer]:
    """Return a peer that has come in."""
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", lambda: turn(sockets)) as peer:
        yield peer


def test_link_that_hoards_is_cut(sockets, watch, peer, wait_until):
    """A multipart without an end is bounded by nothing else."""
    hoard(sockets, peer, 2 * LIMIT_NBYTES, wait_until)
    watch.tend(1.0)
    assert peer.read_to_end() == b""


def test_nobody_is_cut_for_memory_that_is_free(sockets, watch, peer, wait_until):
    """The allocator keeps what was freed: an upload under way is not to blame for that."""
    with freed_memory():
        hoard(sockets, peer, 3 * 2**20, wait_until)
        watch.tend(1.0)
    peer.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.socket.recv(1)
