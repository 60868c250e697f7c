"""Where a runtime is: a name, a connection file or an endpoint becomes an address."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from reactor_zmq.config import runtime_directory
from reactor_zmq.errors import AuthenticationError, ConfigError, ConnectionLost
from reactor_zmq.sockets.key_files import check_private, read_public, read_secret
from reactor_zmq.sockets.keys import Credentials
from reactor_zmq.wire.connection_file import (
    MAX_NBYTES,
    ConnectionFile,
    decode_connection_file,
)
from reactor_zmq.wire.scope import Scope

_WILDCARDS = ("0.0.0.0", "*", "[::]")  # noqa: S104 - compared with, never bound to


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect, and what to show there."""

    events: str
    credentials: Credentials = field(repr=False)

    def reach(self, frames: str) -> str:
        """Return the frames endpoint as it is reached from here.

        A front end bound to all interfaces does not know by which of them we came.
        """
        host, _, port = frames.removeprefix("tcp://").rpartition(":")
        if not frames.startswith("tcp://") or host not in _WILDCARDS:
            return frames
        ours = self.events.removeprefix("tcp://").rpartition(":")[0]
        return f"tcp://{ours}:{port}"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a caller wants to show, and wants to be.

    Attributes:
        token: Overrides the connection file's.
        scope: By it the connection file's token is chosen.
        server_key: Public key of a front end that speaks CURVE, or the file that holds it;
            overrides the connection file's.
        key: File with the secret key to show in place of a token.
    """

    token: str | None = field(default=None, repr=False)
    scope: Scope | None = None
    server_key: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None

    def credentials(self, found: ConnectionFile | None) -> Credentials:
        """Return what is shown to the run of a connection file, or to an endpoint without one.

        Raises:
            ConfigError: A key can't be read, or has no server's key beside it.
        """
        told = found.server_key if found is not None else ""
        server_key = read_public(self.server_key) if self.server_key is not None else told
        pair = read_secret(self.key) if self.key is not None else None
        if pair is not None and not server_key:
            raise ConfigError("a key is shown to a server whose public key is known: server_key=…")
        token = self.token
        if token is None:
            token = found.token_for(self.scope) if found is not None else ""
        return Credentials(token, server_key, pair)


_FILE = Proof()


def locate(target: str | os.PathLike[str] | None, proof: Proof = _FILE) -> Address:
    """Return the address of a runtime.

    Args:
        target: A run's name, a connection file, an endpoint, or None for the only one running.
        proof: What is shown there.

    Raises:
        ConnectionLost: No such run, or none or several where one was asked for.
        AuthenticationError: An endpoint without a token, and no connection file tells one.
        ConfigError: A connection file or key that can't be read or trusted.
    """
    if target is None:
        return _address(_only_one(), proof)
    text = os.fspath(target)
    if "://" in text:
        return _endpoint(text, proof)
    if isinstance(target, str) and "/" not in text and not text.endswith(".json"):
        return _address(_by_name(text), proof)
    found = read_connection_file(Path(text))
    if not _is_alive(found.pid):
        raise ConnectionLost(f"{text}: the run {found.name!r} (pid {found.pid}) has ended")
    return _address(found, proof)


def read_connection_file(path: Path) -> ConnectionFile:
    """Read a connection file that only its owner can read or replace.

    Raises:
        ConfigError: It is unreadable, open to others, not ours, or no connection file.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            check_private(path, os.fstat(fd))
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


def _address(found: ConnectionFile, proof: Proof) -> Address:
    return Address(found.events, proof.credentials(found))


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


def _endpoint(endpoint: str, proof: Proof) -> Address:
    if proof.token is not None or proof.key is not None:
        return Address(endpoint, proof.credentials(None))
    for run in running():
        if run.events == endpoint:
            return _address(run, proof)
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
