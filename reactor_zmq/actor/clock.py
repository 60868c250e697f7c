"""Time and waiting, as the host sees them; tests put a simulated clock in their place."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the host knows of time."""

    def monotonic_ns(self) -> int:
        """Return monotonic time, the clock of due times."""
        ...

    def unix_ns(self) -> int:
        """Return wall time, for stamps that people and other machines read."""
        ...

    async def wait(self, arrival: asyncio.Future[None], until_ns: int | None) -> None:
        """Return when ``arrival`` is done or the time has come; None waits for the arrival only."""
        ...


class LoopClock:
    """The system's clocks and the running event loop's timers."""

    def monotonic_ns(self) -> int:
        """Return CLOCK_MONOTONIC, which the front end shares."""
        return time.monotonic_ns()

    def unix_ns(self) -> int:
        """Return CLOCK_REALTIME."""
        return time.time_ns()

    async def wait(self, arrival: asyncio.Future[None], until_ns: int | None) -> None:
        """Return when ``arrival`` is done or at ``until_ns``, which then completes it."""
        if arrival.done():
            await asyncio.sleep(0)
            return
        if until_ns is None:
            await arrival
            return
        delay_s = (until_ns - time.monotonic_ns()) / 1e9
        timer = arrival.get_loop().call_later(max(0.0, delay_s), complete, arrival)
        try:
            await arrival
        finally:
            timer.cancel()


def complete(arrival: asyncio.Future[None]) -> None:
    """Complete a future that may be complete already."""
    if not arrival.done():
        arrival.set_result(None)
