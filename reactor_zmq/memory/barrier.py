"""A full memory barrier, which Python has no word for (docs/adr/0003-slot-words.md)."""

from __future__ import annotations

import threading

_lock = threading.Lock()


def barrier() -> None:
    """Keep memory accesses before this call before those after it, on every processor.

    A release followed by an acquire of the same thread is a full barrier on x86 (both are
    locked instructions, which drain non-temporal stores too) and on ARM (a load-acquire waits for
    earlier store-releases). Any thread may call it.
    """
    with _lock:
        pass
    with _lock:
        pass
