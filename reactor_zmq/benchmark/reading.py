"""Reading frames against the clock: what one reader sees."""

from __future__ import annotations

import math
import time
from multiprocessing.connection import Connection
from typing import Protocol

import numpy as np

from reactor_zmq.benchmark.accounting import Spent, spent
from reactor_zmq.benchmark.orders import GRANT, WINDOW, Order, Orders
from reactor_zmq.benchmark.pictures import COMPARE_EVERY, Gallery, check, made_ns
from reactor_zmq.benchmark.tasks import Figures, FrameReader, Read, resolve

_STALLED_S = 0.1
_FIRST_S = 10.0


class NoFramesError(RuntimeError):
    """Nothing came of what was ordered."""


def read(task: Read, pipe: Connection) -> Figures:
    """Open a reader, say so, wait for the word, read, and return the figures of its time.

    Raises:
        NoFramesError: No frame came.
        TornFrameError: One did not arrive whole.
        EOFError: The pipe ended.
    """
    reader: FrameReader = resolve(task.opener)(task.address, task.place)
    try:
        tally = Tally(task)
        pipe.send(None)
        pipe.recv()
        if task.place == 0:
            orders = Orders(task.orders)
            try:
                return lead(task, reader, tally, orders)
            finally:
                orders.give(task.order._replace(frames=0, fresh=True))
                orders.close()
        return _follow(task, reader, tally)
    finally:
        reader.close()


class Tally:
    """Checks and counts frames; the clock of a frame stops before it is checked."""

    def __init__(self, task: Read, ahead_ns: int = 0) -> None:
        """Make an empty one; the producer's clock is ``ahead_ns`` ahead of this one."""
        self._ahead_ns = ahead_ns
        self._shape, self._lent = task.order.shape, task.order.lend
        self._gallery = Gallery()
        self._gallery.at(self._shape, 0)
        self._last = -1
        self._begin()

    def _begin(self) -> None:
        self.frames = self.missed = self.stalls = 0
        self.began_s = self.ended_s = time.monotonic()
        self._latencies_ns: list[int] = []
        self._arrived_ns: list[int] = []

    def begin(self) -> None:
        """Forget the warm-up."""
        self._begin()

    def add(self, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
        """Count a frame; return how many were missed before it."""
        now_ns, now_s = time.time_ns(), time.monotonic()
        number = check(picture, self._shape)
        gap = max(0, number - self._last - 1) if self._last >= 0 else 0
        self._last = number
        if self.frames % COMPARE_EVERY == 0 and not self._lent:
            self._gallery.compare(picture, number)
        self.frames += 1
        self.missed += gap
        self.ended_s = now_s
        self._latencies_ns.append(now_ns + self._ahead_ns - made_ns(picture))
        self._arrived_ns.append(now_ns)
        return gap

    def figures(self, pace_hz: float) -> Figures:
        """Return what was counted since :meth:`begin`."""
        if not self.frames:
            return {"frames": 0.0, "frames_per_s": 0.0, "gap_share": 1.0}
        taken_s = max(self.ended_s - self.began_s, 1e-9)
        found: Figures = {
            "frames": float(self.frames),
            "frames_per_s": self.frames / taken_s,
            "gap_share": self.missed / (self.missed + self.frames),
            "stalls": float(self.stalls),
        }
        if not self._lent:
            # Bytes that were drawn in place and looked at there went nowhere.
            found["gb_per_s"] = self.frames * math.prod(self._shape) / taken_s / 1e9
        p50, p99 = np.percentile(self._latencies_ns, (50, 99), method="nearest") / 1e6
        found |= {"latency_p50_ms": p50, "latency_p99_ms": p99}
        found["latency_max_ms"] = max(self._latencies_ns) / 1e6
        intervals_ns = np.diff(self._arrived_ns)
        if pace_hz and len(intervals_ns):
            off_ns = np.abs(intervals_ns - 1e9 / pace_hz)
            found["jitter_ms"] = float(np.percentile(off_ns, 99, method="nearest") / 1e6)
        return {name: float(value) for name, value in found.items()}


class Ordering(Protocol):
    """Whatever takes orders to the producer."""

    def give(self, order: Order) -> None:
        """Send an order."""
        ...


def lead(task: Read, reader: FrameReader, tally: Tally, orders: Ordering) -> Figures:
    """Order frames, read them, and return the figures of the time after the warm-up.

    Raises:
        NoFramesError: No frame came.
        TornFrameError: One did not arrive whole.
    """
    _await_first(task, reader, tally, orders)
    order, paced = task.order, bool(task.order.pace_hz)
    lasting = int((task.seconds + task.warm_s + 1) * order.pace_hz)
    start = order._replace(frames=lasting if paced else WINDOW, fresh=True)
    orders.give(start)
    grant = None if paced else orders
    _take_for(task.warm_s, order, reader, tally, grant)
    tally.begin()
    before = spent(task.pids)
    tally.began_s = time.monotonic()
    _take_for(task.seconds, order, reader, tally, grant)
    return tally.figures(order.pace_hz) | _spending(spent(task.pids).since(before))


def _await_first(task: Read, reader: FrameReader, tally: Tally, orders: Ordering) -> None:
    """Order single frames until one comes: a subscription may not be live yet.

    Systems that keep frames for a reader hand out some of an earlier size first; those don't count.
    """
    deadline = time.monotonic() + _FIRST_S
    while True:
        orders.give(task.order._replace(frames=1, pace_hz=0.0, fresh=True))
        picture = reader.take(0.1)
        if picture is not None and picture.shape == task.order.shape:
            break
        if time.monotonic() > deadline:
            raise NoFramesError(f"no frame within {_FIRST_S:g} s")
    while picture is not None:
        tally.add(picture)
        picture = reader.take(0.02)


def _take_for(
    seconds: float, order: Order, reader: FrameReader, tally: Tally, grant: Ordering | None
) -> None:
    """Take frames for so long, granting new ones for those that came where ``grant`` is given.

    A way so slow, or a machine so busy, that none came in this time gets the time for one.
    """
    until, owed = time.monotonic() + seconds, 0
    while (now := time.monotonic()) < until or (not tally.frames and now < until + _FIRST_S):
        picture = reader.take(min(_STALLED_S, seconds))
        if picture is not None:
            owed += 1 + tally.add(picture)
            del picture
        elif grant is not None:
            # The last of a window were dropped; no gap will ever tell.
            tally.stalls += 1
            grant.give(order._replace(frames=WINDOW, fresh=True))
            owed = 0
        if owed >= GRANT:
            if grant is not None:
                grant.give(order._replace(frames=owed))
            owed = 0


def _follow(task: Read, reader: FrameReader, tally: Tally) -> Figures:
    # Begins with the first frame, as the leader's warm-up does.
    if (picture := reader.take(_FIRST_S)) is None:
        raise NoFramesError(f"no frame within {_FIRST_S:g} s")
    tally.add(picture)
    del picture
    _take_for(task.warm_s, task.order, reader, tally, None)
    tally.begin()
    _take_for(task.seconds, task.order, reader, tally, None)
    return tally.figures(task.order.pace_hz)


def _spending(difference: Spent) -> Figures:
    return {
        "cpu_s": difference.cpu_ns / 1e9,
        "faults": float(difference.faults),
        "lasted_s": difference.at_ns / 1e9,
        "others_share": difference.others_share,
    }
