"""Two files of results side by side: what changed, and what is noise.

Each figure is compared as a multiple of its ceiling, which ran in the same rounds: a machine that
was slower altogether is no change. Where there is no ceiling the figure itself is compared. A
difference counts when it is larger than ``tolerance`` and when the runs of the two files are
apart by more than their order explains (:func:`reactor_zmq.benchmark.figures.chance`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from reactor_zmq.benchmark.figures import FIGURES, Summary, chance, ratios, summarise, written
from reactor_zmq.benchmark.results import Measured, Results

# A tail, a maximum and a share say too little in a few runs to be held against each other.
COMPARED = (
    "frames_per_s", "latency_p50_ms", "cpu_ms_per_frame", "round_trip_p50_us", "pipelined_per_s",
)  # fmt: skip
RARE = 0.05
Verdict = Literal["better", "worse", "noise", "too few runs"]


class Change(NamedTuple):
    """One figure of one cell in both files.

    Attributes:
        relative: To the ceiling; else the figure itself.
        change: After by before, minus one.
        chance: That order alone makes such a difference.
    """

    key: str
    figure: str
    relative: bool
    before: Summary
    after: Summary
    change: float
    chance: float
    verdict: Verdict


def compare(before: Results, after: Results, tolerance: float = 0.05) -> Iterator[Change]:
    """Yield every figure that both files have, in the order of the second."""
    for measured in after.cells:
        earlier = before.find(measured.cell.key)
        if earlier is None:
            continue
        for figure in COMPARED:
            found = _values(before, earlier, figure), _values(after, measured, figure)
            (then, relative_then), (now, relative_now) = found
            if relative_then != relative_now:
                # A ceiling is missing on one side: only the figures themselves compare.
                then = list(earlier.values(figure).values())
                now = list(measured.values(figure).values())
            if then and now and FIGURES[figure]:
                relative = relative_then and relative_now
                yield _change(measured.cell.key, figure, relative, then, now, tolerance)


def _values(results: Results, measured: Measured, figure: str) -> tuple[list[float], bool]:
    ceiling = results.find(measured.ceiling) if measured.ceiling else None
    if ceiling is not None:
        found = ratios(measured.values(figure), ceiling.values(figure))
        if found:
            return found, True
    return list(measured.values(figure).values()), False


def _change(
    key: str, figure: str, relative: bool, then: list[float], now: list[float], tolerance: float
) -> Change:
    before, after = summarise(then), summarise(now)
    change = after.median / before.median - 1 if before.median else 0.0
    probable = chance(then, now)
    return Change(
        key, figure, relative, before, after, change, probable,
        _verdict(figure, change, probable, tolerance, least_chance(len(then), len(now))),
    )  # fmt: skip


def _verdict(
    figure: str, change: float, probable: float, tolerance: float, least: float
) -> Verdict:
    if abs(change) <= tolerance:
        return "noise"
    if least > RARE:
        return "too few runs"
    if probable > RARE:
        return "noise"
    return "better" if (change > 0) == FIGURES[figure].more_is_better else "worse"


def least_chance(before: int, after: int) -> float:
    """Return the least that :func:`chance` can give for so many runs."""
    return chance([0.0] * before, [1.0] * after)


def report(before: Results, after: Results, tolerance: float = 0.05) -> Iterator[str]:
    """Yield the lines of a comparison for a terminal."""
    changes = list(compare(before, after, tolerance))
    yield from _heading("before", before)
    yield from _heading("after", after)
    width = max((len(c.key) for c in changes), default=0)
    for change in sorted(changes, key=lambda c: (c.verdict == "noise", c.chance)):
        relative = " of ceiling" if change.relative else ""
        yield (
            f"{change.verdict:<12} {change.key:<{width}} {FIGURES[change.figure].text:<22}"
            f" {_range(change.before)} -> {_range(change.after)}{relative}"
            f"  {change.change:+.1%}  p={change.chance:.2g}"
        )
    counts = {v: sum(c.verdict == v for c in changes) for v in ("better", "worse")}
    by_chance = f"{len(changes) * RARE:.0f}"
    yield (
        f"{len(changes)} figures: {counts['better']} better, {counts['worse']} worse, the rest is "
        f"noise or too few runs; if all differed by more than {tolerance:.0%}, chance alone would "
        f"call about {by_chance} of them changed"
    )


def _heading(name: str, results: Results) -> Iterator[str]:
    busy = "  (the machine was busy)" if results.load.busy else ""
    versions = results.machine.versions.get("reactor_zmq", "?")
    yield f"{name:<7} {results.made_at}, reactor_zmq {versions}, {results.machine.processor}{busy}"


def _range(found: Summary) -> str:
    return f"{written(found.median)} ({written(found.least)}–{written(found.most)})"
