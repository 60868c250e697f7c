"""Figures of what happens when processes end: each function returns one cell of the table.

Clocks: "kill -> frame" starts at SIGKILL and stops when a connected viewer has the first frame of
a later epoch; "hang" starts when the event is sent whose handler never returns; a stop starts at
SIGTERM and stops when the process has ended.
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq
from spine import MODELS, NAME, peer
from writers import Writer

from reactor_zmq.testing.running import Running, running
from reactor_zmq.wire.header import decode_header

TIMES = 15
HANG_S = 1.0


class Witness:
    """A client and a viewer of one run."""

    def __init__(self, run: Running) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self.run = run
        self.status: dict[str, Any] = {}
        self.client = Writer(self._context, run.connection, "w", self.status.update)
        self.viewer = peer(self._context, zmq.SUB, run.connection.frames, run.connection.token)
        self.viewer.subscribe("frame/")
        self.until(lambda: self.status.get("state") == "ready")
        self.next_epoch(0)

    def until(self, condition: Callable[[], bool]) -> None:
        """Listen until something is true."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, self.run.output
            self.client.socket.poll(5)
            self.client.hear()

    def next_epoch(self, before: int) -> float:
        """Return when the first frame of an epoch after this one was there."""
        while True:
            assert self.viewer.poll(30_000), self.run.output
            _, header, payload = self.viewer.recv_multipart()
            if decode_header(header, len(payload)).epoch > before:
                return time.monotonic()

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)


@contextmanager
def witnessed(model: str, *options: str) -> Generator[Witness]:
    """Run a model of bench_models.py and watch it."""
    with running(f"{MODELS}:{model}", *options, name=NAME) as run:
        witness = Witness(run)
        try:
            yield witness
        finally:
            witness.close()


def kill_to_frame() -> str:
    """SIGKILL of an actor that shows 720p60, several times."""
    gaps: list[float] = []
    for _ in range(TIMES // 3):
        with witnessed("Paced", "--max-restarts", "100") as witness:
            for epoch in (1, 2, 3):
                began = time.monotonic()
                witness.run.kill_actor()
                gap = witness.next_epoch(epoch) - began
                if epoch == 1:  # later ones wait for the back-off by intent
                    gaps.append(gap)
                    break
    return f"kill to frame at a connected viewer {spread(gaps)}; no client reconnected"


def hang_to_restart() -> str:
    """An endless handler under --hang-s 1."""
    times: list[float] = []
    for _ in range(3):
        with witnessed("Paced", "--hang-s", str(HANG_S)) as witness:
            began = time.monotonic()
            witness.client.say("hang")
            times.append(witness.next_epoch(1) - began)
    return f"with --hang-s {HANG_S:g}, hang to next frame {spread(times)}"


def gpu_fault_to_ready() -> str:
    """A handler that raises CUDA's sticky error."""
    times: list[float] = []
    for _ in range(3):
        with witnessed("Paced") as witness:
            began = time.monotonic()
            witness.client.say("lose_gpu")
            times.append(witness.next_epoch(1) - began)
    return f"error to next frame {spread(times)}"


def crash_loop() -> str:
    """An actor that is killed as often as it comes back, with the default policy."""
    with witnessed("Paced") as witness:
        began, killed = time.monotonic(), 0
        while witness.status["state"] != "failed":
            pid = witness.run.connection.actor_pid
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
                killed += 1
            witness.client.socket.poll(20)
            witness.client.hear()
        took = time.monotonic() - began
        assert witness.run.process.poll() is None
    return f"failed after {killed} deaths in {took:.1f} s; clients stay"


def front_end_killed() -> str:
    """SIGKILL of the front end of a model whose turn hangs."""
    times: list[float] = []
    for _ in range(TIMES // 3):
        with witnessed("Paced") as witness:
            children = list(descendants(witness.run.process.pid))
            witness.client.say("hang")
            witness.viewer.poll(100)
            began = time.monotonic()
            os.kill(witness.run.process.pid, signal.SIGKILL)
            while any(alive(pid) for pid in children):
                assert time.monotonic() - began < 10
                time.sleep(0.0005)  # who looks all the time takes the turn of those who end
            times.append(time.monotonic() - began)
            witness.run.process.wait()
        for left in ("lock", "lane.ipc"):
            (witness.run.connection_file.parent / NAME / left).unlink(missing_ok=True)
        witness.run.connection_file.unlink()
    return f"{len(children)} processes of a hanging actor gone after {spread(times)}"


def stop_under_load() -> str:
    """SIGTERM beside a client that keeps 16 events under way."""
    times: list[float] = []
    for _ in range(5):
        with witnessed("Ledger") as witness:
            writer = witness.client
            while len(writer.acked) < 500:
                while writer.may_send:
                    writer.enter()
                writer.socket.poll(5)
                writer.hear()
            began = time.monotonic()
            witness.run.process.send_signal(signal.SIGTERM)
            while witness.run.process.poll() is None:
                while writer.may_send:
                    writer.enter()
                writer.socket.poll(2)
                writer.hear()
            times.append(time.monotonic() - began)
            assert witness.run.process.returncode == 0
    return f"SIGTERM to end {spread(times)}, a quarter of a second of it for last words"


def spread(times_s: list[float]) -> str:
    """Return least, median and greatest in milliseconds."""
    ms = sorted(1000 * t for t in times_s)
    return (
        f"{ms[0]:.0f} / {statistics.median(ms):.0f} / {ms[-1]:.0f} ms (min/median/max of {len(ms)})"
    )


def alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def descendants(pid: int) -> Iterator[int]:
    """Yield the living processes below one."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from descendants(int(child))
