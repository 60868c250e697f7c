"""A timer that a poll loop can wait for with more than the poll's own millisecond precision."""

from __future__ import annotations

import ctypes
import os
import struct

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1
_SPEC = struct.Struct("=qqqq")
_SECOND_NS = 1_000_000_000

_libc = ctypes.CDLL(None, use_errno=True)


class Timer:
    """A Linux timerfd on the monotonic clock."""

    def __init__(self) -> None:
        self._fd = int(_libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC))
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._due_ns: int | None = None

    def fileno(self) -> int:
        """Return the descriptor, readable when the time has come."""
        return self._fd

    def set(self, due_ns: int | None) -> None:
        """Let it fire at a monotonic time, at once when that has passed, or never."""
        if due_ns == self._due_ns:
            return
        self._due_ns = due_ns
        seconds, rest = divmod(max(due_ns, 1), _SECOND_NS) if due_ns is not None else (0, 0)
        spec = _SPEC.pack(0, 0, seconds, rest)
        if _libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, spec, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def clear(self) -> None:
        """Take note that it has fired."""
        if self.drain():
            self._due_ns = None

    def drain(self) -> bool:
        """Make it unreadable where it has fired, and return that; any thread may call it."""
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)
