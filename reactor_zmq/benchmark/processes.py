"""Worker processes, and the pipes to them."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe
from typing import Any, Self

from reactor_zmq.benchmark.tasks import Failed, Task
from reactor_zmq.benchmark.worker import work

_END_S = 5.0


class TaskFailedError(RuntimeError):
    """A worker could not do what it was asked."""


class Worker:
    """A process that does one task after the other; belongs to one thread.

    Args:
        python: Another interpreter, for systems that live in an environment of their own.
        env: Its whole environment, where it is another interpreter.
    """

    def __init__(self, python: str = "", env: Mapping[str, str] | None = None) -> None:
        ours, theirs = Pipe()
        self._pipe: Connection = ours
        if python:
            self._process: Any = _Foreign(python, theirs, env)
        else:
            # Forked from a server that has imported everything and holds no ZeroMQ context.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["reactor_zmq.benchmark.preload"])
            self._process = context.Process(target=work, args=(theirs,), daemon=True)
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """The process."""
        return int(self._process.pid)

    def begin(self, task: Task) -> None:
        """Give it a task."""
        self._pipe.send(task)

    def go(self) -> None:
        """Say the word that a task waits for, or that ends it."""
        self._pipe.send(None)

    def hear(self, timeout_s: float) -> Any:
        """Return what it says next.

        Raises:
            TaskFailedError: It could not do its task, said nothing in time, or has ended.
        """
        try:
            if not self._pipe.poll(timeout_s):
                raise TaskFailedError(f"nothing was heard for {timeout_s:g} s")
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise TaskFailedError("its process has ended") from error
        if isinstance(answer, Failed):
            raise TaskFailedError(answer.text)
        return answer

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self._process.join(_END_S)
        self._process.kill()
        self._process.join()
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Foreign:
    """A worker run by another interpreter, as ``multiprocessing`` shows its own."""

    def __init__(self, python: str, pipe: Connection, env: Mapping[str, str] | None) -> None:
        fd = pipe.fileno()
        command = [python or sys.executable, "-m", "reactor_zmq.benchmark.worker", str(fd)]
        # What goes wrong comes through the pipe; what a system prints beside would hide progress.
        self._process = subprocess.Popen(
            command,
            pass_fds=(fd,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=None if env is None else {**env},
        )
        self.pid = self._process.pid

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, for so long."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        """Do nothing: waiting has given everything back."""
