"""Carries a plan out: hosts and workers are started once, cells take their turns."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from reactor_zmq.benchmark.hosts import Host, Serving
from reactor_zmq.benchmark.plan import Plan, Step
from reactor_zmq.benchmark.processes import TaskFailedError, Worker
from reactor_zmq.benchmark.tasks import Ask, Copy, Figures, Read, Watch
from reactor_zmq.benchmark.ways import EventWay, FrameWay
from reactor_zmq.benchmark.worker import ORDERS

_WARM_S = 0.1
_OPEN_S = 30.0
_SLACK_S = 30.0
_Env = tuple[tuple[str, str], ...]
Show = Callable[[int, Step, Figures], None]


class Session:
    """Owns the processes of one run of the benchmark; belongs to one thread."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        # Short: the paths of Unix sockets lie in it.
        self._folder = Path(tempfile.mkdtemp(prefix="rzb-"))
        self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self._hosts: dict[Host, tuple[Serving, Path]] = {}
        self._failed: dict[Host, str] = {}
        self._workers: dict[tuple[str, _Env], list[Worker]] = {}

    def carry_out(self, plan: Plan, show: Show, begin: Callable[[Step], None]) -> int:
        """Measure every cell of a plan, round by round; what fails is noted and left out then.

        A round that would not fit into the plan's time is not begun, the first one excepted.

        Args:
            plan: Its cells get the figures.
            show: Called with round, step and figures after each run.
            begin: Called before each run.

        Returns:
            How many rounds there were.
        """
        began_s, current = time.monotonic(), 0
        for number, step in plan.turns():
            if number != current:
                taken_s = time.monotonic() - began_s
                if taken_s * (number + 1) / number > plan.limit_s:
                    return number
                current = number
            if step.measured.failed:
                continue
            begin(step)
            try:
                found = self.measure(step, plan.seconds(step))
            except TaskFailedError as error:
                step.measured.failed = str(error)
                found = {}
            else:
                step.measured.runs[number] = found
            show(number, step, found)
        return current + 1

    def measure(self, step: Step, seconds: float) -> Figures:
        """Run one step once and return its figures.

        Raises:
            TaskFailedError: Something in it came to nothing.
        """
        match step.way:
            case FrameWay():
                return self._frames(step, step.way, seconds)
            case EventWay():
                return self._events(step.way, seconds)
            case None:
                order = step.order
                return self._run(self._worker(0), Copy(order.shape, seconds), seconds)

    def _frames(self, step: Step, way: FrameWay, seconds: float) -> Figures:
        serving, folder = self._serving(way.host)
        readers = [self._worker(i, way.python, way.env) for i in range(step.order.readers)]
        address = {**serving.address, **way.extra}
        address["size"] = step.measured.cell.size
        if not step.order.pace_hz:
            address["every"] = "yes"
        pids = (*serving.pids(), *(worker.pid for worker in readers))
        orders = str(folder / ORDERS)
        try:
            for index, worker in enumerate(readers):
                worker.begin(
                    Read(
                        way.opener, address, orders, step.order, seconds, _WARM_S, index,
                        pids if index == 0 else (),
                    )
                )  # fmt: skip
            for worker in readers:
                worker.hear(_OPEN_S)
            for worker in reversed(readers):
                worker.go()
            found = [worker.hear(seconds + _SLACK_S) for worker in readers]
        except TaskFailedError:
            self._dismiss(way.python, way.env)
            raise
        if way.afresh:
            self._dismiss(way.python, way.env)
        return combine(found, seconds)

    def _events(self, way: EventWay, seconds: float) -> Figures:
        serving, _ = self._serving(way.host)
        asking = Ask(way.opener, serving.address, seconds / 2)
        worker = self._worker(0, way.python, way.env)
        try:
            if not way.watch:
                return self._run(worker, asking, seconds)
            return self._beside_a_stream(way, serving, asking)
        except TaskFailedError:
            self._dismiss(way.python, way.env)
            raise

    def _beside_a_stream(self, way: EventWay, serving: Serving, asking: Ask) -> Figures:
        watcher = self._worker(1, way.python, way.env)
        serving.stream(True)
        try:
            watcher.begin(Watch(way.watch, {**serving.address, **way.watch_extra}))
            watcher.hear(_OPEN_S)
            found = self._run(self._worker(0, way.python, way.env), asking, 2 * asking.seconds)
            watcher.go()
            seen = watcher.hear(_SLACK_S)
        finally:
            serving.stream(False)
        return found | {"beside_frames_per_s": seen["frames_per_s"]}

    def _run(self, worker: Worker, task: Ask | Copy, seconds: float) -> Figures:
        worker.begin(task)
        return worker.hear(2 * seconds + _SLACK_S)

    def _serving(self, host: Host) -> tuple[Serving, Path]:
        if host in self._failed:
            raise TaskFailedError(self._failed[host])
        if host not in self._hosts:
            folder = self._folder / str(len(self._hosts) + len(self._failed))
            folder.mkdir(mode=0o700)
            try:
                serving = self._stack.enter_context(host.serving(folder))
            except (TaskFailedError, RuntimeError, OSError) as error:
                self._failed[host] = f"it could not be started: {error}"
                raise TaskFailedError(self._failed[host]) from error
            self._hosts[host] = serving, folder
        return self._hosts[host]

    def _worker(self, index: int, python: str = "", env: _Env = ()) -> Worker:
        workers = self._workers.setdefault((python, env), [])
        while len(workers) <= index:
            workers.append(Worker(python, dict(env) or None))
        return workers[index]

    def _dismiss(self, python: str, env: _Env) -> None:
        """End workers that may be in the middle of something; others are made when needed."""
        for worker in self._workers.pop((python, env), []):
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for python, env in tuple(self._workers):
            self._dismiss(python, env)
        self._stack.close()


def combine(found: Sequence[Figures], seconds: float) -> Figures:
    """Return the figures of a run with several readers, the leader's first.

    The median reader's, except that p99 and the greatest latency are the worst reader's, and that
    what was spent is divided by all frames that were delivered.
    """
    names = [name for name in found[0] if name not in ("cpu_s", "faults", "lasted_s")]
    out = {name: statistics.median(f.get(name, 0.0) for f in found) for name in names}
    for name in ("latency_p99_ms", "latency_max_ms", "jitter_ms"):
        if name in out:
            out[name] = max(f.get(name, 0.0) for f in found)
    if "others_share" in found[0]:
        out["others_share"] = found[0]["others_share"]
    delivered_per_s = sum(f["frames_per_s"] for f in found)
    out["delivered_per_s"] = delivered_per_s
    if delivered_per_s:
        frames = delivered_per_s * found[0].get("lasted_s", seconds)
        out["cpu_ms_per_frame"] = found[0].get("cpu_s", 0.0) * 1e3 / frames
        out["faults_per_frame"] = found[0].get("faults", 0.0) / frames
    return out
