"""Received frames stay on the heap: glibc would map each one anew and fault in its every page."""

from __future__ import annotations

import ctypes
from functools import cache

from reactor_zmq.config import may_tune_heap

# Below glibc's first M_MMAP_THRESHOLD blocks come from the heap anyhow.
LARGE_NBYTES = 128 * 2**10
# mallopt(3). The first is the greatest that glibc takes, half of a thread's heap; the second the
# greatest that fits. The last keeps a heap that has run empty, which M_TRIM_THRESHOLD alone does
# not: heap_trim in malloc/arena.c unmaps it unless the one before it lacks so much room.
_M_MMAP_THRESHOLD, _MMAP_THRESHOLD = -3, 32 * 2**20
_M_TRIM_THRESHOLD, _TRIM_THRESHOLD = -1, 2**31 - 1
_M_TOP_PAD, _TOP_PAD = -2, 64 * 2**20
_OPTIONS = (
    (_M_MMAP_THRESHOLD, _MMAP_THRESHOLD),
    (_M_TRIM_THRESHOLD, _TRIM_THRESHOLD),
    (_M_TOP_PAD, _TOP_PAD),
)


@cache
def keep_large_blocks() -> bool:
    """Let this process's allocator keep blocks of up to 32 MiB for the next ones of their size.

    The whole process is concerned: it no longer gives memory back to the system that such blocks
    had once taken, and untouched address space is reserved ahead. Only the first call does
    anything; any thread may make it.

    Returns:
        Whether it was done; False where the C library has no such options, or the environment
        says otherwise (``reactor_zmq.config.may_tune_heap``).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or not may_tune_heap():
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return all(mallopt(option, value) == 1 for option, value in _OPTIONS)
