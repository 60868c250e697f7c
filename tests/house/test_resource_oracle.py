"""The oracle that other tests lean on sees what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from resource_oracle import Resources


@pytest.fixture(name="left")
def what_was_left(run_directory: Path):
    """Return a function that tells what is held beyond the beginning."""
    before = Resources.held(run_directory)
    return lambda: Resources.held(run_directory).beyond(before)


def test_nothing(left):
    """A process that did nothing has left nothing."""
    assert left() == []


def test_a_descriptor(left):
    """An open descriptor is seen, with what it leads to, until it is closed."""
    fd = os.open("/dev/null", os.O_RDONLY)
    assert left() == [f"fd {fd}: /dev/null"]
    os.close(fd)
    assert left() == []


def test_a_process_and_its_child(left, wait_until):
    """Processes below this one are seen, grandchildren too, until they are reaped."""
    line = "import subprocess as s, sys; s.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", line], stdin=subprocess.PIPE) as process:
        wait_until(lambda: sum("process" in x for x in left()) == 2, "the grandchild")
        process.communicate(b"\n")
    assert left() == []


def test_a_run_file(left, run_directory: Path):
    """A file in the run directory is seen."""
    folder = run_directory / "reactor-zmq"
    folder.mkdir()
    assert left() == []
    (folder / "lamp.json").touch()
    assert left() == ["run directory: reactor-zmq/lamp.json"]


def test_shared_memory(left):
    """A segment of ours in /dev/shm is seen."""
    path = Path(f"/dev/shm/reactor-test-{os.getpid()}")
    path.touch()
    assert f"{path}" in left()
    path.unlink()
