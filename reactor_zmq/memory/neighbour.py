"""Shared memory of another process of this user, opened by the number of its descriptor there."""

from __future__ import annotations

import os


def open_memory(pid: int, fd: int, name: str, *, writable: bool = False) -> int:
    """Open a memfd that another process holds; the descriptor is the caller's.

    The kernel lets this user in, and root. What was opened has to be checked by its content all
    the same: pids and descriptors are used again, and name nothing on another machine.

    Args:
        pid: Of the process that holds it.
        fd: Number of the descriptor in that process.
        name: As given to ``memfd_create``.
        writable: Otherwise the memory can't be mapped writable through the descriptor.

    Raises:
        OSError: There is no such process or descriptor, it is another file, or access is denied.
    """
    path = f"/proc/{pid}/fd/{fd}"
    expected = f"/memfd:{name} (deleted)"
    # Looked at before it is opened: opening a device can have effects.
    _check_link(path, expected)
    mode = os.O_RDWR if writable else os.O_RDONLY
    found = os.open(path, mode | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        _check_link(f"/proc/self/fd/{found}", expected)
    except BaseException:
        os.close(found)
        raise
    return found


def _check_link(path: str, expected: str) -> None:
    found = os.readlink(path)  # noqa: PTH115 - no path of the file system
    if found != expected:
        raise FileNotFoundError(f"{path} is {found!r}, not {expected!r}")
