"""The actor's process: it hosts one model and listens to nobody but its front end."""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
from enum import IntEnum
from typing import NoReturn

from msgspec import Struct

from reactor_zmq.actor.failure import load_failed
from reactor_zmq.actor.host import ModelHost
from reactor_zmq.actor.inlet import LinkInlet
from reactor_zmq.actor.loader import Found, find_target
from reactor_zmq.actor.loading import build, load, read_spec
from reactor_zmq.actor.outlet import LinkOutlet
from reactor_zmq.errors import ActorFault, LoadError
from reactor_zmq.logs import set_up_logging
from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.board import Board
from reactor_zmq.sockets.link import Link
from reactor_zmq.wire.contract import encode_contract
from reactor_zmq.wire.link import Ready, Stopped, ToActor, decode_to_actor

log = logging.getLogger("reactor_zmq.actor")

GROUP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Sent by terminals and service managers to every process of a run."""
BEAT_S = 0.2
_PR_SET_PDEATHSIG = 1
_RINGS_PER_EPOCH = 2**20


class ExitCode(IntEnum):
    """How the process ends, as its supervisor sees it."""

    STOPPED = 0
    LOAD_FAILED = 3
    FAULT = 4
    ORPHANED = 5


class ActorArgs(Struct, frozen=True, kw_only=True):
    """What a new process is told.

    Attributes:
        target: ``file.py:Class``, ``module:Class`` or a folder with ``reactor.yaml``.
        name: Of the run, for logs.
        epoch: Generation of the actor.
        overrides: Dotted names and values of the model's configuration.
        slots: Of each ring of outgoing frames.
        window_s: Three failed turns within it end the session.
        log_format: ``text`` or ``json``, as the front end logs.
        verbose: Whether to log what is for developers too.
    """

    target: str
    name: str = ""
    epoch: int = 0
    overrides: dict[str, object] = {}
    slots: int = 16
    window_s: float = 30.0
    log_format: str = "text"
    verbose: bool = False


def actor_main(args: ActorArgs, link_end: socket.socket, board_fd: int) -> NoReturn:
    """Be the actor: load the model, serve it, exit.

    Args:
        args: What to load.
        link_end: The actor's end of the link; the actor owns it.
        board_fd: The board; the actor owns it.
    """
    die_with_parent()
    # A group of its own, so that what the model forks can be ended with it; and a child that runs
    # on in the host must not speak for the model.
    os.setpgid(0, 0)
    os.register_at_fork(after_in_child=link_end.close)
    # They reach every process of a run at once; the front end decides what they mean.
    for each in GROUP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, GROUP_SIGNALS)
    set_up_logging(args.log_format, verbose=args.verbose)
    link: Link[ToActor] = Link(link_end, decode_to_actor)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Handlers run in the host's task and in its callbacks: what an author keeps in context
    # variables is the same for both.
    context = contextvars.copy_context()
    live = _live(args, link, Board.attach(board_fd), context)
    _exit(loop.run_until_complete(loop.create_task(live, context=context)))


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, however that happens."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # it ended before the call
        _exit(ExitCode.ORPHANED)


async def _live(
    args: ActorArgs, link: Link[ToActor], board: Board, context: contextvars.Context
) -> ExitCode:
    """Load, serve, stop."""
    slots = Slots(args.slots, args.epoch * _RINGS_PER_EPOCH)
    outlet = LinkOutlet(link, board, slots, _orphaned)
    try:
        found = find_target(args.target, args.overrides)
        host = _host(args, found, link, board, outlet, context)
        await load(host.model, found.config, found.config_path)
    except LoadError as error:
        outlet.post(load_failed(error))
        await outlet.drained()
        return ExitCode.LOAD_FAILED
    # Weights and modules stay: the collector need not walk them in the middle of a turn.
    gc.collect()
    gc.freeze()
    outlet.post(Ready(encode_contract(host.spec.contract)))
    try:
        await host.serve()
    except ActorFault:
        log.critical("the model's process gives up", exc_info=True)
        return ExitCode.FAULT
    outlet.frames.close()
    outlet.post(Stopped())
    await outlet.drained()
    return ExitCode.STOPPED


def _host(
    args: ActorArgs,
    found: Found,
    link: Link[ToActor],
    board: Board,
    outlet: LinkOutlet,
    context: contextvars.Context,
) -> ModelHost:
    """Build the model and its host, and let the loop read the link and beat."""
    spec = read_spec(found.cls, found.title)
    inlet = LinkInlet(link, _orphaned)

    def pump() -> None:
        board.beat()
        outlet.flush()
        inlet.drain(host)

    host = ModelHost(spec, build(found.cls), outlet, window_s=args.window_s, pump=pump)
    loop = asyncio.get_running_loop()
    loop.add_reader(link.fileno(), lambda: context.run(inlet.drain, host))

    def beat() -> None:
        board.beat()
        loop.call_later(BEAT_S, beat)

    beat()
    return host


def _orphaned() -> NoReturn:
    """End at once: nobody is left to serve, and the author's code must not stand in the way."""
    _exit(ExitCode.ORPHANED)


def _exit(code: ExitCode) -> NoReturn:
    """End without waiting for threads that the author's code may have left behind."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
