"""Results as rows of text: each figure with its spread and beside its ceiling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reactor_zmq.benchmark.figures import FIGURES, Summary, written
from reactor_zmq.benchmark.results import Measured, Results

FRAMES = ("frames_per_s", "gb_per_s", "gap_share", "cpu_ms_per_frame", "faults_per_frame")
PACED = (
    "frames_per_s", "latency_p50_ms", "latency_p99_ms", "latency_max_ms", "jitter_ms",
    "gap_share", "cpu_ms_per_frame", "faults_per_frame",
)  # fmt: skip
EVENTS = ("round_trip_p50_us", "round_trip_p99_us", "round_trip_max_us", "pipelined_per_s")
# Beside these the ratio to the ceiling is shown.
_BOUND = {"frames_per_s", "latency_p50_ms", "cpu_ms_per_frame", "round_trip_p50_us",
          "pipelined_per_s"}  # fmt: skip


class Table(NamedTuple):
    """A table of a page or a terminal."""

    part: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(results: Results) -> Iterator[Table]:
    """Yield the tables of everything that was measured."""
    cells = results.cells
    flood = [m for m in cells if m.cell.what == "frames" and not m.cell.pace_hz]
    paced = [m for m in cells if m.cell.what == "frames" and m.cell.pace_hz]
    copied = [m for m in cells if m.cell.what == "copy"]
    events = [m for m in cells if m.cell.what == "events"]
    for size in dict.fromkeys(m.cell.size for m in flood):
        yield _table(results, "frames", f"{size}, flood", flood + copied, size, FRAMES)
    for size, readers in dict.fromkeys((m.cell.size, m.cell.readers) for m in paced):
        alike = [m for m in paced if m.cell.readers == readers]
        pacing = next(m.cell.pacing for m in alike)
        many = f", {readers} readers" if readers > 1 else ""
        part = "readers" if readers > 1 else "latency"
        yield _table(results, part, f"{size}, {pacing}{many}", alike, size, PACED)
    if events:
        yield _table(results, "events", "Events", events, "", EVENTS)


def _table(
    results: Results, part: str, title: str, cells: Sequence[Measured], size: str,
    figures: Sequence[str],
) -> Table:  # fmt: skip
    head = ["", *(FIGURES[name].text for name in figures)]
    framed = part != "events"
    if framed:
        head.append("bytes copied/frame")
    rows: list[list[str]] = []
    for measured in cells:
        if measured.cell.size != size:
            continue
        row = [_name(measured), *(cell_text(results, measured, name) for name in figures)]
        if framed:
            row.append(f"{measured.copied_nbytes:,}" if measured.copied_nbytes >= 0 else "–")
        if measured.failed:
            row[1] = f"not measured: {measured.failed}"
        rows.append(row)
    return Table(part, title, head, rows)


def cell_text(results: Results, measured: Measured, figure: str) -> str:
    """Return a figure: median ± half the range, and its multiple of the ceiling."""
    found = measured.summary(figure)
    if found is None:
        return "–"
    if figure not in _BOUND:
        # What is mostly zero, or the worst of a run, has no spread worth a word.
        return f"{found.median:.1%}" if figure.endswith("_share") else written(found.median)
    text = spread_text(found)
    ratio = results.ratio(measured, figure)
    return text if ratio is None else f"{text} ({ratio_text(ratio)})"


def spread_text(found: Summary) -> str:
    """Return the median and, in percent, how far the runs lie from it."""
    return (
        f"{written(found.median)} ±{found.spread:.0%}" if found.runs > 1 else written(found.median)
    )


def ratio_text(ratio: Summary) -> str:
    """Return a multiple of a ceiling with the least and the greatest."""
    if ratio.runs == 1:
        return f"×{ratio.median:.2f}"
    return f"×{ratio.median:.2f}, {ratio.least:.2f}–{ratio.most:.2f}"


def _name(measured: Measured) -> str:
    loan = ", drawn in place" if measured.cell.source == "loan" else ""
    return f"{measured.text}{loan}" + (" [ceiling]" if measured.kind == "ceiling" else "")


def plain(table: Table) -> Iterator[str]:
    """Yield the lines of a table for a terminal."""
    widths = [max(map(len, column)) for column in zip(table.head, *table.rows, strict=True)]
    yield f"\n{table.title}"
    for row in (table.head, *table.rows):
        first, *rest = (
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *rest)).rstrip()
