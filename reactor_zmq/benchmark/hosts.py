"""What stands at the sending end: runs of the runtime, and processes of the ceilings."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import reactor_zmq
from reactor_zmq.benchmark.processes import Worker
from reactor_zmq.benchmark.tasks import Address, Answer, Produce
from reactor_zmq.benchmark.worker import ORDERS
from reactor_zmq.sockets.keys import make_key_pair
from reactor_zmq.testing.running import running

_MODELS = "reactor_zmq.benchmark.models"
_START_S = 30.0


@dataclass(frozen=True)
class Serving:
    """A host that serves.

    Attributes:
        address: What readers and askers need.
        pids: The processes that work for it, as of this moment.
        stream: Turns the stream beside events on and off, where there is one.
    """

    address: Address
    pids: Callable[[], tuple[int, ...]]
    stream: Callable[[bool], object] = bool


class Host(Protocol):
    """Something that can be started; hosts are equal when one can serve for the other."""

    def serving(self, folder: Path) -> Any:
        """Return a context manager that serves while it is entered; ``folder`` is its own."""
        ...


@dataclass(frozen=True)
class RuntimeHost:
    """``reactor-zmq run`` of one of the benchmark's models.

    Attributes:
        model: ``ToOrder`` or ``Answering``.
        scheme: ``tcp`` or ``ipc``, of both sockets.
        options: More options of ``run``.
        curve: Whether sockets speak CURVE, with keys made for the occasion.
        bridge: Whether a WebSocket bridge runs beside it; its page stands in the address.
    """

    model: str
    scheme: str
    options: tuple[str, ...] = ()
    curve: bool = False
    bridge: bool = False

    @contextmanager
    def serving(self, folder: Path) -> Generator[Serving]:
        """Run it, with a client that keeps the session alive between readers."""
        words = [f"--model.orders={folder}/{ORDERS}", *self.options]
        for name in ("events", "frames"):
            where = "tcp://127.0.0.1:*" if self.scheme == "tcp" else f"ipc://{folder}/{name}"
            words.append(f"--{name}={where}")
        if self.curve:
            make_keys(folder / "keys")
            words += ["--keys", str(folder / "keys")]
        words += ["--connection-file", str(folder / "run.json")]
        with (
            running(f"{_MODELS}:{self.model}", *words, name=f"bench-{folder.name}") as run,
            reactor_zmq.connect(run.connection_file) as client,
        ):
            client.wait_ready(_START_S)

            def pids() -> tuple[int, ...]:
                return run.connection.pid, run.connection.actor_pid

            def stream(on: bool) -> None:
                client.send("set_on", on=on)

            if not self.bridge:
                yield Serving({"file": str(run.connection_file)}, pids, stream)
                return
            with bridging(run.connection_file) as (page, pid):
                yield Serving({"page": page}, lambda: (*pids(), pid))


@contextmanager
def bridging(connection_file: Path) -> Generator[tuple[str, int]]:
    """Run a bridge on a free port; yield the address of its page and its pid.

    Raises:
        RuntimeError: It did not start; the text says why.
    """
    words = [sys.executable, "-m", "reactor_zmq.cli.main", "bridge", str(connection_file)]
    process = subprocess.Popen(
        [*words, "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        told: Iterable[str] = process.stdout or ()
        page = next((line.strip() for line in told if "#token=" in line), "")
        if not page:
            raise RuntimeError("the bridge did not start: pip install 'reactor-zmq[bridge]'")
        yield page, process.pid
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def make_keys(folder: Path) -> str:
    """Make a folder with a server's key pair and return a token that lets clients in."""
    pair, token = make_key_pair(), secrets.token_urlsafe(32)
    made = {
        "server.public": pair.public,
        "server.secret": pair.secret,
        "tokens/steer/bench.token": token,
    }
    for name, line in made.items():
        path = folder / name
        for parent in reversed(path.parents):
            if not parent.exists():
                parent.mkdir(mode=0o700)
        path.touch(0o600)
        path.write_text(f"{line}\n")
    return token


@dataclass(frozen=True)
class ProducerHost:
    """A process that sends what is ordered: a ceiling, or another system.

    Attributes:
        maker: ``module:name`` of its :class:`~reactor_zmq.benchmark.tasks.Producer`.
        arguments: Given to it by name.
        python: Its interpreter, where it has one of its own; with ``env``, as pairs.
    """

    maker: str
    arguments: tuple[tuple[str, str], ...] = ()
    python: str = ""
    env: tuple[tuple[str, str], ...] = ()
    task: type[Produce | Answer] = field(default=Produce)

    @contextmanager
    def serving(self, folder: Path) -> Generator[Serving]:
        """Start the process; its address is known when this is entered."""
        with Worker(self.python, self._env()) as worker:
            worker.begin(self.task(self.maker, str(folder), dict(self.arguments)))
            address: Address = worker.hear(_START_S)
            yield Serving(address, lambda: (worker.pid,))

    def _env(self) -> Mapping[str, str] | None:
        return dict(self.env) if self.env else None
