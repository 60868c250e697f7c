"""When an actor is started, restarted, killed or given up: one_for_one, with back-off."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from reactor_zmq.config import Supervision
from reactor_zmq.errors import LocalProtocolError


class Phase(Enum):
    """Where the actor's process is in its life."""

    DOWN = auto()
    LOADING = auto()
    RUNNING = auto()
    STOPPING = auto()
    TERMINATING = auto()
    KILLED = auto()
    ENDED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start an actor under this epoch."""

    epoch: int


@dataclass(frozen=True, slots=True)
class AskToStop:
    """Ask the actor to end its session and exit."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Ask the process to end, or end it when ``hard``."""

    hard: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Died:
    """The actor is gone unasked; ``final`` when it is not started again."""

    reason: str
    final: bool


SupervisorInstruction = Spawn | AskToStop | Signal | Died


class Supervisor:
    """The policy for one actor; time is monotonic seconds, handed in."""

    def __init__(self, policy: Supervision) -> None:
        self._policy = policy
        self._restarts: deque[float] = deque()
        self._streak = 0
        self._since = 0.0
        self._spawn_at: float | None = 0.0
        self._tick = -1
        self._tick_at = 0.0
        self._reason = ""
        self._loaded_at: float | None = None
        self.phase = Phase.DOWN
        self.epoch = 0

    def poll(self, now: float, tick: int = 0) -> list[SupervisorInstruction]:
        """Look at the clock and at the actor's progress tick."""
        match self.phase:
            case Phase.DOWN if self._spawn_at is not None and now >= self._spawn_at:
                return [self._spawn(now)]
            case Phase.LOADING if now - self._since >= self._policy.load_timeout_s:
                return [self._kill("load_timeout", now)]
            case Phase.RUNNING:
                return self._watch(tick, now)
            case Phase.STOPPING if now - self._since >= self._policy.stop_grace_s:
                self._enter(Phase.TERMINATING, now)
                return [Signal(hard=False, reason="stop")]
            case Phase.TERMINATING if now - self._since >= self._policy.kill_grace_s:
                return [self._kill("stop", now)]
            case _:
                return []

    def loaded(self, now: float) -> None:
        """Note that the model is loaded; from here its tick has to move."""
        if self.phase is Phase.LOADING:
            self._enter(Phase.RUNNING, now)
            self._loaded_at = self._tick_at = now

    def exited(self, reason: str, now: float) -> list[SupervisorInstruction]:
        """Note that the process has ended.

        Raises:
            LocalProtocolError: There is no process.
        """
        if self.phase in (Phase.DOWN, Phase.ENDED, Phase.FAILED):
            raise LocalProtocolError(f"no actor can exit in {self.phase.name}")
        if self.phase in (Phase.STOPPING, Phase.TERMINATING) or self._reason == "stop":
            self._enter(Phase.ENDED, now)
            return []
        return [self._fall(self._reason or reason, now)]

    def give_up(self, now: float) -> list[SupervisorInstruction]:
        """Start no more actors: the model can't be loaded."""
        self._spawn_at = None
        if self.phase is Phase.LOADING:
            self._reason = "load_failed"
            self._restarts.extend([now] * (self._policy.max_restarts + 1))
        return []

    def stop(self, now: float) -> list[SupervisorInstruction]:
        """End the actor in order; a second call ends it at once."""
        match self.phase:
            case Phase.RUNNING:
                self._enter(Phase.STOPPING, now)
                return [AskToStop()]
            # A load hears nobody, and has no session to end in order.
            case Phase.LOADING | Phase.STOPPING | Phase.TERMINATING:
                return [self._kill("stop", now)]
            case Phase.KILLED:
                self._reason = "stop"
                return []
            case Phase.DOWN | Phase.FAILED:
                self._enter(Phase.ENDED, now)
                return []
            case Phase.ENDED:
                return []

    def in_control(self, now: float) -> bool:
        """Return whether a process that was killed has ended, or may still be about to."""
        return self.phase is not Phase.KILLED or now - self._since < self._policy.kill_grace_s

    def next_deadline(self) -> float | None:
        """Return when :meth:`poll` has something to do, if no tick comes before."""
        if self.phase is Phase.DOWN:
            return self._spawn_at
        waits = {
            Phase.LOADING: self._policy.load_timeout_s,
            Phase.STOPPING: self._policy.stop_grace_s,
            Phase.TERMINATING: self._policy.kill_grace_s,
        }
        wait = waits.get(self.phase)
        return None if wait is None else self._since + wait

    def _spawn(self, now: float) -> Spawn:
        self.epoch += 1
        self._spawn_at = None
        self._reason = ""
        self._tick = -1
        self._enter(Phase.LOADING, now)
        return Spawn(self.epoch)

    def _watch(self, tick: int, now: float) -> list[SupervisorInstruction]:
        if tick != self._tick:
            self._tick, self._tick_at = tick, now
        if now - self._tick_at >= self._policy.hang_s:
            return [self._kill("hung", now)]
        return []

    def _kill(self, reason: str, now: float) -> Signal:
        self._reason = reason
        self._enter(Phase.KILLED, now)
        return Signal(hard=True, reason=reason)

    def _fall(self, reason: str, now: float) -> Died:
        loaded_at, self._loaded_at = self._loaded_at, None
        if loaded_at is not None and now - loaded_at >= self._policy.healthy_s:
            self._streak = 0
        self._restarts.append(now)
        while self._restarts and now - self._restarts[0] > self._policy.window_s:
            self._restarts.popleft()
        if len(self._restarts) > self._policy.max_restarts:
            self._enter(Phase.FAILED, now)
            return Died(reason, final=True)
        waits = self._policy.backoff_s
        self._spawn_at = now + waits[min(self._streak, len(waits) - 1)]
        self._streak += 1
        self._enter(Phase.DOWN, now)
        return Died(reason, final=False)

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self._since = now
