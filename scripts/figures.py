"""Write the README's table and plot from the results that are kept in the repository.

Everything between the two marks of README.md, and ``docs/benchmark/frames.svg``, comes from
``docs/benchmark/peers.json``; ``make results`` measures that file anew. Nothing is typed by hand:
``--check`` ends with 1 where something else stands there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from reactor_zmq.benchmark.figures import written
from reactor_zmq.benchmark.plots import drawn_alone
from reactor_zmq.benchmark.results import Measured, Results, load

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "benchmark" / "peers.json"
PLOT = ROOT / "docs" / "benchmark" / "frames.svg"
README = ROOT / "README.md"
BEGIN, END = "<!-- figures: begin, by make figures -->\n", "<!-- figures: end -->\n"
_SORTED_BY = "1920x1080"


def main() -> int:
    """Write both, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    results = load(RESULTS)
    wanted = {README: in_readme(README.read_text(), results), PLOT: plot(results)}
    stale = [path for path, text in wanted.items() if not _holds(path, text)]
    for path in stale:
        if options.check:
            print(f"{path.relative_to(ROOT)} is not what the results say: make figures")
        else:
            path.write_text(wanted[path])
    return 1 if options.check and stale else 0


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


def in_readme(readme: str, results: Results) -> str:
    """Return the README with the table of these results."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(lines(results)) + "\n" + END + after


def lines(results: Results) -> Iterator[str]:
    """Yield the caption, the table and what has to be said about it."""
    flood = [m for m in results.cells if m.cell.what == "frames" and not m.cell.pace_hz]
    flood = [m for m in flood if m.cell.source == "array"]
    sizes = sorted({m.cell.size for m in flood}, key=lambda size: int(size.split("x")[0]))
    yield ""
    yield f"| frames/s | {' | '.join(sizes)} |"
    yield f"|---|{'---:|' * len(sizes)}"
    ways = list(dict.fromkeys(m.cell.way for m in flood))
    for way in sorted(ways, key=lambda name: -_rate(flood, name, _SORTED_BY)):
        rates = (written(_rate(flood, way, size)) for size in sizes)
        yield f"| {_named(flood, way)} | {' | '.join(r if r != '0' else 'none' for r in rates)} |"
    yield ""
    machine, load = results.machine, results.load
    yield (
        f"Median of {results.rounds} round{'s' * (results.rounds > 1)} in turn, "
        f"{results.made_at}, {machine.processor}, "
        f"{machine.processors} processors{', virtual' if machine.virtual else ''}, "
        f"{machine.kernel}, Python {machine.python}; the producer keeps its array, so every frame "
        f"is copied at least once. Ceilings in italics."
    )
    if load.busy:
        yield (
            f"**The machine was busy**: others took {load.others_share:.0%} of it. Only the order "
            "means anything."
        )


def plot(results: Results) -> str:
    """Return the plot of flood, with its style, for a file of its own."""
    return drawn_alone(results, "frames") + "\n"


def _rate(flood: list[Measured], way: str, size: str) -> float:
    found = [m.summary("frames_per_s") for m in flood if (m.cell.way, m.cell.size) == (way, size)]
    return found[0].median if found and found[0] is not None else 0.0


def _named(flood: list[Measured], way: str) -> str:
    measured = next(m for m in flood if m.cell.way == way)
    mark = {"ceiling": "*", "runtime": "**"}.get(measured.kind, "")
    return f"{mark}{measured.text}{mark}"


if __name__ == "__main__":
    sys.exit(main())
