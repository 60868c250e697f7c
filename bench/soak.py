"""A run under load whose actor is killed and whose links are cut, by a seeded schedule.

Writers enter numbered events into a ledger that the model keeps in its public state; a viewer
watches. At the end the ledger is compared with what the writers were told: what was acknowledged
is in it once, what was refused is not in it. Exit code 1 when anything was lost, doubled or
reordered, when frames came in a wrong order, or when the front end grew.

The clock of "kill -> frame" starts at SIGKILL and stops when the viewer has the first frame of a
later epoch.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faults
import zmq
from footprint import Footprint
from writers import Writer, applied

from reactor_zmq.config import ServerConfig, Supervision, runtime_directory
from reactor_zmq.runtime.server import serve
from reactor_zmq.wire.connection_file import ConnectionFile, decode_connection_file
from reactor_zmq.wire.header import decode_header

MODEL = f"{Path(__file__).with_name('bench_models.py')}:Ledger"
SAMPLE_S = 5.0
# Frames of a 30 Hz stream, and events, need not be looked for more often.
POLL_MS = 5
RSS_KB_PER_HOUR = 1024.0
JUDGED_FROM_S = 600.0


@dataclass
class Plan:
    """What is done to the run."""

    seconds: float = 60.0
    kills: int = 10**9
    every_s: tuple[float, float] = (2.0, 4.0)
    rate_hz: float = 100.0
    writers: int = 4
    seed: int = 1


@dataclass
class Verdict:
    """What became of it all."""

    entered: int = 0
    acked: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    kills: int = 0
    resumes: int = 0
    wrong_frames: int = 0
    seconds: float = 0.0
    back_ms: list[float] = field(default_factory=list[float])
    front_end: Footprint = field(default_factory=Footprint)

    @property
    def faults(self) -> list[str]:
        """What was promised and not held."""
        names = ("lost", "doubled", "reordered", "wrong_frames")
        found = [f"{name}: {getattr(self, name)}" for name in names if getattr(self, name)]
        slope = self.front_end.slope_per_hour
        bounds = {"threads": 1.0, "files": 1.0}
        if self.seconds >= JUDGED_FROM_S:
            bounds |= {"fds": 1.0, "rss_kb": RSS_KB_PER_HOUR}
        return found + [
            f"{name} grew by {slope(name):.1f} per hour"
            for name, bound in bounds.items()
            if slope(name) > bound
        ]

    @property
    def text(self) -> str:
        """One line of figures."""
        slope = self.front_end.slope_per_hour
        back = sorted(self.back_ms)
        text = (
            f"{self.seconds / 60:.0f} min, {self.kills} kills, {self.resumes} links cut, "
            f"{self.entered} events, {self.acked} acknowledged: {self.lost} lost, {self.doubled} "
            f"doubled, {self.reordered} reordered, {self.wrong_frames} frames out of order; "
            f"kill to frame p50 {statistics.median(back):.0f} ms, max {back[-1]:.0f} ms"
        )
        if self.seconds < JUDGED_FROM_S:  # a slope of caches that fill says nothing
            return text
        return (
            f"{text}; per hour {slope('rss_kb') / 1024:+.2f} MB, {slope('fds'):+.1f} descriptors, "
            f"{slope('threads'):+.1f} threads"
        )


@contextmanager
def front_end(name: str) -> Generator[Path]:
    """Run the ledger in a process of its own, with restarts that never end; yield its file."""
    process = subprocess.Popen([sys.executable, __file__, "--serve", name])
    file = runtime_directory() / f"{name}.json"
    try:
        while not (file.exists() and found_in(file).actor_pid):
            assert process.poll() is None, "the run ended before it began"
            time.sleep(0.02)
        yield file
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def found_in(file: Path) -> ConnectionFile:
    """Return what the connection file says at this moment."""
    return decode_connection_file(file.read_bytes())


class Soak:
    """One run of a plan, in one thread."""

    def __init__(self, plan: Plan, file: Path) -> None:
        self._plan, self._file = plan, file
        self._random = random.Random(plan.seed)
        self._context: zmq.Context[Any] = zmq.Context()
        self._state, self._epoch = "", 0
        self._shown = (0, -1)
        self._killed_at = 0.0
        found = found_in(file)
        self._pid = found.pid
        self._writers = [
            Writer(self._context, found, f"w{n}", self._heard_status) for n in range(plan.writers)
        ]
        self._viewer = self._context.socket(zmq.SUB)
        self._viewer.plain_username = b"reactor"
        self._viewer.plain_password = found.token.encode()
        self._viewer.subscribe("frame/")
        self._viewer.connect(found.frames)
        self.verdict = Verdict()

    def run(self) -> Verdict:
        """Carry the plan out and compare."""
        began = now = time.monotonic()
        next_kill, next_sample, sent = now + 1.0, now, 0
        while now - began < self._plan.seconds and self.verdict.kills < self._plan.kills:
            self._listen()
            now = time.monotonic()
            sent = self._send(now - began, sent)
            if now >= next_kill and self._may_kill():
                self._hurt()
                next_kill = now + self._random.uniform(*self._plan.every_s)
            if now >= next_sample:
                self.verdict.front_end.sample(now - began, self._pid, self._file.with_suffix(""))
                next_sample += SAMPLE_S
        self._settle()
        self.verdict.seconds = time.monotonic() - began
        self._compare()
        self._context.destroy(linger=0)
        return self.verdict

    def _listen(self) -> None:
        poller = zmq.Poller()
        for socket in (self._viewer, *(w.socket for w in self._writers)):
            poller.register(socket, zmq.POLLIN)
        for socket, _ in poller.poll(POLL_MS):
            if socket is self._viewer:
                self._watch()
        for writer in self._writers:
            writer.hear()

    def _watch(self) -> None:
        while self._viewer.poll(0):
            _, header, payload = self._viewer.recv_multipart()
            frame = decode_header(header, len(payload))
            if (frame.epoch, frame.seq) <= self._shown:
                self.verdict.wrong_frames += 1
            if self._killed_at and frame.epoch > self._shown[0]:
                self.verdict.back_ms.append((time.monotonic() - self._killed_at) * 1000)
                self._killed_at = 0.0
            self._shown = (frame.epoch, frame.seq)

    def _send(self, elapsed_s: float, sent: int) -> int:
        due = int(elapsed_s * self._plan.rate_hz)
        for writer in self._random.sample(self._writers, len(self._writers)):
            while sent < due and writer.may_send:
                writer.enter()
                sent += 1
        return max(sent, due - 100)

    def _may_kill(self) -> bool:
        return not self._killed_at and self._shown[0] > 0

    def _hurt(self) -> None:
        if self._random.random() < 0.2:
            self._random.choice(self._writers).cut()
        self._killed_at = time.monotonic()
        # One in five dies again while it starts.
        for _ in range(1 + (self._random.random() < 0.2)):
            with suppress(ProcessLookupError):
                os.kill(found_in(self._file).actor_pid, signal.SIGKILL)
                self.verdict.kills += 1
            time.sleep(0.02)

    def _settle(self) -> None:
        deadline = time.monotonic() + 20
        while any(w.unanswered for w in self._writers) or self._state != "ready":
            assert time.monotonic() < deadline, "events were never answered"
            self._listen()

    def _compare(self) -> None:
        fields = self._writers[0].ask("$state")["fields"]
        books = json.loads(fields["spans"])
        verdict = self.verdict
        verdict.doubled, verdict.reordered = fields["doubled"], fields["late"]
        for n, writer in enumerate(self._writers):
            found = applied(books.get(f"w{n}", []))
            verdict.lost += len(writer.acked - found) + len(found & writer.refused.keys())
            verdict.entered += writer.entered
            verdict.acked += len(writer.acked)
            verdict.resumes += writer.resumes

    def _heard_status(self, status: dict[str, Any]) -> None:
        self._state, self._epoch = status["state"], status["epoch"]


def soak(plan: Plan) -> Verdict:
    """Run a plan against a front end of its own."""
    with front_end(f"soak-{os.getpid()}") as file:
        return Soak(plan, file).run()


def hundred_kills() -> str:
    """Return the cell for 100 kills at 750 events/s."""
    return soak(Plan(600, kills=100, every_s=(0.3, 0.9), rate_hz=750)).text


def main() -> int:
    """Soak, or be the run that is soaked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--kill-every-s", type=float, nargs=2, default=(2.0, 4.0))
    parser.add_argument("--rate-hz", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="keep the figures for the table")
    parser.add_argument("--serve", default="", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        logging.disable(logging.WARNING)
        policy = Supervision(max_restarts=10**9, backoff_s=(0.0,))
        any_port = "tcp://127.0.0.1:*"
        config = ServerConfig(
            target=MODEL, name=options.serve, events=any_port, frames=any_port, supervision=policy
        )
        return serve(config)
    verdict = soak(
        Plan(
            options.minutes * 60,
            every_s=tuple(options.kill_every_s),
            rate_hz=options.rate_hz,
            seed=options.seed,
        )
    )
    print(verdict.text)
    for line in verdict.faults:
        print(f"NOT HELD: {line}")
    if options.record:
        lines = [verdict.text, *(f"NOT HELD: {line}" for line in verdict.faults)]
        faults.record("soak", "; ".join(lines))
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
