"""A run that the commands talk to, and the commands themselves."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cli_lamp import LAMP

from reactor_zmq.cli.main import main
from reactor_zmq.testing.running import Running, running

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(name="lamp", scope="module")
def a_run() -> Iterator[Running]:
    """Serve the lamp for a module of tests."""
    with (
        tempfile.TemporaryDirectory(prefix="rz-", dir="/tmp") as folder,
        running(LAMP, name="lamp", env={"XDG_RUNTIME_DIR": folder}) as run,
    ):
        yield run


@pytest.fixture(name="told")
def what_a_command_tells(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Return a function that runs a command here: (exit code, lines of stdout, stderr)."""

    def run(*words: object) -> tuple[int, list[str], str]:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err

    return run


@pytest.fixture(name="command")
def a_command() -> Command:
    """Return a function that runs a command in a process of its own."""

    def run(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "reactor_zmq.cli.main", *(str(word) for word in words)]
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60, **more)

    return run
