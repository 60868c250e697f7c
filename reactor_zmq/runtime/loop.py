"""The front end's one thread: a poll loop over every socket, the actor and the clock."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable

from reactor_zmq.machines.frontend import FrontEnd
from reactor_zmq.machines.frontend_vocabulary import (
    AccessChanged,
    ActorDied,
    ActorSaid,
    ActorStarted,
    Cut,
    DropFile,
    FileLost,
    Forget,
    Instruction,
    ModelLoaded,
    Note,
    PeerArrived,
    PeerGone,
    PeerSaid,
    PeerStuck,
    ReadFile,
    Say,
    Stimulus,
    StopAsked,
    StoreInput,
    Tell,
    TimePassed,
    ViewersChanged,
    WriteFile,
)
from reactor_zmq.machines.supervisor import Died, Phase
from reactor_zmq.memory.board import Board
from reactor_zmq.memory.ring import Ring
from reactor_zmq.runtime.actor_keeper import ActorKeeper
from reactor_zmq.runtime.courtesy import Courtesy
from reactor_zmq.runtime.files import Files
from reactor_zmq.runtime.frame_pump import FramePump
from reactor_zmq.runtime.gate import Gate
from reactor_zmq.runtime.input_store import InputStore
from reactor_zmq.runtime.memory_watch import MemoryWatch
from reactor_zmq.runtime.observer import (
    ActorLost,
    LoadFailure,
    LoadProgress,
    ModelReady,
    Observer,
    Stopping,
)
from reactor_zmq.runtime.operations import Operations, Readings
from reactor_zmq.runtime.wakeups import Wakeups
from reactor_zmq.sockets.public import Sockets
from reactor_zmq.wire import link

# The frames socket has to be touched at least so often, or dead peers' slots never come back.
_TOUCH_S = 0.02
_PART_S = 0.25
_LOOK_AT_CLOCK_S = 0.1
# What one pass takes from the actor, so that peers are heard under a flood of messages.
_BATCH = 256

# Exit codes of a run that did not end as it was told to.
LOAD_FAILED = 1
GIVEN_UP = 3

_log = logging.getLogger("reactor_zmq.frontend")


class FrontEndLoop:
    """Carries out what the brain decides; owns nothing that it was not given.

    All of it runs in the thread that calls :meth:`run`.
    """

    def __init__(
        self,
        *,
        brain: FrontEnd,
        sockets: Sockets,
        gate: Gate,
        pump: FramePump,
        files: Files,
        inputs: InputStore,
        observe: Observer,
        operations: Operations,
        memory: MemoryWatch,
        wake: socket.socket,
        stop_count: Callable[[], int],
    ) -> None:
        self._brain = brain
        self._sockets = sockets
        self._events = sockets.events
        self._frames = sockets.frames
        self._lane = sockets.lane
        self._zap = sockets.zap
        self._gate = gate
        self._pump = pump
        self._files = files
        self._inputs = inputs
        self._observe = observe
        self._operations = operations
        self._memory = memory
        self._wake = wake
        self._stop_count = stop_count
        self._stops_seen = 0
        self._clock_at = 0.0
        self._tidied_at = 0.0
        self._viewers = 0
        self._load_began = 0.0
        self._load_failed = False
        self._ever_ready = False
        self._keeper: ActorKeeper
        self._changes_seen = -1
        self._courtesy = Courtesy()
        self._wake_fd = wake.fileno()
        self._probes = frozenset(operations.descriptors())
        self._wakeups = Wakeups(sockets.bells(), (self._wake_fd, *self._probes))

    def run(self, keeper: ActorKeeper, *, exit_on_failure: bool = False) -> int:
        """Serve until the run has ended; return the exit code."""
        self._keeper = keeper
        self._operations.watch(self._read)
        ends = {Phase.ENDED, Phase.FAILED} if exit_on_failure else {Phase.ENDED}
        while keeper.phase not in ends and not (self._load_failed and not keeper.pid):
            self._watch_actor()
            self._pass(self._wait())
        self._perform(self._brain.farewell())
        self._part()
        if self._load_failed:
            return LOAD_FAILED
        return GIVEN_UP if keeper.phase is Phase.FAILED else 0

    def _read(self) -> Readings:
        counts, keeper = self._pump.counts, self._keeper
        return Readings(
            self._brain.status, keeper.in_control, counts.sent, counts.announced, keeper.pid
        )

    def _part(self) -> None:
        """Give peers a moment to read the last words and to close their links themselves.

        A peer with ``ZMQ_IMMEDIATE`` loses what it has not read when the other side closes.
        """
        deadline = time.monotonic() + _PART_S
        while self._events.links and time.monotonic() < deadline:
            self._wakeups.listen(_PART_S / 10)
            self._zap.answer_all()
            self._events.receive()
            self._events.flush()

    def close(self) -> None:
        """Give back what the loop itself opened."""
        self._wakeups.close()

    # --- one pass ---------------------------------------------------------------------------

    def _wait(self) -> set[int]:
        """Return the descriptors that announce something, after 20 ms at the latest."""
        self._pump.retry()
        self._wakeups.timer.set(self._pump.next_due_ns())
        busy = self._stirred() or (self._events.bell.rung and self._events.ready())
        return self._wakeups.listen(0 if busy else _TOUCH_S)

    def _stirred(self) -> bool:
        """Whether a subscription waits."""
        return (self._frames.bell.rung and self._frames.ready()) or (
            self._lane.bell.rung and self._lane.ready()
        )

    def _pass(self, ready: set[int]) -> None:
        if self._events.stirred:
            self._hear_peers()
        if self._wakeups.has_actor_in(ready):
            self._hear_actor()
        if self._wakeups.timer_fd in ready:
            self._wakeups.timer.clear()
            self._pump.send_due()
        if self._stirred():
            self._pump.read_subscriptions()
        self._pump.collect()
        self._zap.answer_all()
        if self._events.waiting:
            self._events.flush()
        if not ready.isdisjoint(self._probes):
            self._operations.attend()
        if self._wake_fd in ready:
            self._wake.recv(64)
        self._tidy(ready)

    def _tidy(self, ready: set[int]) -> None:
        """Do what can wait for 20 ms, and what an actor's end or a signal asks for at once."""
        now = time.monotonic()
        urgent = self._stop_count() != self._stops_seen or self._keeper.disturbed(ready)
        if not urgent and now - self._tidied_at < _TOUCH_S:
            return
        self._tidied_at = now
        self._sockets.touch()
        self._zap.answer_all()
        self._pump.tidy()
        self._memory.tend(now)
        self._sockets.shed()
        self._keeper.tend()
        allowed = self._gate.tend(now)
        if allowed is not None:
            self._handle(AccessChanged(allowed))
        self._look_at_clock()

    def _hear_peers(self) -> None:
        batch, gone = self._events.receive()
        for caller in self._events.arrivals():
            self._handle(PeerArrived(*caller))
        for peer, parts in batch:
            self._handle(PeerSaid(peer, parts, time.time_ns()))
        for peer in gone:
            self._handle(PeerGone(peer))

    def _hear_actor(self) -> None:
        for _ in range(_BATCH):
            found = self._keeper.receive()
            if found is None:
                return
            message, fd = found
            match message:
                case link.Frame():
                    self._pump.take(message)
                case link.Flush():
                    self._pump.flush()
                case link.Ring(generation, slots, slot_nbytes) if fd is not None:
                    self._pump.add_ring(Ring.attach(fd, slots, slot_nbytes, generation))
                case _:
                    self._note_load(message)
                    self._handle(ActorSaid(message))
                    if not self._brain.awaits_replies and isinstance(message, link.Reply):
                        self._courtesy.offer()
                        return  # nothing is owed: what was said leaves sooner than by looking on

    def _note_load(self, message: link.FromActor) -> None:
        match message:
            case link.Loading(done, total, text):
                self._observe(LoadProgress(done, total, text))
            case link.Ready():
                self._ever_ready = True
                self._keeper.loaded()
            case link.LoadFailed(text, traceback):
                self._observe(LoadFailure(text, traceback))
                if not self._ever_ready:
                    self._load_failed = True
                    self._keeper.give_up()
            case _:
                pass

    def _look_at_clock(self) -> None:
        stops = self._stop_count()
        if stops != self._stops_seen:
            self._stops_seen = stops
            self._observe(Stopping())
            self._handle(StopAsked())
            self._keeper.stop()
        now = time.monotonic()
        if now - self._clock_at < _LOOK_AT_CLOCK_S:
            return
        self._clock_at = now
        links = self._frames.monitor.links + self._lane.monitor.links
        if links != self._viewers:
            self._viewers = links
            self._handle(ViewersChanged(self._viewers))
        self._handle(TimePassed())
        self._operations.tick()

    def _watch_actor(self) -> None:
        if self._keeper.changes == self._changes_seen:
            return
        self._changes_seen = self._keeper.changes
        self._wakeups.watch_actor(self._keeper.descriptors())

    # --- what the keeper tells ----------------------------------------------------------------

    def actor_started(self, epoch: int, board: Board) -> None:
        """Let a new actor's epoch begin."""
        self._load_began = time.monotonic()
        self._pump.actor_started(epoch, board)
        self._inputs.actor_started()
        self._handle(ActorStarted(epoch))

    def actor_died(self, died: Died) -> None:
        """Tell everybody that the actor has gone."""
        _log.warning("the actor has gone", extra={"facts": {"reason": died.reason}})
        self._observe(ActorLost(died.reason, died.final))
        self._handle(ActorDied(died.reason, died.final))

    # --- carrying out -------------------------------------------------------------------------

    def _handle(self, stimulus: Stimulus) -> None:
        self._perform(self._brain.handle(stimulus, time.monotonic()))

    def _perform(self, instructions: list[Instruction]) -> None:
        # Peers that took nothing are told of when all is done: what follows from that must not
        # come before what was decided earlier.
        stuck: dict[bytes, None] = {}
        for instruction in instructions:
            match instruction:
                case Say(peer, parts):
                    if peer not in stuck and not self._events.send(peer, parts):
                        stuck[peer] = None
                case Tell(message, file):
                    self._keeper.send(message, self._files.sealed(file) if file else None)
                case StoreInput(track, frame, payload):
                    self._inputs.store(track, frame, payload, self._keeper.send)
                    self._pump.inputs.show(track, frame, payload)
                case WriteFile() | DropFile():
                    if not self._files.carry_out(instruction):
                        self._handle(FileLost(instruction.upload_id))
                case ReadFile():
                    self._handle(self._files.read(instruction))
                case Forget() | Cut():
                    self._gate.part_from(instruction, time.monotonic())
                case ModelLoaded(contract, epoch):
                    self._pump.model_loaded(contract)
                    took = time.monotonic() - self._load_began
                    self._observe(ModelReady(contract.model, epoch, took))
                case Note(level, text, facts):
                    _log.log(_LEVELS[level], text, extra={"facts": facts})
        for peer in stuck:
            self._handle(PeerStuck(peer))


_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
