"""``reactor-zmq init`` and ``reactor-zmq schema``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(name="folder")
def a_scaffold(told, tmp_path: Path) -> Path:
    folder = tmp_path / "my waves"
    assert told("init", folder)[0] == 0
    return folder


def test_its_own_test_passes(folder: Path):
    """The test that init writes passes as it stands."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=folder, capture_output=True, text=True, check=False, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_it_is_a_target(folder: Path, command):
    """The folder is a target, and its name is a run's name."""
    done = command("schema", folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "my-waves"
    assert "/events/set_hue" in document["paths"]


def test_it_says_what_to_do_next(told, tmp_path: Path):
    """The lines printed are the files and the commands to type."""
    _, lines, _ = told("init", tmp_path / "waves")
    assert f"{tmp_path}/waves/model.py" in lines
    assert f"reactor-zmq run {tmp_path}/waves" in lines
    assert "reactor-zmq watch waves" in lines


def test_nothing_is_written_over(told, tmp_path: Path):
    """A folder with something in it is left alone."""
    (tmp_path / "mine").touch()
    code, _, errors = told("init", tmp_path)
    assert (code, errors.count("\n")) == (2, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_schema_into_a_file(command, folder: Path, tmp_path: Path):
    """--out writes the same document that is printed otherwise."""
    out = tmp_path / "schema.json"
    assert command("schema", folder, "--out", out).returncode == 0
    assert json.loads(out.read_text()) == json.loads(command("schema", folder).stdout)


def test_schema_of_a_model_that_is_wrong(command, tmp_path: Path):
    """An author's mistake is shown with its traceback, and one line says what is wrong."""
    (tmp_path / "wrong.py").write_text(
        "from reactor_zmq import InputState\n\n\nclass State(InputState):\n    level: int = 'x'\n"
    )
    done = command("schema", f"{tmp_path}/wrong.py")
    assert done.returncode == 2
    assert 'wrong.py", line 4' in done.stderr
    assert done.stderr.splitlines()[-1].startswith("reactor-zmq: ")
