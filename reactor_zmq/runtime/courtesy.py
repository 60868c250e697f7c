"""Letting another thread have this core at once, where that costs nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

# libzmq's thread needs some ten microseconds to send a reply, a busy process keeps a core for
# milliseconds.
_LONG_S = 0.0005
_PAUSE_S = 1.0


class Courtesy:
    """Yields the core to who waits for it; not again for a second when that took long.

    A reply leaves in libzmq's thread, which often waits for the very core on which the loop goes on
    to tidy up. Where something computes on all cores, a yield would give it a whole time slice.

    Args:
        let_run: Yields the core.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        let_run: Callable[[], None] = os.sched_yield,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._let_run = let_run
        self._clock = clock
        self._not_before = 0.0

    def offer(self) -> None:
        """Yield, unless the last time was a bad one."""
        began = self._clock()
        if began < self._not_before:
            return
        self._let_run()
        if self._clock() - began > _LONG_S:
            self._not_before = began + _PAUSE_S
