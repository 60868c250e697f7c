"""Binding: endpoints people wrote, errors they can act on."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path

import zmq

from reactor_zmq.errors import ConfigError

LOCAL_ONLY = (
    "it is reachable from other machines, and its token would travel in the clear: give --keys DIR "
    "(made by `reactor-zmq keygen --server DIR`), use a tunnel, or --insecure on a network that is "
    "yours alone"
)
# sun_path holds 108 bytes, the last one is NUL.
_MAX_IPC_PATH = 107
_MAX_PORT = 65_535


def bind(socket: zmq.Socket[bytes], endpoint: str, what: str, why_not: str = LOCAL_ONLY) -> str:
    """Bind a socket and return the endpoint that peers connect to.

    Args:
        socket: Guarded already.
        endpoint: ``tcp://127.0.0.1:5570``, ``tcp://127.0.0.1:*`` or ``ipc:///path``.
        what: The option that names it, for the error.
        why_not: Why it must be reachable from this machine alone; empty where it need not be.

    Raises:
        ConfigError: It can't be bound; the text says what to change.
    """
    if endpoint.startswith("ipc://"):
        _check_ipc(endpoint.removeprefix("ipc://"), what)
    elif endpoint.startswith("tcp://"):
        _check_tcp(endpoint.removeprefix("tcp://"), what, why_not)
    else:
        raise ConfigError(f"{what} {endpoint!r} is neither tcp://HOST:PORT nor ipc://PATH")
    before = os.umask(0o077)
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise _bind_error(endpoint, what, error) from error
    finally:
        os.umask(before)
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


class SocketFile:
    """The file that an ipc endpoint left, which libzmq does not remove.

    Args:
        endpoint: Bound just before; one that is not ipc leaves none.
    """

    def __init__(self, endpoint: str) -> None:
        self._path = Path(endpoint.removeprefix("ipc://")) if endpoint.startswith("ipc:") else None
        self._made = self._identity()

    def remove(self) -> None:
        """Remove it, unless something else is there by now."""
        if self._path is not None and self._made and self._identity() == self._made:
            self._path.unlink(missing_ok=True)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.lstat() if self._path else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found and stat.S_ISSOCK(found.st_mode) else None


def is_local(endpoint: str) -> bool:
    """Whether only this machine can reach an endpoint; a name that isn't known counts as not."""
    if not endpoint.startswith("tcp://"):
        return True
    host = endpoint.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_tcp(address: str, what: str, why_not: str) -> None:
    if why_not and not is_local(f"tcp://{address}"):
        raise ConfigError(f"{what} tcp://{address}: {why_not}")
    port = address.rpartition(":")[2]
    # libzmq takes any number and binds what is left of it in 16 bits.
    if port != "*" and not (port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT):
        raise ConfigError(f"{what} tcp://{address}: the port is 1 to {_MAX_PORT}, or * for any")


def _check_ipc(path: str, what: str) -> None:
    """Refuse to touch anything at the path but a stale socket of our own."""
    if path.startswith("@") or not path.startswith("/"):
        raise ConfigError(f"{what} ipc://{path} must be an absolute path")
    if len(path.encode()) > _MAX_IPC_PATH:
        raise ConfigError(f"{what} ipc://{path} is longer than {_MAX_IPC_PATH} bytes")
    try:
        found = Path(path).lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{what} ipc://{path}: {error.strerror}") from error
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigError(f"{what} ipc://{path}: something that is not our socket is there already")
    if _answers(path):
        raise ConfigError(f"{what} ipc://{path} is in use by a running program")


def _answers(path: str) -> bool:
    # A second bind would take the path over without a word; asking costs one connect.
    import socket  # noqa: PLC0415 - named like zmq's class everywhere else in this file

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def _bind_error(endpoint: str, what: str, error: zmq.ZMQError) -> ConfigError:
    if error.errno == zmq.EADDRINUSE:
        host = endpoint.rpartition(":")[0]
        return ConfigError(
            f"{what} {endpoint} is in use by another program; choose another port, or "
            f"{host}:* for a free one"
        )
    return ConfigError(f"{what} {endpoint} can't be bound: {error.strerror}")
