"""A run as its operators' tools see it: probes, metrics, the service manager."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reactor_zmq.config import NotifyConfig
from reactor_zmq.machines.health import Vitals, answer, summary
from reactor_zmq.runtime.observer import ActorLost, ModelReady, RunEvent, Stopping
from reactor_zmq.runtime.probes import ProbePort
from reactor_zmq.runtime.service_manager import ServiceManager
from reactor_zmq.wire.control import Status
from reactor_zmq.wire.http import HttpError, Request


@dataclass(frozen=True, slots=True)
class Readings:
    """What the front end's loop knows of itself at one moment."""

    status: Status
    alive: bool
    frames_sent: int
    frames_announced: int
    actor_pid: int


class Operations:
    """Belongs to the front end's thread.

    Args:
        name: Of the run.
        port: For probes; None for none.
        notify: Where the service manager listens.

    Raises:
        ConfigError: The port can't be had.
    """

    def __init__(self, name: str, port: int | None, notify: NotifyConfig) -> None:
        self._name = name
        self._deaths: Counter[str] = Counter()
        self._started = False
        self._read: Callable[[], Readings]
        self._probes = None if port is None else ProbePort(port, self._answer)
        self._manager = ServiceManager(notify.address, notify.watchdog_s)

    @property
    def port(self) -> int:
        """Where probes are answered; 0 where they are not."""
        return self._probes.port if self._probes else 0

    def descriptors(self) -> list[int]:
        """Return what to poll."""
        return [self._probes.fileno()] if self._probes else []

    def watch(self, read: Callable[[], Readings]) -> None:
        """Take the source of what is told from here on."""
        self._read = read

    def heed(self, step: RunEvent) -> None:
        """Take note of a step of the run."""
        match step:
            case ModelReady():
                self._started = True
                self._manager.ready()
            case ActorLost(reason, _):
                self._deaths[reason] += 1
            case Stopping():
                self._manager.stopping()
            case _:
                pass

    def attend(self) -> None:
        """Answer probes."""
        if self._probes:
            self._probes.attend()

    def tick(self) -> None:
        """Do what the clock asks for; called several times a second."""
        if self._probes:
            self._probes.tidy()
        readings = self._read()
        self._manager.status(summary(readings.status))
        if readings.alive:
            self._manager.beat(time.monotonic())

    def close(self) -> None:
        """Give back what was opened."""
        if self._probes:
            self._probes.close()
        self._manager.close()

    def _answer(self, request: Request | HttpError) -> bytes:
        return answer(request, self._vitals(self._read()))

    def _vitals(self, readings: Readings) -> Vitals:
        processes = {"front_end": _held(os.getpid())}
        if readings.actor_pid:
            processes["actor"] = _held(readings.actor_pid)
        return Vitals(
            name=self._name,
            status=readings.status,
            alive=readings.alive,
            started=self._started,
            deaths=self._deaths,
            frames_sent=readings.frames_sent,
            frames_announced=readings.frames_announced,
            processes=processes,
        )


def _held(pid: int) -> tuple[int, int]:
    """Return a process's resident bytes and descriptors; zeros where it has just gone."""
    process = Path(f"/proc/{pid}")
    try:
        pages = int((process / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(process / "fd"))  # noqa: PTH208
    except OSError:
        return 0, 0
