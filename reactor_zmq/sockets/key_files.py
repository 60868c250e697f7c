"""Files that hold keys and tokens: small, of one line, and nobody else's to read or to replace."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reactor_zmq.errors import ConfigError
from reactor_zmq.sockets.keys import KEY_LENGTH, KeyPair, pair_of, raw_key

_MOST_NBYTES = 512


def read_line(path: Path, *, secret: bool) -> str:
    """Return the one line of a file.

    Args:
        path: A regular file of this user's or root's that nobody else can write.
        secret: Whether nobody else may read it either.

    Raises:
        ConfigError: It can't be read or trusted.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            check_private(path, os.fstat(fd), 0o077 if secret else 0o022)
            content = os.read(fd, _MOST_NBYTES + 1)
        finally:
            os.close(fd)
        line = content.decode("ascii").strip()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text") from error
    if len(content) > _MOST_NBYTES or not line or len(line.split()) != 1:
        raise ConfigError(f"{path} has to hold one line with one word")
    return line


def check_private(path: Path, found: os.stat_result, forbidden: int = 0o077) -> None:
    """Check that a file is a file, ours or root's, and that others have none of these rights.

    Raises:
        ConfigError: It is not.
    """
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not a file")
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"{path} belongs to another user (uid {found.st_uid})")
    if stat.S_IMODE(found.st_mode) & forbidden:
        raise ConfigError(f"{path} is open to other users; it is no secret: chmod 600 it")


def read_secret(path: str | os.PathLike[str]) -> KeyPair:
    """Return the key pair whose secret key stands in a file.

    Raises:
        ConfigError: It can't be read, is open to others, or is no key.
    """
    where = Path(path)
    try:
        return pair_of(read_line(where, secret=True))
    except ConfigError as error:
        if str(where) in str(error):
            raise
        raise ConfigError(f"{where}: {error}") from error


def read_public(key: str | os.PathLike[str]) -> str:
    """Return a public key: the text itself, or what stands in the file of that name.

    Raises:
        ConfigError: It is neither a key nor a file that holds one.
    """
    text = os.fspath(key)
    if len(text) == KEY_LENGTH and not Path(text).exists():
        raw_key(text)
        return text
    found = read_line(Path(text), secret=False)
    try:
        raw_key(found)
    except ConfigError as error:
        raise ConfigError(f"{text}: {error}") from error
    return found
