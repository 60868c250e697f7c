"""A real run for tests: the same process that ``reactor-zmq run`` starts, with free ports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from reactor_zmq.wire.connection_file import ConnectionFile, decode_connection_file

DEADLINE_S = 20.0


@dataclass
class Running:
    """A run that serves; ended in order when its ``with`` block is left.

    Attributes:
        process: The front end.
        connection_file: Give it to ``reactor_zmq.connect``.
        lines: What it has printed so far, both streams, line by line.
    """

    process: subprocess.Popen[str]
    connection_file: Path
    lines: list[str] = field(default_factory=list[str])

    @property
    def connection(self) -> ConnectionFile:
        """The connection file's content as of this moment."""
        return decode_connection_file(self.connection_file.read_bytes())

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return "".join(self.lines)

    def kill_actor(self) -> int:
        """Kill the actor's process; return its pid."""
        pid = self.connection.actor_pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self, timeout_s: float = DEADLINE_S) -> int:
        """Ask it to end and return its exit code.

        Raises:
            subprocess.TimeoutExpired: It did not; it is killed then.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        finally:
            self.process.kill()


@contextmanager
def running(
    target: str | Path, *options: str, name: str = "test", env: dict[str, str] | None = None
) -> Generator[Running]:
    """Run a model in processes of its own and yield once its sockets are bound.

    Args:
        target: As for ``reactor-zmq run``.
        options: More of its options.
        name: Name of the run.
        env: Added to the environment.

    Raises:
        RuntimeError: It ended before its sockets were bound; the text has what it printed.
    """
    file = _connection_file(name, options, env)
    command = [
        *(sys.executable, "-m", "reactor_zmq.cli.main", "run", str(target), "--name", name),
        *_free_ports(options),
        *options,
    ]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
    )
    run = Running(process, file)
    reader = threading.Thread(target=_collect, args=(process.stdout, run.lines), daemon=True)
    reader.start()
    try:
        _await_file(run, reader)
        yield run
    finally:
        run.stop()
        reader.join(DEADLINE_S)
        if process.stdout is not None:
            process.stdout.close()


def _free_ports(options: Sequence[str]) -> list[str]:
    wanted: list[str] = []
    for option in ("--events", "--frames"):
        if not any(o == option or o.startswith(f"{option}=") for o in options):
            wanted += [option, "tcp://127.0.0.1:*"]
    return wanted


def _connection_file(name: str, options: Sequence[str], env: dict[str, str] | None) -> Path:
    if "--connection-file" in options:
        return Path(options[options.index("--connection-file") + 1])
    from reactor_zmq.config import runtime_directory  # noqa: PLC0415 - read at each call

    base = (env or {}).get("XDG_RUNTIME_DIR")
    folder = Path(base) / "reactor-zmq" if base else runtime_directory()
    return folder / f"{name}.json"


def _collect(stream: IO[str] | None, lines: list[str]) -> None:
    if stream is not None:
        lines.extend(stream)


def _await_file(run: Running, reader: threading.Thread) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not _is_ours(run):
        if run.process.poll() is not None:
            reader.join(DEADLINE_S)
            raise RuntimeError(f"the run ended with {run.process.returncode}:\n{run.output}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"no connection file after {DEADLINE_S} s:\n{run.output}")
        time.sleep(0.005)


def _is_ours(run: Running) -> bool:
    return run.connection_file.exists() and run.connection.pid == run.process.pid
