"""The composition root: one run of one model, from bound sockets to a clean end."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from reactor_zmq.actor.process import ActorArgs
from reactor_zmq.config import ServerConfig
from reactor_zmq.errors import ConfigError
from reactor_zmq.machines.frontend import FrontEnd
from reactor_zmq.machines.frontend_state import FrontEndSettings
from reactor_zmq.machines.supervisor import Supervisor
from reactor_zmq.memory.board import Board
from reactor_zmq.runtime.actor_keeper import ActorKeeper
from reactor_zmq.runtime.actor_process import start_forkserver
from reactor_zmq.runtime.files import Files
from reactor_zmq.runtime.frame_pump import FramePump
from reactor_zmq.runtime.gate import Gate
from reactor_zmq.runtime.input_store import InputStore
from reactor_zmq.runtime.keyring import Keyring, RunTokens
from reactor_zmq.runtime.lane import FrontEndLane
from reactor_zmq.runtime.loop import FrontEndLoop
from reactor_zmq.runtime.memory_watch import MemoryWatch
from reactor_zmq.runtime.observer import Bound, Observer, RunEvent
from reactor_zmq.runtime.operations import Operations
from reactor_zmq.runtime.rundir import RunDirectory
from reactor_zmq.sockets.context import raise_descriptor_limit
from reactor_zmq.sockets.public import Sockets
from reactor_zmq.sockets.self_test import check_gate
from reactor_zmq.wire.connection_file import ConnectionFile, encode_connection_file

_log = logging.getLogger("reactor_zmq.runtime")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _ignore(_: RunEvent) -> None:
    return


def serve(config: ServerConfig, observe: Observer = _ignore) -> int:
    """Run one model until it is told to stop; return the exit code (see :class:`Server`)."""
    return Server(config, observe).run()


class Server:
    """One run of one model.

    Args:
        config: All that the run needs.
        observe: Told of every step, in the thread that calls :meth:`run`.
        preload: Modules that the actors' forkserver loads beforehand.
    """

    def __init__(
        self, config: ServerConfig, observe: Observer = _ignore, preload: tuple[str, ...] = ()
    ) -> None:
        self._config = config
        self._observe = observe
        self._preload = preload
        steer = {"steer": config.token} if config.token else {}
        self._tokens = RunTokens(**steer)
        self._keyring: Keyring
        self._stops = 0
        self._hangups = 0
        self._wake: socket.socket | None = None

    def run(self) -> int:
        """Serve until SIGINT, SIGTERM or :meth:`stop`; return the exit code.

        The sockets are bound and the connection file is there before the model begins to load.
        Signals are heeded when it is called in the main thread.

        Raises:
            ConfigError: A socket, the name or a file can't be had; nothing is left behind.
        """
        max_links = raise_descriptor_limit()
        with ExitStack() as stack:
            # Signals are heeded until all is put away: one that killed us then would leave it.
            woken = stack.enter_context(self._waking())
            place = RunDirectory(self._config.name, self._config.connection_file)
            stack.callback(place.remove)
            self._keyring = Keyring(self._config.keys, self._tokens)
            start_forkserver(self._preload)
            return self._serve(stack, place, self._bind(stack, place, max_links), woken)

    def stop(self) -> None:
        """End the run in order; a second call ends it at once.

        Any thread may call it, also before the run and after it.
        """
        self._stops += 1
        wake = self._wake
        if wake is not None:
            with suppress(OSError):  # it ends by itself at this moment, or is being woken already
                wake.send(b"\0")

    def _serve(
        self, stack: ExitStack, place: RunDirectory, sockets: Sockets, woken: socket.socket
    ) -> int:
        config = self._config
        operations = Operations(config.name, config.health_port, config.notify)
        stack.callback(operations.close)

        def told(step: RunEvent) -> None:
            operations.heed(step)
            self._observe(step)

        files, inputs = Files(), InputStore(config.ring)
        stack.callback(files.close)
        stack.callback(inputs.close)
        lane = FrontEndLane(sockets.lane, sockets.lane_at, config.ring)
        stack.callback(lane.close)
        settings = FrontEndSettings(
            config.name, sockets.frames_at, config.resume_s, config.limits, lane.where
        )
        memory = MemoryWatch(sockets.events, config.limits.memory_nbytes)
        stack.callback(memory.close)
        loop = FrontEndLoop(
            brain=FrontEnd(settings, partial(secrets.token_hex, 8)),
            sockets=sockets,
            gate=Gate(sockets, self._keyring, lambda: self._hangups),
            memory=memory,
            pump=FramePump(sockets.frames, config.ring, lane),
            files=files,
            inputs=inputs,
            observe=told,
            operations=operations,
            wake=woken,
            stop_count=lambda: self._stops,
        )
        stack.callback(loop.close)

        def started(epoch: int, board: Board) -> None:
            loop.actor_started(epoch, board)
            try:
                self._write_file(place, sockets, keeper.pid)
            except ConfigError as error:
                # Clients are connected already: a swept folder is no reason to let them go.
                _log.warning("the connection file is out of date: %s", error)

        supervisor = Supervisor(config.supervision)
        keeper = ActorKeeper(supervisor, self._actor_args, started, loop.actor_died)
        stack.callback(keeper.close)
        self._write_file(place, sockets, 0)
        self._observe(
            Bound(sockets.events_at, sockets.frames_at, place.connection_file, operations.port)
        )
        # Nothing made so far is garbage; collections have less to look at, and pause less.
        gc.collect()
        gc.freeze()
        return loop.run(keeper, exit_on_failure=config.exit_on_failure)

    def _bind(self, stack: ExitStack, place: RunDirectory, max_links: int) -> Sockets:
        config, limits, keyring = self._config, self._config.limits, self._keyring
        allowed = keyring.load()
        sockets = Sockets(
            allowed, limits.part_nbytes, limits.client_queue, max_links, pair=keyring.pair
        )
        stack.callback(sockets.close)
        if config.insecure and keyring.pair is None:
            _log.warning(
                "INSECURE: with --insecure, tokens and frames travel in the clear, and whoever "
                "listens on the way can steer this model"
            )
        sockets.bind(config.events, config.frames, keyring.why_not(insecure=config.insecure))
        sockets.bind_lane(f"ipc://{place.path / 'lane.ipc'}")
        server_key = keyring.pair.public if keyring.pair else ""
        check_gate(sockets, self._tokens.view, server_key)
        return sockets

    def _actor_args(self, epoch: int) -> ActorArgs:
        config = self._config
        return ActorArgs(
            target=config.target,
            name=config.name,
            epoch=epoch,
            overrides=config.overrides,
            slots=config.ring.slots,
            window_s=config.supervision.window_s,
            log_format=config.log_format,
            verbose=config.verbose,
        )

    def _write_file(self, place: RunDirectory, sockets: Sockets, actor_pid: int) -> None:
        found = ConnectionFile(
            name=self._config.name,
            events=sockets.events_at,
            frames=sockets.frames_at,
            token=self._tokens.steer,
            view_token=self._tokens.view,
            admin_token=self._tokens.admin,
            server_key=self._keyring.pair.public if self._keyring.pair else "",
            pid=os.getpid(),
            actor_pid=actor_pid,
        )
        place.write_connection_file(encode_connection_file(found))

    @contextmanager
    def _waking(self) -> Generator[socket.socket]:
        """Yield what becomes readable when a signal or :meth:`stop` asks for the end."""
        reader, writer = socket.socketpair()
        with reader, writer:
            for end in (reader, writer):
                end.setblocking(False)
            self._wake = writer
            try:
                with self._signals(writer):
                    yield reader
            finally:
                self._wake = None

    @contextmanager
    def _signals(self, writer: socket.socket) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def count(*_: object) -> None:
            self._stops += 1

        def hang_up(*_: object) -> None:
            self._hangups += 1

        # A hangup is a daemon's sign to read its keys anew; without any, the terminal has gone.
        at_hangup = hang_up if self._config.keys else count
        handlers = {**dict.fromkeys(_STOP_SIGNALS, count), signal.SIGHUP: at_hangup}
        wake_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        before = {each: signal.signal(each, handler) for each, handler in handlers.items()}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
            signal.set_wakeup_fd(wake_before)
