"""``reactor-zmq bench serve`` and ``bench connect``."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import reactor_zmq
from reactor_zmq.benchmark.link import ClockFound, agreed, round_trips
from reactor_zmq.benchmark.results import load

Told = Callable[..., Any]


@pytest.fixture(name="words", scope="module")
def a_far_end() -> Iterator[list[str]]:
    """Serve, and return the command that the other machine is told to use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "reactor_zmq.cli.main", "bench", "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        deadline = threading.Timer(60, server.kill)
        deadline.start()
        assert server.stdout is not None
        line = next(line for line in server.stdout if "bench connect" in line)
        yield shlex.split(line)[1:]
        server.send_signal(2)
        server.wait(10)
        deadline.cancel()


def test_a_link_is_measured(words: list[str], told: Told, tmp_path: Path):
    """The printed command measures flood and pace, and says how well the clocks agree."""
    more = ("--sizes", "64x48", "--rounds", 1, "--run", 0.1, "--out", tmp_path)
    code, lines, _ = told(*words, *more)
    assert code == 0
    assert any(re.search(r"clock is [+-]\d+\.\d+ ms ±\d+\.\d+ ms ahead", line) for line in lines)
    (file,) = tmp_path.glob("*.json")
    cells = load(file).cells
    assert {m.cell.pacing for m in cells if m.cell.what == "frames"} == {"flood", "60 Hz"}
    assert all(m.runs and not m.failed for m in cells)


def test_a_clock_agrees_with_itself(words: list[str]):
    """On one machine the truth is zero, and it lies within the error that is told."""
    endpoint, token, key = words[2], words[4], words[6]
    with reactor_zmq.connect(endpoint, token=token, server_key=key) as client:
        client.wait_ready(10)
        taken, clock = round_trips(client, 100)
    assert abs(clock.ahead_ns) <= clock.error_ns
    assert clock.error_ns == min(taken) // 2


def test_drift_adds_to_the_error():
    """What two alignments don't agree on is not known for the time between."""
    assert agreed(ClockFound(100, 10), ClockFound(140, 30)) == ClockFound(120, 50)


def test_a_wrong_token_is_refused(words: list[str], told: Told):
    """One line, exit code 2."""
    words = [*words]
    words[4] = "x" * 43
    code, _, error = told(*words, "--sizes", "64x48")
    assert code == 2
    assert error.startswith("reactor-zmq: ")


def test_an_address_that_is_not_ours(told: Told):
    """The reason is the run's own."""
    code, _, error = told("bench", "serve", "--host", "192.0.2.1", "--for", 1)
    assert code == 2
    assert "192.0.2.1" in error
