"""The figures: what they mean, which way is better, and what several runs of them say."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One quantity.

    Attributes:
        name: As in results; the unit is in it.
        text: For people.
        more_is_better: Else less is.
    """

    name: str
    text: str
    more_is_better: bool


FIGURES = {
    f.name: f
    for f in (
        Figure("frames_per_s", "frames/s", True),
        Figure("gb_per_s", "GB/s", True),
        Figure("latency_p50_ms", "latency p50, ms", False),
        Figure("latency_p99_ms", "latency p99, ms", False),
        Figure("latency_max_ms", "latency max, ms", False),
        Figure("jitter_ms", "jitter, ms", False),
        Figure("gap_share", "gaps, share", False),
        Figure("cpu_ms_per_frame", "CPU ms/frame", False),
        Figure("faults_per_frame", "page faults/frame", False),
        Figure("round_trip_p50_us", "round trip p50, us", False),
        Figure("round_trip_p99_us", "round trip p99, us", False),
        Figure("round_trip_max_us", "round trip max, us", False),
        Figure("pipelined_per_s", "pipelined, events/s", True),
    )
}


class Summary(NamedTuple):
    """Several runs of one figure."""

    median: float
    least: float
    most: float
    runs: int

    @property
    def spread(self) -> float:
        """Half of the range, as a share of the median."""
        return (self.most - self.least) / 2 / abs(self.median) if self.median else 0.0


def summarise(values: Sequence[float]) -> Summary:
    """Return the median with the least and the greatest.

    Raises:
        ValueError: There are none.
    """
    if not values:
        raise ValueError("no run, no figure")
    return Summary(statistics.median(values), min(values), max(values), len(values))


def ratios(values: dict[int, float], ceilings: dict[int, float]) -> list[float]:
    """Return figure / ceiling, round by round: both ran within seconds of each other."""
    return [values[n] / ceilings[n] for n in sorted(values) if ceilings.get(n)]


def chance(before: Sequence[float], after: Sequence[float]) -> float:
    """Return how probable it is that runs differ so much by their order alone, 0 to 1.

    The exact two-sided test of Mann and Whitney: every way to deal these runs out to the two sides
    counts the same. Three runs against three can't go below 0.1, five against five reach 0.008.
    """
    pooled = [*before, *after]
    if len(pooled) > _MOST_EXACT:
        return _normal_chance(before, after)
    found = abs(_excess(before, after))
    extreme = total = 0
    for picked in itertools.combinations(range(len(pooled)), len(before)):
        chosen = set(picked)
        left = [pooled[i] for i in picked]
        right = [v for i, v in enumerate(pooled) if i not in chosen]
        extreme += abs(_excess(left, right)) >= found
        total += 1
    return extreme / total


# Beyond so many runs in all there are more ways to deal than anybody waits for.
_MOST_EXACT = 16


def _excess(left: Sequence[float], right: Sequence[float]) -> int:
    """Return by how many pairs the right side is ahead."""
    return sum((r > value) - (r < value) for value in left for r in right)


def _normal_chance(left: Sequence[float], right: Sequence[float]) -> float:
    n, m = len(left), len(right)
    sigma = math.sqrt(n * m * (n + m + 1) / 3)
    return math.erfc(abs(_excess(left, right)) / sigma / math.sqrt(2)) if sigma else 1.0


def written(value: float) -> str:
    """Return a figure with three digits that count."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 5)}f}"
