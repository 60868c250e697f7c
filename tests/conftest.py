"""Fixtures that every test shares: a run directory of its own, the resource oracle, GPU skips."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings
from resource_oracle import Resources
from zmq.utils.garbage import gc as collector

DEADLINE_S = 10.0

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
def pyzmq_collector() -> None:
    """Have pyzmq's thread for lent buffers run already: it outlives the test that starts it."""
    if not collector.is_alive():
        collector.start()


@pytest.fixture(autouse=True)
def no_stray_threads(run_directory: Path, pyzmq_collector: None) -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    wait_until(lambda: not (set(threading.enumerate()) - before), "the end of the threads started")


@pytest.fixture
def resources(run_directory: Path, pyzmq_collector: None) -> Iterator[None]:
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
