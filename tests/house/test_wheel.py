"""What an installation brings: three packages, three dependencies, nothing that needs an extra."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("rich", "yaml", "torch", "cupy", "PIL")
DRAW = {"reactor_zmq.cli.view", "reactor_zmq.cli.progress_bar"}  # imported where rich was found

IMPORT_EVERYTHING = f"""
import importlib, pkgutil, sys, threading
sys.modules.update(dict.fromkeys({EXTRAS!r}))
import reactor_zmq
for found in pkgutil.walk_packages(reactor_zmq.__path__, "reactor_zmq."):
    if found.name not in {DRAW!r}:
        importlib.import_module(found.name)
assert threading.active_count() == 1, threading.enumerate()
"""


@pytest.fixture(name="wheel", scope="session")
def built_wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_top_level_names(wheel: zipfile.ZipFile) -> None:
    """The wheel installs reactor_zmq and its bridges and no other name."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {t for t in tops if not t.endswith(".dist-info")} == {
        "reactor_zmq",
        "reactor_zmq_bridge",
        "reactor_zmq_recording",
        "reactor_zmq_ros1",
        "reactor_zmq_ros2",
    }


def test_wheel_is_whole(wheel: zipfile.ZipFile) -> None:
    """Every module of all packages is in the wheel, with the typing marker and the licence."""
    names = set(wheel.namelist())
    here = {
        str(path.relative_to(base))
        for base in (ROOT, ROOT / "bridge")
        for path in base.glob("reactor_zmq*/**/*.py")
    }
    assert here <= names
    assert "reactor_zmq/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_core_dependencies() -> None:
    """The core needs pyzmq, msgspec and numpy alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {text.split(">")[0] for text in project["dependencies"]}
    assert names == {"pyzmq", "msgspec", "numpy"}


def test_imports_without_extras() -> None:
    """Every module imports where no extra is installed, and starts no thread by that."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EVERYTHING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
