"""A run with a bridge before it, as the commands start them, and a line that can be made slow."""

from __future__ import annotations

import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from reactor_zmq.testing.running import Running, running

MODEL = Path(__file__).with_name("exhibit_model.py")
START_S = 20.0


@dataclass
class Bridged:
    """A run and its bridge.

    Attributes:
        run: The run.
        port: The bridge's; it stays the same when the bridge is started again.
        options: Given to each bridge.
    """

    run: Running
    port: int = 0
    options: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = field(default=None)

    @property
    def token(self) -> str:
        return self.run.connection.token

    def url(self, fragment: str = "") -> str:
        more = f"&{fragment}" if fragment else ""
        return f"http://127.0.0.1:{self.port}/#token={self.token}{more}"

    def start_bridge(self) -> None:
        """Start the bridge and wait until it says where it is."""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "reactor_zmq.cli.main", "bridge"),
                *(str(self.run.connection_file), "--port", str(self.port)),
                *("--sessions-per-address", "64", *self.options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said: list[str] = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("http://"):
                self.port = int(line.split(":")[2].split("/")[0])
                return
        raise RuntimeError(f"the bridge did not start:\n{''.join(said)}")

    def kill_bridge(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the bridge without a goodbye, unless told otherwise."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(START_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None


@contextmanager
def bridged(folder: Path, *options: str, name: str = "exhibit") -> Generator[Bridged]:
    """Run the exhibit and a bridge; both are ended when the block is left."""
    with running(MODEL, name=name, env={"XDG_RUNTIME_DIR": str(folder)}) as run:
        made = Bridged(run, options=options)
        made.start_bridge()
        try:
            yield made
        finally:
            if made.process is not None:
                made.kill_bridge(signal.SIGTERM)


class Relay:
    """A TCP relay before a port; ``rate`` is what passes towards the browser, in bytes per s."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.rate = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(START_S)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            # Small buffers: what waits here would be latency that no sender can see.
            far = socket.socket()
            for each in (near, far):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
                each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
            far.connect(("127.0.0.1", self.target_port))
            self._threads.append(threading.Thread(target=self._pump, args=(near, far)))
            self._threads[-1].start()

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, near, far, suppress(OSError):
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            while not self._over.is_set():
                for key, _ in selector.select(0.1):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    if not (data := source.recv(16_384)):
                        return
                    key.data.sendall(data)
                    if source is far and self.rate:
                        time.sleep(len(data) / self.rate)
