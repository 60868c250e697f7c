"""``reactor-zmq keygen``: key pairs, tokens, and the folder in which a server keeps them."""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path

from reactor_zmq.errors import ConfigError
from reactor_zmq.runtime.keyring import KEYS, TOKENS, check_name
from reactor_zmq.sockets.keys import make_key_pair
from reactor_zmq.wire.scope import SCOPES


def main(options: argparse.Namespace) -> int:
    """Write new files, none over an old one, and print their names."""
    if options.server:
        make = _server(Path(options.server))
    elif options.token:
        make = _token(options.base, options.into, options.scope)
    else:
        make = _client(Path(options.base), options.into, options.scope)
    for path in make:
        if path.exists():
            raise ConfigError(f"{path} exists: keys are never written over")
    for path, line in make.items():
        write_private(path, f"{line}\n")
        print(path)
    return 0


def _server(folder: Path) -> dict[Path, str]:
    """Make the folder of a server; return the files that it gets."""
    pair = make_key_pair()
    made = {folder / "server.public": pair.public, folder / "server.secret": pair.secret}
    if not any(path.exists() for path in made):
        for kind in (KEYS, TOKENS):
            for scope in SCOPES:
                _make_private(folder / kind / scope)
    return made


def _client(base: Path, into: str | None, scope: str) -> dict[Path, str]:
    """Return a client's files, with the one that lets it in at a server."""
    pair = make_key_pair()
    made = {Path(f"{base}.public"): pair.public, Path(f"{base}.secret"): pair.secret}
    if into is not None:
        check_name(base.name)
        made[_folder(into, KEYS, scope) / f"{base.name}.public"] = pair.public
    return made


def _token(name: str, into: str | None, scope: str) -> dict[Path, str]:
    """Return the file that lets those in who know its content."""
    if into is None:
        raise ConfigError("--token needs --into DIR: a token is kept where it lets somebody in")
    check_name(name)
    return {_folder(into, TOKENS, scope) / f"{name}.token": secrets.token_urlsafe(32)}


def _folder(into: str, kind: str, scope: str) -> Path:
    if not (Path(into) / "server.secret").exists():
        raise ConfigError(f"{into} is no server's folder: reactor-zmq keygen --server {into}")
    where = Path(into) / kind / scope
    _make_private(where)
    return where


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for this user alone."""
    if not folder.exists():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700)


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read, whole or not at all.

    Raises:
        FileExistsError: There is one of that name.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        os.link(draft, path)  # unlike a rename, it never takes the place of another file
    finally:
        draft.unlink()
