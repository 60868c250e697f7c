"""The fault proxy: each fault does to a connection what it says, and only that."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from reactor_zmq.testing.proxy import FaultProxy


@pytest.fixture
def echo() -> Iterator[str]:
    """An endpoint that sends back what it gets."""

    def serve() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=back, args=(link,)).start()

    def back(link: socket.socket) -> None:
        with link:
            try:
                while data := link.recv(65_536):
                    link.sendall(data)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def proxy(echo: str) -> Iterator[FaultProxy]:
    """A proxy before it."""
    with FaultProxy(echo) as proxy:
        yield proxy


def link(proxy: FaultProxy) -> socket.socket:
    """Return a connection through the proxy."""
    host, port = proxy.endpoint.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def read_all(found: socket.socket) -> bytes:
    """Return what comes until the end."""
    data = b""
    while chunk := found.recv(65_536):
        data += chunk
    return data


def test_without_faults_bytes_come_back(proxy: FaultProxy):
    """A megabyte there and back, unchanged."""
    sent = bytes(range(256)) * 4096
    with link(proxy) as found:
        writer = threading.Thread(target=found.sendall, args=(sent,))
        writer.start()
        back = b""
        while len(back) < len(sent):
            back += found.recv(65_536)
        writer.join()
    assert back == sent
    assert proxy.accepted == 1


@pytest.mark.parametrize("nbytes", [0, 1, 100, 20_000])
def test_cut_comes_after_exactly_so_many_bytes(proxy: FaultProxy, nbytes: int):
    """What was let through is there, and not a byte more."""
    proxy.down.cut_after_nbytes = nbytes
    with link(proxy) as found:
        found.sendall(bytes(30_000))
        assert len(read_all(found)) == nbytes


def test_reset_is_seen_as_one(proxy: FaultProxy):
    """A reset connection raises; the next one works."""
    with link(proxy) as found:
        found.sendall(b"x")
        assert found.recv(1) == b"x"
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            found.recv(1)
    with link(proxy) as found:
        found.sendall(b"y")
        assert found.recv(1) == b"y"


def test_black_hole_keeps_the_connection_and_nothing_comes(proxy: FaultProxy):
    """It neither closes nor answers, and delivers when it is over."""
    with link(proxy) as found:
        proxy.down.black_hole = True
        found.sendall(b"x")
        found.settimeout(0.05)
        with pytest.raises(TimeoutError):
            found.recv(1)
        found.settimeout(10)
        proxy.down.black_hole = False
        assert found.recv(1) == b"x"


def test_slow_and_late_bytes_are_all_the_same_bytes(proxy: FaultProxy):
    """Rate and latency change when bytes come, and nothing else."""
    proxy.up.latency_s, proxy.down.rate_nbytes_s = 0.01, 2e6
    sent = bytes(range(256)) * 256
    with link(proxy) as found:
        found.sendall(sent)
        back = b""
        while len(back) < len(sent):
            back += found.recv(65_536)
    assert back == sent
