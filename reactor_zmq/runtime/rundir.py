"""The run directory: one instance per name, guarded by a lock; the connection file beside it."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from reactor_zmq.config import runtime_directory
from reactor_zmq.errors import ConfigError

# A run that ends while another begins costs that one a try.
_TRIES = 100


class RunDirectory:
    """``RUNTIME_DIRECTORY/NAME``, mode 0700, locked for as long as this process runs.

    Raises:
        ConfigError: Another instance holds it, or something is there that is not ours.
    """

    def __init__(self, name: str, connection_file: str = "") -> None:
        _check_name(name)
        base = runtime_directory()
        self.path = base / name
        _make_private(base)
        self._lock = self._acquire(name)
        default = base / f"{name}.json"
        self.connection_file = Path(connection_file) if connection_file else default
        self._written = False

    def _acquire(self, name: str) -> int:
        """Return the descriptor of the lock that everybody sees.

        A run that ends removes lock and folder at any moment: who opened the lock before that
        holds a file that nobody else will find, and has to try again.
        """
        for _ in range(_TRIES):
            _make_private(self.path)
            fd = self._open_lock()
            if fd is None:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(fd)
                raise ConfigError(
                    f"{name!r} is running already; stop it, or choose another --name"
                ) from error
            if self._is_there(fd):
                return fd
            os.close(fd)
        raise ConfigError(f"{self.path / 'lock'}: other runs begin and end all the time")

    def _open_lock(self) -> int | None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(self.path / "lock", flags, 0o600)
        except FileNotFoundError:  # the folder has just gone
            return None
        except OSError as error:
            raise ConfigError(f"{self.path / 'lock'}: {error.strerror}") from error

    def _is_there(self, fd: int) -> bool:
        try:
            found = (self.path / "lock").lstat()
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(fd))

    def write_connection_file(self, content: bytes) -> None:
        """Write the connection file, whole or not at all, readable by this user alone.

        Raises:
            ConfigError: It can't be written, or would replace something that is not a file.
        """
        target = self.connection_file
        if target.is_symlink() or (target.exists() and not target.is_file()):
            raise ConfigError(f"{target} is there already and is no connection file")
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            draft.unlink(missing_ok=True)  # of a run with our pid that was killed while it wrote
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(content)
            draft.replace(target)
            self._written = True
        except OSError as error:
            raise ConfigError(f"{target} can't be written: {error.strerror}") from error

    def remove(self) -> None:
        """Remove what this run made, and only that, and let the lock go."""
        if self._written:
            self.connection_file.unlink(missing_ok=True)
        # The lock goes last: what the next run makes is not ours to remove.
        for name in ("lane.ipc", "lock"):
            (self.path / name).unlink(missing_ok=True)
        with suppress(OSError):  # somebody else keeps something here; it is not ours to delete
            self.path.rmdir()
        os.close(self._lock)


def _check_name(name: str) -> None:
    if not name or name.startswith(".") or not all(c.isalnum() or c in "-_." for c in name):
        raise ConfigError(f"--name {name!r} may have letters, digits, '-', '_' and '.' only")


def _make_private(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if stat.S_ISLNK(found.st_mode) or not stat.S_ISDIR(found.st_mode):
        raise ConfigError(f"{path} is not a folder; remove it or set XDG_RUNTIME_DIR")
    if found.st_uid != os.getuid():
        raise ConfigError(f"{path} belongs to another user; set XDG_RUNTIME_DIR to your own folder")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
