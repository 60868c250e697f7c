"""The plots of a page, from results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from reactor_zmq.benchmark.results import Measured, Results
from reactor_zmq.benchmark.svg import Plot, Point, Series


def plots(results: Results) -> Iterator[tuple[str, Plot]]:
    """Yield (part, plot) for whatever was measured at more than one place."""
    colours = _colours([m for m in results.cells if m.cell.what != "events"])
    frames = [m for m in results.cells if m.cell.what == "frames"]
    flood = [m for m in frames if not m.cell.pace_hz]
    single = [m for m in frames if m.cell.pace_hz and m.cell.readers == 1]
    many = [m for m in frames if m.cell.pace_hz and m.cell.readers > 1]
    copied = [m for m in results.cells if m.cell.what == "copy"]
    for source, title in (
        ("array", "copied from the producer's array"),
        ("loan", "drawn in place"),
    ):
        cells = [m for m in flood if m.cell.source == source]
        extra = copied if source == "array" and cells else []
        yield "frames", _by_size(
            f"Frames/s in flood, {title}", "frames/s, more is better", "frames_per_s",
            cells + extra, colours,
        )  # fmt: skip
    for figure, name in (("latency_p50_ms", "median"), ("latency_p99_ms", "99th percentile")):
        title = f"One-way latency at {single[0].cell.pacing}, {name}" if single else ""
        yield "latency", _by_size(title, "ms, less is better", figure, single, colours)
    many = _with_single(many, single)
    for figure, title, text in (
        ("delivered_per_s", "Frames delivered per second, all readers", "frames/s, more is better"),
        ("latency_p50_ms", "Latency, median reader", "ms, less is better"),
        ("cpu_ms_per_frame", "CPU time per delivered frame", "ms, less is better"),
    ):
        size = f", {many[0].cell.size} at {many[0].cell.pacing}" if many else ""
        yield "readers", _by_readers(title + size, text, figure, many, colours)


def drawn(results: Results, part: str) -> list[str]:
    """Return the SVG texts of one part's plots."""
    found = [plot for name, plot in plots(results) if name == part]
    return [plot.svg() for plot in found if len(plot.ticks) > 1 and plot.svg()]


def drawn_alone(results: Results, part: str) -> str:
    """Return the first plot of a part as a file of its own; it brings its style along."""
    return next(plot.svg(alone=True) for name, plot in plots(results) if name == part)


def _with_single(many: Sequence[Measured], single: Sequence[Measured]) -> list[Measured]:
    """Add the single reader's cells of the same size, so that lines begin there."""
    size = many[0].cell.size if many else ""
    return [m for m in (*single, *many) if m.cell.size == size]


def _by_size(
    title: str, y_text: str, figure: str, cells: Sequence[Measured], colours: dict[str, int]
) -> Plot:
    ticks = list(dict.fromkeys(m.cell.size for m in cells))
    ticks.sort(key=lambda size: [int(n) for n in size.split("x")])
    axes = Plot(title, "", y_text, ticks, ())
    return _plot(axes, figure, cells, lambda m: m.cell.size, colours)


def _by_readers(
    title: str, y_text: str, figure: str, cells: Sequence[Measured], colours: dict[str, int]
) -> Plot:
    ticks = [str(n) for n in sorted({m.cell.readers for m in cells})]
    axes = Plot(title, "readers", y_text, ticks, ())
    return _plot(axes, figure, cells, lambda m: str(m.cell.readers), colours)


def _plot(
    axes: Plot,
    figure: str,
    cells: Sequence[Measured],
    at: Callable[[Measured], str],
    colours: dict[str, int],
) -> Plot:
    series: list[Series] = []
    for way in dict.fromkeys(m.cell.way for m in cells):
        own = [m for m in cells if m.cell.way == way]
        points = sorted(_points(own, figure, axes.ticks, at))
        kind = own[0].kind
        series.append(
            Series(way, points, colours[way], dashed=kind == "ceiling", faint=kind == "peer")
        )
    return replace(axes, series=series)


def _points(
    cells: Iterable[Measured], figure: str, ticks: Sequence[str], at: Callable[[Measured], str]
) -> Iterator[Point]:
    for measured in cells:
        found = measured.summary(figure)
        if found is not None and found.least > 0:
            yield Point(ticks.index(at(measured)), found.median, found.least, found.most)


def _colours(cells: Sequence[Measured]) -> dict[str, int]:
    """Give each way a colour; a ceiling shares that of what it bounds."""
    found: dict[str, int] = {}
    for measured in cells:
        if measured.kind != "ceiling":
            found.setdefault(measured.cell.way, len(set(found.values())))
            if measured.ceiling.startswith("frames/"):
                found.setdefault(measured.ceiling.split("/")[1], found[measured.cell.way])
    for measured in cells:
        found.setdefault(measured.cell.way, len(set(found.values())))
    return found
