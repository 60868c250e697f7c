"""Where a runtime is: a name, a connection file or an endpoint becomes an address."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from reactor_zmq.config import runtime_directory
from reactor_zmq.errors import AuthenticationError, ConfigError, ConnectionLost
from reactor_zmq.wire.connection_file import (
    MAX_NBYTES,
    ConnectionFile,
    decode_connection_file,
)

_WILDCARDS = ("0.0.0.0", "*", "[::]")  # noqa: S104 - compared with, never bound to


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect, and what to show there."""

    events: str
    token: str = field(repr=False)

    def reach(self, frames: str) -> str:
        """Return the frames endpoint as it is reached from here.

        A front end bound to all interfaces does not know by which of them we came.
        """
        host, _, port = frames.removeprefix("tcp://").rpartition(":")
        if not frames.startswith("tcp://") or host not in _WILDCARDS:
            return frames
        ours = self.events.removeprefix("tcp://").rpartition(":")[0]
        return f"tcp://{ours}:{port}"


def locate(target: str | os.PathLike[str] | None, token: str | None) -> Address:
    """Return the address of a runtime.

    Args:
        target: A run's name, a connection file, an endpoint, or None for the only one running.
        token: Overrides the connection file's.

    Raises:
        ConnectionLost: No such run, or none or several where one was asked for.
        AuthenticationError: An endpoint without a token, and no connection file tells one.
        ConfigError: A connection file that can't be read or trusted.
    """
    if target is None:
        return _address(_only_one(), token)
    text = os.fspath(target)
    if "://" in text:
        return _endpoint(text, token)
    if isinstance(target, str) and "/" not in text and not text.endswith(".json"):
        return _address(_by_name(text), token)
    found = read_connection_file(Path(text))
    if not _is_alive(found.pid):
        raise ConnectionLost(f"{text}: the run {found.name!r} (pid {found.pid}) has ended")
    return _address(found, token)


def read_connection_file(path: Path) -> ConnectionFile:
    """Read a connection file that only its owner can read or replace.

    Raises:
        ConfigError: It is unreadable, open to others, not ours, or no connection file.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _check_private(path, os.fstat(fd))
            content = os.read(fd, MAX_NBYTES + 1)
        finally:
            os.close(fd)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    try:
        return decode_connection_file(content)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def running() -> list[ConnectionFile]:
    """Return this user's live runs by name; files that can't be read don't count."""
    folder = runtime_directory()
    if not _is_ours(folder):
        return []
    found: list[ConnectionFile] = []
    for path in sorted(folder.glob("*.json")):
        try:
            run = read_connection_file(path)
        except ConfigError:
            continue
        if _is_alive(run.pid):
            found.append(run)
    return found


def _address(found: ConnectionFile, token: str | None) -> Address:
    if found.server_key:
        raise ConfigError(f"{found.name!r} asks for CURVE, which this client does not speak")
    return Address(found.events, found.token if token is None else token)


def _only_one() -> ConnectionFile:
    runs = running()
    if len(runs) == 1:
        return runs[0]
    if runs:
        names = ", ".join(repr(run.name) for run in runs)
        raise ConnectionLost(f"several runtimes are running; connect to one of {names} by name")
    raise ConnectionLost(
        f"no runtime is running here ({runtime_directory()} has no live connection file); "
        "start one with `reactor-zmq run TARGET`"
    )


def _by_name(name: str) -> ConnectionFile:
    path = runtime_directory() / f"{name}.json"
    if path.exists() and _is_ours(path.parent):
        found = read_connection_file(path)
        if _is_alive(found.pid):
            return found
    names = ", ".join(repr(run.name) for run in running()) or "nothing"
    raise ConnectionLost(f"no runtime named {name!r} is running here; running: {names}")


def _endpoint(endpoint: str, token: str | None) -> Address:
    if token is not None:
        return Address(endpoint, token)
    for run in running():
        if run.events == endpoint:
            return _address(run, None)
    raise AuthenticationError(
        f"{endpoint} needs a token; give token=…, or the connection file instead of the endpoint"
    )


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (os.geteuid(), 0)


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not a file")
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"{path} belongs to another user (uid {found.st_uid})")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(f"{path} is open to other users; its token is no secret: chmod 600 it")
