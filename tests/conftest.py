"""Fixtures that every test shares: a run directory of its own, the resource oracle, GPU skips."""

from __future__ import annotations

import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

DEADLINE_S = 10.0
OURS = ("reactor", "psm_")  # names in /dev/shm that this project or Python's SharedMemory gives

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked ``gpu`` where there is none, and say what is missing."""
    if item.get_closest_marker("gpu") and (reason := missing_gpu()):
        pytest.skip(reason)


def missing_gpu() -> str:
    """Return why GPU tests can't run here, empty when they can."""
    if not Path("/dev/nvidiactl").exists():
        return "needs an NVIDIA GPU: this machine has no /dev/nvidiactl"
    if not (find_spec("cupy") or find_spec("torch")):
        return "needs cupy or torch: install the extra `cuda` or `torch`"
    return ""


def wait_until(
    condition: Callable[[], object], what: str = "the condition", deadline_s: float = DEADLINE_S
) -> None:
    """Wait until ``condition()`` is true; fail with ``what`` when the deadline passes."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"{what} did not come true within {deadline_s:g} s")
        time.sleep(0.002)


@pytest.fixture(name="wait_until", scope="session")
def wait_until_fixture() -> Callable[..., None]:
    """Return the one way in which tests wait: on a condition, with a deadline."""
    return wait_until


@pytest.fixture(autouse=True)
def run_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test an ``XDG_RUNTIME_DIR`` of its own, short enough for socket paths."""
    path = Path(tempfile.mkdtemp(prefix="rz-", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_stray_threads(run_directory: Path) -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    wait_until(lambda: not (set(threading.enumerate()) - before), "the end of the threads started")


@dataclass
class Resources:
    """What a process holds that the kernel would have to clean up after it."""

    fds: dict[int, str] = field(default_factory=dict)
    processes: dict[int, str] = field(default_factory=dict)
    shared_memory: set[str] = field(default_factory=set)
    run_files: set[str] = field(default_factory=set)

    @classmethod
    def held(cls, run_directory: Path) -> Resources:
        """Take stock of this process."""
        return cls(
            fds=open_files(),
            processes=descendants(),
            shared_memory={p.name for p in Path("/dev/shm").glob("*") if p.name.startswith(OURS)},
            # The folder of all runs stays, as $XDG_RUNTIME_DIR itself does.
            run_files={str(p.relative_to(run_directory)) for p in run_directory.glob("*/*")},
        )

    def beyond(self, before: Resources) -> list[str]:
        """Return one line for each thing held here that was not held before."""
        fds = [f"fd {n}: {to}" for n, to in self.fds.items() if before.fds.get(n) != to]
        processes = [
            f"process {pid}: {name}" for pid, name in self.processes.items()
            if pid not in before.processes
        ]  # fmt: skip
        memory = [f"/dev/shm/{name}" for name in self.shared_memory - before.shared_memory]
        files = [f"run directory: {name}" for name in self.run_files - before.run_files]
        return fds + processes + memory + files


@pytest.fixture
def resources(run_directory: Path) -> Iterator[None]:
    """Fail a test that leaves descriptors, processes, shared memory or run files behind.

    Ask for it first, so that it looks after every other fixture has cleaned up.
    """
    before = Resources.held(run_directory)
    yield
    end = time.monotonic() + DEADLINE_S
    while left := Resources.held(run_directory).beyond(before):
        if time.monotonic() > end:
            pytest.fail("left behind:\n  " + "\n  ".join(left))
        time.sleep(0.01)


def open_files() -> dict[int, str]:
    """Return this process's descriptors, those of multiprocessing's own helpers left out."""
    found: dict[int, str] = {}
    for entry in os.scandir("/proc/self/fd"):
        try:
            found[int(entry.name)] = str(Path(entry.path).readlink())
        except FileNotFoundError:  # the descriptor of this very scan
            continue
    for number in helper_fds():
        found.pop(number, None)
    return found


def descendants() -> dict[int, str]:
    """Return the living processes below this one, multiprocessing's helpers left out."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = entry.read_text().rsplit(") ", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(entry.parent.name)] = (int(rest.split()[1]), name.split("(", 1)[1])
    below = {pid: name for pid, (_, name) in parents.items() if os.getpid() in line(pid, parents)}
    for pid in helper_pids():
        below.pop(pid, None)
    return below


def line(pid: int, parents: dict[int, tuple[int, str]]) -> Iterator[int]:
    """Yield the ancestors of a process."""
    while pid in parents:
        pid = parents[pid][0]
        yield pid


def helper_fds() -> list[int]:
    """Return what the forkserver and the resource tracker keep open while this process lives."""
    server = multiprocessing.forkserver._forkserver
    tracker = multiprocessing.resource_tracker._resource_tracker
    held = (server._forkserver_alive_fd, tracker._fd)
    return [fd for fd in held if fd is not None]


def helper_pids() -> list[int]:
    """Return the forkserver's and the resource tracker's process ids."""
    server = multiprocessing.forkserver._forkserver
    tracker = multiprocessing.resource_tracker._resource_tracker
    return [pid for pid in (server._forkserver_pid, tracker._pid) if pid is not None]
