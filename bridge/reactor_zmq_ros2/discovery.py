"""Where a run is: its connection file, read without reactor_zmq: ROS's Python may not have it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

TOKEN_VARIABLE = "REACTOR_ZMQ_TOKEN"  # noqa: S105 - the name of a variable


class NotThere(Exception):  # noqa: N818 - it is looked for again
    """There is no such run yet, or its file can't be trusted."""


class Run(NamedTuple):
    """One run as its connection file tells."""

    events: str
    frames: str
    token: str
    pid: int

    def __repr__(self) -> str:
        return f"Run(events={self.events!r}, pid={self.pid})"


def locate(target: str, token: str = "") -> Run:
    """Return a run by name, connection file, or events endpoint with a token.

    Raises:
        NotThere: It does not run here; try again.
    """
    if "://" in target:
        return Run(target, "", token, 0)
    path = Path(target) if "/" in target or target.endswith(".json") else _named(target)
    run = _read(path)
    if not _is_alive(run.pid):
        raise NotThere(f"the run {target!r} (pid {run.pid}) has ended")
    return run


def run_directory() -> Path:
    """Return the folder of this user's runs (docs/operations.md)."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base) / "reactor-zmq" if base else Path(f"/tmp/reactor-zmq-{os.getuid()}")  # noqa: S108


def _named(name: str) -> Path:
    return run_directory() / f"{name}.json"


def _read(path: Path) -> Run:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(found.st_mode) & 0o077:
                raise NotThere(f"{path} is not ours alone: its token is no secret")
            content: dict[str, Any] = json.load(file)
        return Run(content["events"], content["frames"], content["token"], content["pid"])
    except FileNotFoundError:
        raise NotThere(f"there is no {path}: start a model with `reactor-zmq run`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotThere(f"{path}: {error}") from error


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
