"""A gate for other people's CI: no ratio to a ceiling may get worse than in a baseline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reactor_zmq.benchmark.compare import COMPARED
from reactor_zmq.benchmark.figures import FIGURES, Summary, written
from reactor_zmq.benchmark.results import Results


class Broken(NamedTuple):
    """A ratio that got worse by more than is tolerated, in every round; or that is missing."""

    key: str
    figure: str
    wanted: float
    found: Summary | None

    def __str__(self) -> str:
        what = f"{self.key}: {FIGURES[self.figure].text}"
        if self.found is None:
            return f"{what}: in the baseline, but not measured"
        found = self.found
        return (
            f"{what}: ×{written(found.median)} of its ceiling "
            f"({written(found.least)}–{written(found.most)}), ×{written(self.wanted)} is wanted"
        )


def gate(baseline: Results, found: Results, tolerance: float) -> Iterator[Broken]:
    """Yield every ratio of the baseline that does not hold.

    It is broken when even the best round of this run is worse than the baseline's median by more
    than ``tolerance``: one quiet round suffices to pass, so a busy machine does not fail anybody.
    """
    for earlier in baseline.cells:
        for figure in COMPARED:
            before = baseline.ratio(earlier, figure)
            if before is None:
                continue
            measured = found.find(earlier.cell.key)
            now = found.ratio(measured, figure) if measured is not None else None
            more = FIGURES[figure].more_is_better
            wanted = before.median * (1 - tolerance if more else 1 + tolerance)
            if now is None or (now.most < wanted if more else now.least > wanted):
                yield Broken(earlier.cell.key, figure, wanted, now)


def checked(baseline: Results) -> int:
    """Return how many ratios a baseline has to be held against."""
    return sum(baseline.ratio(m, f) is not None for m in baseline.cells for f in COMPARED)
