"""The actor's process: forked from a preloaded server, so that it is there within milliseconds."""

from __future__ import annotations

import multiprocessing as mp
import signal
import socket
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from multiprocessing.reduction import DupFd
from types import ModuleType
from typing import Any

from reactor_zmq.actor.process import ActorArgs, actor_main
from reactor_zmq.memory.board import Board

_PRELOAD = ("reactor_zmq.actor.process", "reactor_zmq.runtime.actor_process")


def start_forkserver(preload: Sequence[str] = ()) -> None:
    """Start the server that actors are forked from; it loads Python and numpy once.

    It must not load what can't be forked: no CUDA, no ZeroMQ context.
    """
    context = mp.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOAD, *preload])
    from multiprocessing import forkserver  # noqa: PLC0415 - only this function needs it

    with _no_main_module():
        forkserver.ensure_running()


class ActorProcess:
    """One actor; started on construction, watched by its ``sentinel``.

    Args:
        args: What it is to load, and under which epoch.
        end: Its end of the link; closed here once the actor has it.
        board: Shared with it.
    """

    def __init__(self, args: ActorArgs, end: socket.socket, board: Board) -> None:
        self.board = board
        context = mp.get_context("forkserver")
        with _no_main_module():
            self._process = context.Process(
                target=_enter,
                args=(args, end, _Descriptor(board.fd)),
                name=f"reactor-actor-{args.epoch}",
                daemon=True,
            )
            self._process.start()
        end.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid or 0

    @property
    def sentinel(self) -> int:
        """A descriptor that becomes readable when the process has ended."""
        return self._process.sentinel

    def outcome(self) -> tuple[str, int] | None:
        """Return (reason, exit code) once it has ended: one word and what waitpid would say."""
        self._process.join(timeout=0)
        code = self._process.exitcode
        if code is None:
            return None
        return _REASONS.get(code, "crashed"), code

    def signal(self, *, hard: bool) -> None:
        """Send SIGTERM, or SIGKILL."""
        if hard:
            self._process.kill()
        else:
            self._process.terminate()

    def close(self) -> None:
        """Give back what belongs to an ended process."""
        self._process.close()
        self.board.close()


_REASONS = {-signal.SIGKILL: "killed", 0: "exited"}


class _Descriptor:
    """A descriptor that is duplicated into the new process."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __reduce__(self) -> tuple[Any, ...]:
        return _detach, (DupFd(self.fd),)


def _detach(duplicate: Any) -> int:
    return duplicate.detach()


def _enter(args: ActorArgs, end: socket.socket, board_fd: int) -> None:
    actor_main(args, end, board_fd)


@contextmanager
def _no_main_module() -> Generator[None]:
    """Hide ``__main__`` from multiprocessing, which would run it again in every actor."""
    real = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = real
