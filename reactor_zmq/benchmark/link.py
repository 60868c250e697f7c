"""A link between two machines: one serves, the other connects, measures, and aligns the clocks.

What the frames carry is the server's time. How far its clock is ahead is told by round trips: the
event's handler answers with its time, which lies between the sending and the receiving of this
side. The quickest of many round trips bounds the error by half of what it took.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from reactor_zmq.benchmark.machine import load_average, this_machine
from reactor_zmq.benchmark.orders import Order
from reactor_zmq.benchmark.pictures import shape_of
from reactor_zmq.benchmark.reading import NoFramesError, Tally, lead
from reactor_zmq.benchmark.results import Cell, Load, Measured, Results
from reactor_zmq.benchmark.session import combine
from reactor_zmq.benchmark.tasks import Figures, Read
from reactor_zmq.benchmark.through import FramesOf
from reactor_zmq.client import Client

WAY = "link"
_ROUND_TRIPS = 300
_WARM_S = 0.3
_NOTE = (
    "The serving machine's clock is {clock} ahead of this one's, by the quickest of {count} round "
    "trips before and after. One-way latencies are corrected by it and are no better than this "
    "error. The machine that is named here is the reading one."
)


class ClockFound(NamedTuple):
    """How far the other clock is ahead of this one, to within ``error_ns`` on either side."""

    ahead_ns: int
    error_ns: int

    def __str__(self) -> str:
        return f"{self.ahead_ns / 1e6:+.3f} ms ±{self.error_ns / 1e6:.3f} ms"


class EventOrders:
    """Orders as events, for a producer that no datagram socket reaches."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def give(self, order: Order) -> None:
        """Send an order."""
        self._client.post(
            "order", frames=order.frames, height=order.height, width=order.width,
            pace_hz=order.pace_hz, fresh=order.fresh,
        )  # fmt: skip


def round_trips(client: Client, count: int) -> tuple[list[int], ClockFound]:
    """Return the nanoseconds of each round trip, and what they tell of the other clock."""
    taken: list[int] = []
    best = ClockFound(0, 2**62)
    for value in range(count):
        sent_ns, began = time.time_ns(), time.perf_counter_ns()
        there_ns = client.send("time", value=value).unix_ns
        took = time.perf_counter_ns() - began
        taken.append(took)
        if took // 2 < best.error_ns:
            best = ClockFound(there_ns - sent_ns - took // 2, took // 2)
    return taken, best


def agreed(before: ClockFound, after: ClockFound) -> ClockFound:
    """Return what two alignments, with a measurement between them, say of the time between."""
    drift = abs(after.ahead_ns - before.ahead_ns) // 2
    error = max(before.error_ns, after.error_ns) + drift
    return ClockFound((before.ahead_ns + after.ahead_ns) // 2, error)


class LinkWish(NamedTuple):
    """What is to be measured of a link.

    Attributes:
        where: The far end, for people.
        sizes: Of frames, each in flood and paced.
        rounds: How often each takes its turn.
        seconds: For each run.
        pace_hz: Of paced frames.
    """

    where: str
    sizes: Sequence[str]
    rounds: int
    seconds: float
    pace_hz: float


def measure_link(client: Client, wish: LinkWish, tell: Callable[[str], object]) -> Results:
    """Measure a link from its reading end.

    Args:
        client: Connected to a ``bench serve``.
        wish: What to measure.
        tell: Called with a line per run.
    """
    where, sizes, rounds, seconds, pace_hz = wish
    began_s, load = time.monotonic(), load_average()
    text = f"Client.frames, {where}"
    cells = [
        Measured(Cell("frames", WAY, size, "array", pace), text)
        for size in sizes
        for pace in (0.0, pace_hz)
    ]
    events = Measured(Cell("events", WAY), f"Client.send, {where}")
    _, before = round_trips(client, _ROUND_TRIPS)
    for number in range(rounds):
        taken, _ = round_trips(client, _ROUND_TRIPS)
        p50, p99 = np.percentile(taken, (50, 99), method="nearest") / 1e3
        events.runs[number] = {"round_trip_p50_us": float(p50), "round_trip_p99_us": float(p99)}
        for measured in cells:
            if not measured.failed:
                _run(client, measured, number, seconds, before.ahead_ns)
                tell(f"round {number + 1}/{rounds} {measured.cell.key} {_told(measured, number)}")
    _, after = round_trips(client, _ROUND_TRIPS)
    clock = agreed(before, after)
    _correct(cells, clock.ahead_ns - before.ahead_ns)
    return Results(
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        took_s=time.monotonic() - began_s,
        rounds=rounds,
        run_s=seconds,
        machine=this_machine(),
        load=Load(load, load_average()),
        cells=[*cells, events],
        title=f"reactor-zmq bench, link to {where}",
        notes=[_NOTE.format(clock=clock, count=_ROUND_TRIPS)],
    )


def _run(client: Client, measured: Measured, number: int, seconds: float, ahead_ns: int) -> None:
    cell = measured.cell
    height, width, _ = shape_of(cell.size)
    order = Order(0, height, width, cell.pace_hz)
    task = Read("", {}, "", order, seconds, _WARM_S, 0, (os.getpid(),))
    orders = EventOrders(client)
    reader = FramesOf(client, "socket", every=not cell.pace_hz)
    try:
        found = lead(task, reader, Tally(task, ahead_ns), orders)
    except NoFramesError as error:
        measured.failed = str(error)
    else:
        measured.runs[number] = combine([found], seconds)
    finally:
        orders.give(order._replace(fresh=True))
        reader.close()


def _correct(cells: Sequence[Measured], by_ns: int) -> None:
    for figures in (found for measured in cells for found in measured.runs.values()):
        for name in ("latency_p50_ms", "latency_p99_ms", "latency_max_ms"):
            if name in figures:
                figures[name] += by_ns / 1e6


def _told(measured: Measured, number: int) -> str:
    found: Figures = measured.runs.get(number, {})
    if not found:
        return measured.failed
    return f"{found['frames_per_s']:.0f} frames/s, {found.get('latency_p50_ms', 0):.2f} ms"
