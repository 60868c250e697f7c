"""One run from a wish to results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

from reactor_zmq.benchmark.machine import load_average, this_machine
from reactor_zmq.benchmark.plan import Plan, make_plan
from reactor_zmq.benchmark.progress import Progress
from reactor_zmq.benchmark.results import Load, Measured, Results
from reactor_zmq.benchmark.session import Session
from reactor_zmq.benchmark.wish import Wish


def bench(wish: Wish, stream: TextIO, command: str = "") -> Results:
    """Measure what is wished for and return it.

    Args:
        wish: What, and how long it may take.
        stream: Shows how far it is.
        command: By which it can be repeated.

    Raises:
        ConfigError: There is no such part, way or size.
    """
    return carry_out(make_plan(wish), stream, command)


def carry_out(plan: Plan, stream: TextIO, command: str = "", title: str = "") -> Results:
    """Carry a plan out and return what was measured."""
    before, began_s = load_average(), time.monotonic()
    made_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    progress = Progress(plan, stream)
    with Session() as session:
        rounds = session.carry_out(plan, progress.show, progress.begin)
        progress.end()
    cells = [step.measured for step in plan.steps]
    shares = others(cells)
    notes = [f"The time was up after {rounds} of {plan.rounds} rounds."]
    return Results(
        made_at=made_at,
        took_s=time.monotonic() - began_s,
        rounds=rounds,
        run_s=plan.run_s,
        machine=this_machine(),
        load=Load(before, load_average(), statistics.median(shares), max(shares)),
        cells=cells,
        command=command,
        title=title or "reactor-zmq bench",
        notes=notes if rounds < plan.rounds else [],
    )


def others(cells: Sequence[Measured]) -> list[float]:
    """Return the share of the machine that others took during each run that knows it."""
    found = [value for m in cells for value in m.values("others_share").values()]
    return found or [0.0]
