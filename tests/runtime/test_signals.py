"""Signals to a whole run: a terminal's Ctrl-C, a service manager's SIGTERM, at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MODELS = Path(__file__).with_name("models.py")


@pytest.fixture
def group(resources, run_directory):
    """Start a run in a process group of its own, as a shell does."""
    processes = []

    def start(model: str) -> subprocess.Popen[str]:
        target = f"{MODELS}:{model}"
        ports = ("--events", "tcp://127.0.0.1:*", "--frames", "tcp://127.0.0.1:*")
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "reactor_zmq.cli.main",
                "run",
                target,
                "--name",
                "group",
                *ports,
            ],
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["bound", "loading", "ready"])
def test_group_signal_ends_the_run_in_order(group, run_directory, wait_until, number, moment):
    """The whole group gets the signal; the run ends with 0, without a traceback."""
    process = group("SlowLoad" if moment == "loading" else "Page")
    file = run_directory / "reactor-zmq" / "group.json"
    wait_until(file.exists, "the connection file")
    if moment != "bound":
        said = ""
        while ("is ready" if moment == "ready" else "weights") not in said:
            said += process.stdout.readline()
    os.killpg(process.pid, number)
    said = process.communicate(timeout=20)[0]
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "crashed" not in said


def test_second_signal_ends_a_run_that_hangs(group, run_directory, wait_until):
    """A turn that never ends is not waited for when somebody asks twice."""
    process = group("Slow")
    said = ""
    while "is ready" not in said:
        said += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_killed_group_leaves_nothing_in_the_way(group, run_directory, wait_until):
    """All of a run killed at once, as for want of memory: the next start under its name serves."""
    for _ in range(2):
        process = group("Page")
        said = ""
        while "is ready" not in said:
            said += process.stdout.readline()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    last = group("Page")
    said = ""
    while "is ready" not in said:
        said += last.stdout.readline()
    last.send_signal(signal.SIGTERM)
    assert last.wait(20) == 0
