"""Which run a command means, and what it says when there is none."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest


def placed(run_directory: Path, lamp, *names: str, **changes: object) -> None:
    """Let the lamp be found here under some names."""
    folder = run_directory / "reactor-zmq"
    folder.mkdir(mode=0o700, exist_ok=True)
    for name in names:
        target = folder / f"{name}.json"
        shutil.copy(lamp.connection_file, target)
        fields = json.loads(target.read_text()) | {"name": name} | changes
        target.write_text(json.dumps(fields))
        target.chmod(0o600)


def test_by_name(run_directory: Path, lamp, told):
    """A run is found by its name."""
    placed(run_directory, lamp, "lamp")
    assert told("send", "lamp", "set_level", "level=7")[0] == 0


def test_the_only_one(run_directory: Path, lamp, told):
    """Watch needs no name where one run is there."""
    placed(run_directory, lamp, "lamp")
    assert told("watch", "--seconds", "0")[0] == 0


def test_nothing_runs(told):
    """Without a run the line says how to start one."""
    code, _, errors = told("watch")
    assert code == 2
    assert errors.count("\n") == 1
    assert "reactor-zmq run TARGET" in errors


def test_no_run_of_that_name(run_directory: Path, lamp, told):
    """A wrong name is answered with the right ones."""
    placed(run_directory, lamp, "lamp")
    code, _, errors = told("send", "lmap", "set_level", "level=7")
    assert (code, "'lamp'" in errors, errors.count("\n")) == (2, True, 1)


def test_several_runs(run_directory: Path, lamp, told):
    """Among several runs one has to be named."""
    placed(run_directory, lamp, "lamp", "torch")
    code, _, errors = told("watch")
    assert (code, "'lamp', 'torch'" in errors, errors.count("\n")) == (2, True, 1)


def test_a_dead_run(run_directory: Path, lamp, told):
    """The file of a run that died is no run."""
    placed(run_directory, lamp, "lamp", pid=2**22 + os.getpid())
    assert told("send", "lamp", "set_level", "level=7")[0] == 2


def test_a_wrong_token(lamp, told):
    """A wrong token ends with one line."""
    code, _, errors = told("send", lamp.connection.events, "look", "--token", "guessed")
    assert (code, "token" in errors, errors.count("\n")) == (2, True, 1)


@pytest.mark.parametrize("command", [("send", "x"), ("watch",)])
def test_another_protocol(run_directory: Path, lamp, told, command):
    """A run of another protocol version is not talked to."""
    placed(run_directory, lamp, "lamp", protocol=2)
    code, _, errors = told(command[0], "lamp", *command[1:])
    assert (code, "protocol 2" in errors, errors.count("\n")) == (2, True, 1)


def test_what_answers_is_something_else(told, tmp_path: Path):
    """An endpoint that can't be one is named in the line."""
    code, _, errors = told("send", "udp://nowhere", "x", "--token", "t")
    assert (code, "udp://nowhere" in errors, errors.count("\n")) == (2, True, 1)
