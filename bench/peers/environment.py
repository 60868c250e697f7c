"""An environment of its own for each system, made when it is first asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from catalog import Peer

ROOT = Path(__file__).resolve().parents[2]
# What the harness itself needs, beside the system.
_OURS = ("pyzmq", "msgspec", "numpy")
_INSTALL_S = 600
_KEPT = ("HOME", "LANG", "PATH", "TMPDIR", "XDG_RUNTIME_DIR")


class UnavailableError(RuntimeError):
    """Why a system can't be measured here."""


def cache() -> Path:
    """Return the folder that holds the environments."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "reactor-zmq-peers"


def python_of(peer: Peer, folder: Path, *, install: bool) -> str:
    """Return the interpreter that has the system; install it where it is absent and allowed.

    Raises:
        UnavailableError: It is not there, or can't be installed.
    """
    if not peer.packages:
        return sys.executable
    home = folder / peer.name
    python, stamp = home / "bin" / "python", home / "installed"
    if not stamp.exists():
        if not install:
            raise UnavailableError("not installed; leave --no-install out")
        _make(peer, home, python)
        stamp.write_text("\n".join(peer.packages))
    return str(python)


def _make(peer: Peer, home: Path, python: Path) -> None:
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", *_OURS, *peer.packages],
    ):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_INSTALL_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"installing it took more than {_INSTALL_S} s") from error
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise UnavailableError(f"pip could not install it: {lines[-1]}")


def environment_of(peer: Peer) -> dict[str, str]:
    """Return a clean environment: what some systems leave in it re-executes other Pythons."""
    found = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = f"{ROOT}{os.pathsep}{Path(__file__).parent}"
    return found | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"} | dict(peer.env)


def version_of(peer: Peer, python: str) -> str:
    """Return the version of the system's first package."""
    if not peer.packages:
        return sys.version.split()[0]
    code = f"from importlib.metadata import version; print(version({peer.packages[0]!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"
