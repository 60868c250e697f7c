"""Real ROS 2 beside real runs: `make test-ros` makes their environments and sets the variable.

Without it nothing here is collected: the wheels are large and belong to one Python.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import reactor_zmq
from reactor_zmq.testing.running import Running, running

VARIABLE = "REACTOR_ZMQ_ROS"
HERE = Path(__file__).parent
BRIDGE = HERE.parents[1] / "bridge" / "reactor_zmq_ros2"
DISTROS = ("jazzy", "kilted")
LIFE_S = "100"  # of a peer, whatever happens to its test
DEADLINE_S = 20.0
FIRST_DOMAIN, DOMAINS = 10, 40  # a test's own; above 101 their ports may be taken

collect_ignore_glob = [] if os.environ.get(VARIABLE) else ["test_*.py"]
_domains = itertools.count()


def python_of(distro: str) -> str:
    """Return a distribution's interpreter, or skip and say so."""
    path = Path(os.environ[VARIABLE]).resolve() / distro / "bin" / "python"
    if not path.exists():
        pytest.skip(f"the wheels of ROS 2 {distro} are not to be had here")
    return str(path)


class Process:
    """A ROS process in a clean environment; what it prints is kept by line."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            ["timeout", "--signal=KILL", LIFE_S, *words],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def said(self, found: Callable[[str], bool]) -> str:
        """Wait for a line and return it."""
        with self._arrived:
            if not self._arrived.wait_for(
                lambda: any(map(found, self.lines)) or not self._reader.is_alive(), DEADLINE_S
            ):
                pytest.fail(f"not said within {DEADLINE_S:g} s; it said:\n{self.output}")
        line = next(filter(found, self.lines), None)
        if line is None:
            pytest.fail(f"ended without saying it:\n{self.output}")
        return line

    def end(self, how: int = signal.SIGINT) -> int:
        """End it, the peer and not the watchman before it, and return its exit code."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split() if self.process.poll() is None else ():
            os.kill(int(pid), how)
        code = self.process.wait(DEADLINE_S)
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._arrived:
                self.lines.append(line.rstrip())
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()


class Peer(Process):
    """A node of another process that does what it is asked to: see peers/probe.py."""

    _numbers = itertools.count(1)

    def ask(self, do: str, **arguments: Any) -> Any:
        number = next(self._numbers)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"n": number, "do": do, **arguments}) + "\n")
        answer = json.loads(self.said(lambda line: line.startswith(f'{{"n": {number},')))
        if "error" in answer:
            pytest.fail(answer["error"])
        return answer["answer"]


@pytest.fixture
def environment(run_directory: Path, tmp_path: Path, worker_id: str) -> dict[str, str]:
    """A clean environment, and a ROS domain of the test's own on this machine alone."""
    worker = int(worker_id.removeprefix("gw") or 0) if worker_id != "master" else 0
    domain = FIRST_DOMAIN + DOMAINS * (worker % 2) + next(_domains) % DOMAINS
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(run_directory),
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "RCUTILS_LOGGING_BUFFERED_STREAM": "0",
    }


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What ends with the test, the last first."""
    with ExitStack() as made:
        yield made


@pytest.fixture
def model(resources: None, stack: ExitStack) -> Callable[..., Running]:
    """Return what runs a model of ros_models.py under a name."""

    def run(name: str, run_name: str = "eye") -> Running:
        made = stack.enter_context(running(f"{HERE / 'ros_models.py'}:{name}", name=run_name))
        with reactor_zmq.connect(run_name, timeout=20) as client:
            client.wait_ready(20)
        return made

    return run


@pytest.fixture
def bridge(environment: dict[str, str], stack: ExitStack) -> Callable[..., Process]:
    """Return what starts a bridge and waits until it is linked."""

    def start(*words: str, distro: str = "jazzy", linked: bool = True) -> Process:
        made = Process([python_of(distro), str(BRIDGE), *words], environment)
        stack.callback(lambda: made.process.poll() is None and made.end())
        if linked:
            made.said(lambda line: "is linked" in line)
        return made

    return start


@pytest.fixture
def peer(environment: dict[str, str], stack: ExitStack) -> Callable[..., Peer]:
    """Return what starts a peer."""

    def start(distro: str = "kilted") -> Peer:
        made = Peer([python_of(distro), str(HERE / "peers" / "probe.py")], environment)
        stack.callback(made.end, signal.SIGKILL)
        made.said(lambda line: line == "ready")
        return made

    return start
