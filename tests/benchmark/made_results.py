"""Results made by hand."""

from __future__ import annotations

from reactor_zmq.benchmark.results import Cell, Load, Machine, Measured, Results

SIZES = ("640x480", "1920x1080")


def rates(values: list[float]) -> dict[int, dict[str, float]]:
    """Return runs with these rates, a latency and what goes with it."""
    return {
        n: {"frames_per_s": v, "latency_p50_ms": 100 / v, "gap_share": 0.0, "delivered_per_s": v}
        for n, v in enumerate(values)
    }


def made(ours: list[float], ceiling: list[float], *, busy: float = 0.0) -> Results:
    """Return results with one way and its ceiling at two sizes, at a pace, and an event."""
    cells: list[Measured] = []
    for size in SIZES:
        for pace_hz, readers in ((0.0, 1), (60.0, 1), (60.0, 4)):
            bare = Cell("frames", "bare-tcp", size, "array", pace_hz, readers)
            way = Cell("frames", "tcp", size, "array", pace_hz, readers)
            cells += [
                Measured(bare, "bare <tcp>", "ceiling", runs=rates(ceiling), copied_nbytes=12),
                Measured(way, "over tcp", "runtime", bare.key, 18, rates(ours)),
            ]
    cells.append(Measured(Cell("events", "raw-tcp"), "raw", runs={0: {"round_trip_p50_us": 100.0}}))
    machine = Machine("a processor", 2, 2**30, "Linux 6", python="3.11", versions={"numpy": "1"})
    load = Load(0.1, 0.2, busy, busy)
    return Results("2026-01-02 03:04 UTC", 12.0, len(ours), 0.5, machine, load, cells)
