"""The credentials of one run: its own tokens, and the keys and tokens of a folder.

::

    KEYS/server.secret               the server's key pair: with it, the sockets speak CURVE
    KEYS/server.public
    KEYS/keys/SCOPE/NAME.public      clients' public keys; SCOPE is view, steer or admin
    KEYS/tokens/SCOPE/NAME.token     tokens, for clients without a key pair
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reactor_zmq.errors import ConfigError
from reactor_zmq.machines.access import AllowList, Grant, check_token
from reactor_zmq.sockets.endpoints import LOCAL_ONLY
from reactor_zmq.sockets.key_files import read_line, read_secret
from reactor_zmq.sockets.keys import KeyPair, pair_of_token, raw_key
from reactor_zmq.wire.scope import SCOPES, Scope

KEYS, TOKENS = "keys", "tokens"
_SUFFIX = {KEYS: ".public", TOKENS: ".token"}
_NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class RunTokens:
    """The tokens in the run's connection file, one for each scope."""

    view: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    steer: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    admin: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def by_scope(self) -> Iterator[tuple[Scope, str]]:
        """Yield each scope and its token."""
        yield "view", self.view
        yield "steer", self.steer
        yield "admin", self.admin


class Keyring:
    """Reads who may come in; nothing is kept of a folder that can't be read whole.

    Args:
        folder: As drawn above; empty for the run's own tokens alone.
        own: Those tokens.

    Attributes:
        pair: The server's key pair; None without a folder.
        listed: How many credentials the folder held when it was read last.

    Raises:
        ConfigError: The server's key can't be read.
    """

    def __init__(self, folder: str, own: RunTokens) -> None:
        self._folder = Path(folder).absolute() if folder else None
        self._own = own
        self.pair: KeyPair | None = None
        if self._folder is not None:
            _check_folder(self._folder)
            self.pair = read_secret(self._folder / "server.secret")
        self.listed = 0
        self._seen: object = None

    def own(self) -> AllowList:
        """Return an allow-list of the run's own tokens alone."""
        return self._allow_list(_Found())

    def load(self) -> AllowList:
        """Read the folder anew.

        Raises:
            ConfigError: Something in it can't be read or trusted; ``listed`` is 0 then.
        """
        self.listed = 0
        self._seen = self._look()
        found = _Found()
        if self._folder is not None:
            for kind, scope, path in _files(self._folder):
                found.take(kind, scope, path)
        allowed = self._allow_list(found)
        self.listed = len(found.keys) + len(found.tokens)
        return allowed

    def why_not(self, *, insecure: bool) -> str:
        """Return why other machines must not reach the sockets; empty where they may."""
        if self.pair is None:
            return "" if insecure else LOCAL_ONLY
        if not self.listed:
            return (
                "it is reachable from other machines, and no client may come from there: let one "
                f"in with `reactor-zmq keygen NAME --into {self._folder}`"
            )
        return ""

    def changed(self) -> bool:
        """Whether the folder has changed since it was read last."""
        return self._folder is not None and self._look() != self._seen

    def _look(self) -> object:
        """Return what changes whenever a file does."""
        if self._folder is None:
            return None
        try:
            return tuple(_fingerprint(path) for _, _, path in _files(self._folder))
        except (ConfigError, OSError) as error:
            return str(error)

    def _allow_list(self, found: _Found) -> AllowList:
        tokens = dict(found.tokens)
        for scope, token in self._own.by_scope():
            tokens[token] = Grant(f"run-{scope}", scope, _mark(token.encode()))
        keys = dict(found.keys)
        if self.pair is not None:
            keys |= {raw_key(pair_of_token(token).public): g for token, g in tokens.items()}
        return AllowList(tokens, keys)


class _Found:
    """What a folder held."""

    def __init__(self) -> None:
        self.tokens: dict[str, Grant] = {}
        self.keys: dict[bytes, Grant] = {}

    def take(self, kind: str, scope: Scope, path: Path) -> None:
        """Read one file."""
        text = read_line(path, secret=kind == TOKENS)
        try:
            check_name(path.stem)
            grant = Grant(path.stem, scope, _mark(text.encode()))
            if kind == TOKENS:
                check_token(text)
                known = self.tokens.setdefault(text, grant)
            else:
                known = self.keys.setdefault(raw_key(text), grant)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error
        if known is not grant:
            raise ConfigError(f"{path} is the same as that of {known.name!r} ({known.scope})")


def _files(folder: Path) -> Iterator[tuple[str, Scope, Path]]:
    _check_folder(folder)
    for kind, suffix in _SUFFIX.items():
        for scope in SCOPES:
            for path in _listed(folder / kind / scope):
                if path.name.endswith(suffix) and not path.name.startswith("."):
                    yield kind, scope, path


def _listed(folder: Path) -> list[Path]:
    """Return what a folder holds, in order; one that is not there holds nothing."""
    try:
        found = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}") from error
    _check_folder(folder)
    return found


def check_name(name: str) -> None:
    """Check the name of a credential.

    Raises:
        ConfigError: It has other characters, or too many.
    """
    plain = all(c.isascii() and (c.isalnum() or c in "-_.") for c in name)
    if not (name and plain and len(name) <= _NAME_LENGTH):
        text = f"letters, digits and '-_.', at most {_NAME_LENGTH} of them"
        raise ConfigError(f"the name {name!r} may have {text}")


def _check_folder(path: Path) -> None:
    try:
        found = path.stat()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigError(f"{path} is not a folder")
    if found.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(found.st_mode) & 0o022:
        raise ConfigError(f"{path} can be changed by other users: chmod 700 it")


def _fingerprint(path: Path) -> tuple[str, int, int, int, int]:
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def _mark(credential: bytes) -> str:
    return hashlib.sha256(b"reactor-zmq mark 1:" + credential).hexdigest()[:16]
