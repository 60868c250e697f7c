"""The actor's process: forked from a preloaded server, so that it is there within milliseconds."""

from __future__ import annotations

import atexit
import fcntl
import multiprocessing as mp
import os
import select
import signal
import socket
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.reduction import DupFd
from types import ModuleType
from typing import Any

from reactor_zmq.actor.process import GROUP_SIGNALS, ActorArgs, ExitCode, actor_main
from reactor_zmq.memory.board import Board

_PRELOAD = ("reactor_zmq.runtime.actor_process", "reactor_zmq.runtime.preload")


def start_forkserver(preload: Sequence[str] = ()) -> None:
    """Start the server that actors are forked from; it loads Python and numpy once.

    It must not load what can't be forked: no CUDA, no ZeroMQ context.
    """
    context = mp.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOAD, *preload])
    with _undisturbed():
        forkserver.ensure_running()


class ActorProcess:
    """One actor; started on construction.

    Attributes:
        sentinel: A descriptor that becomes readable when the process has ended.

    Args:
        args: What it is to load, and under which epoch.
        end: Its end of the link; closed here once the actor has it.
        board: Shared with it.

    Raises:
        OSError: It could not be started.
    """

    def __init__(self, args: ActorArgs, end: socket.socket, board: Board) -> None:
        self.board = board
        context = mp.get_context("forkserver")
        with _undisturbed():
            self._process = context.Process(
                target=_enter,
                args=(args, end, _Descriptor(board.fd)),
                name=f"reactor-actor-{args.epoch}",
                daemon=True,
            )
            try:
                self._process.start()
            except EOFError as error:
                raise OSError("the forkserver has died") from error
            finally:
                end.close()
        self.sentinel = self._process.sentinel

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid or 0

    def outcome(self) -> tuple[str, int] | None:
        """Return (reason, exit code) once it has ended: one word and what waitpid would say."""
        self._process.join(timeout=0)
        code = self._process.exitcode
        if code is None:
            return None
        return _REASONS.get(code, "crashed"), code

    def signal(self, *, hard: bool) -> None:
        """Send SIGUSR1, which ends a process that does not handle it, or SIGKILL.

        The actor ignores SIGINT and SIGTERM: terminals and service managers send them to every
        process of a run, and the front end decides what they mean.
        """
        os.kill(self.pid, signal.SIGKILL if hard else signal.SIGUSR1)

    def close(self) -> None:
        """Give back what belongs to an ended process, and end what it has forked.

        Its children may hold the memory, also of a GPU, that the next actor needs.
        """
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.close()
        self.board.close()


_REASONS = {
    -signal.SIGKILL: "killed",
    int(ExitCode.STOPPED): "exited",
    int(ExitCode.LOAD_FAILED): "load_failed",
    int(ExitCode.FAULT): "fault",
}


class _Descriptor:
    """A descriptor that is duplicated into the new process."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __reduce__(self) -> tuple[Any, ...]:
        return _detach, (DupFd(self.fd),)


def _detach(duplicate: Any) -> int:
    return duplicate.detach()


def _enter(args: ActorArgs, end: socket.socket, board_fd: int) -> None:
    atexit.unregister(os._exit)  # what the model forks ends as it likes: see preload.py
    _let_forkserver_end()
    _die_with_front_end()
    actor_main(args, end, board_fd)


def _let_forkserver_end() -> None:
    """Close the pipe by which the forkserver knows that somebody needs it.

    multiprocessing hands its write end to every child. An actor that hangs would keep the
    forkserver alive after the front end was killed, and by that itself: the kernel ends it when
    its parent ends.
    """
    module: Mapping[str, Any] = vars(forkserver)
    server = module["_forkserver"]
    if server._forkserver_alive_fd is not None:  # noqa: SLF001 - there is no other way to it
        os.close(server._forkserver_alive_fd)  # noqa: SLF001
        server._forkserver_alive_fd = None  # noqa: SLF001


def _die_with_front_end() -> None:
    """Have the kernel kill this process at the moment at which the front end's files are closed.

    multiprocessing gives each child a pipe whose other end only its parent has. Its end is
    told by a signal of our choice, whatever this process hangs in, and without the forkserver's
    help: that one has to get a turn first, to see the end and to die of it.
    """
    parent = mp.parent_process()
    if parent is None:
        return
    pipe = parent.sentinel
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([pipe], [], [], 0)[0]:  # it ended before the call
        os._exit(ExitCode.ORPHANED)


@contextmanager
def _undisturbed() -> Generator[None]:
    """Start processes that neither this program's ``__main__`` nor early signals can spoil.

    multiprocessing would run ``__main__`` again in every actor, so it is hidden. A signal to the
    whole process group would end a forkserver that is still loading, so it is born with them
    blocked; actors unblock them when they have decided what to do about them.
    """
    real = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    # It unblocks them when it starts its own helper process; later it finds that running.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, GROUP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        sys.modules["__main__"] = real
