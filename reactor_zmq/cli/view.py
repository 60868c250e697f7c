"""The live view of a run in a terminal; needs rich.

Header, picture beside figures and state, messages, hints; laid out for 80x24 and up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Self, cast

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from reactor_zmq.cli.figures import TrackSnapshot
from reactor_zmq.cli.numbers import numbers, told
from reactor_zmq.cli.preview import UPPER_HALF, cells, fit
from reactor_zmq.cli.snapshot import Heard, Snapshot
from reactor_zmq.wire.control import Progress

_BARS = "▁▂▃▄▅▆▇█"
_HEADER_ROWS = 2
# Figures, state and messages need so much; the picture may have the rest.
_WORDS_COLUMNS = 38
_MARGIN = 2
_STEP = 0xFC
_MESSAGE_ROWS = 3
_COLOURS = {"ready": "green", "loading": "cyan", "waiting": "yellow", "stopping": "yellow"}


class View:
    """Draws snapshots on the terminal's other screen until it is left.

    Args:
        hints: Lines at the foot: what to type elsewhere.
    """

    def __init__(self, hints: Sequence[str] = (), console: Console | None = None) -> None:
        self._hints = hints
        self._console = console or Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, now: Snapshot) -> None:
        """Draw one moment."""
        self._live.update(screen(now, self._console.size, self._hints), refresh=True)


def screen(now: Snapshot, size: tuple[int, int], hints: Sequence[str] = ()) -> Layout:
    """Return the whole screen for a terminal of so many columns and rows."""
    columns, rows = size
    foot = 1 + len(hints) if hints else 0
    whole = Layout()
    parts = [Layout(_header(now), size=_HEADER_ROWS), Layout(ratio=1)]
    if hints:
        parts.append(Layout(_foot(hints), size=foot))
    whole.split_column(*parts)
    _fill_body(parts[1], now, columns, rows - _HEADER_ROWS - foot)
    return whole


def _header(now: Snapshot) -> RenderableType:
    colour = "red" if now.lost else _COLOURS.get(now.state.split(" ")[0], "red")
    left = Text.assemble(" ", (now.model, "bold"), "  ", ("●", colour), f" {now.state}")
    status = now.status
    if status is not None and status.missing:
        left.append(f": {', '.join(status.missing)}", "yellow")
    if status is not None and status.progress is not None:
        left.append(f"  {_progress_text(status.progress)}", "cyan")
    right = Text(justify="right")
    if status is not None:
        if status.misses:
            right.append(f"misses {status.misses}   ", "bold red")
        right.append(f"epoch {status.epoch}   clients {status.clients}   viewers {status.viewers}")
    right.append(f"   {_clock(now.elapsed_s)} ")
    row = Table.grid(expand=True)
    row.add_column(no_wrap=True)
    row.add_column(justify="right", no_wrap=True)
    row.add_row(left, right)
    return Group(row, Rule(style="dim"))


def _fill_body(body: Layout, now: Snapshot, columns: int, rows: int) -> None:
    """Put the picture beside the words; it takes the width that it needs at this height."""
    pictured = next((t for t in now.tracks if t.image is not None and t.kind == "video"), None)
    room = columns - _WORDS_COLUMNS
    wanted = room
    if pictured is not None and pictured.image is not None:
        height, width = pictured.image.shape[:2]
        wanted = fit((height, width), room, rows)[1] + _MARGIN
    words = Layout()
    body.split_row(Layout(_Picture(pictured), size=min(wanted, room)), words)
    heard_rows = max(_MESSAGE_ROWS, rows // 4)
    beside = columns - min(wanted, room)
    words.split_column(
        Layout(_figures(now), ratio=1),
        Layout(_messages(now.heard[:heard_rows], beside), size=1 + heard_rows),
    )


class _Picture:
    """The newest frame, as large as fits, in the middle of its room."""

    def __init__(self, track: TrackSnapshot | None) -> None:
        self._track = track

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns, rows = options.max_width, options.height or options.max_height
        image = self._track.image if self._track else None
        grid = None if image is None else cells(image, columns - _MARGIN, rows)
        if grid is None:
            yield Segment.line()
            yield Text("waiting for the first frame", "dim", justify="center")
            return
        yield from _pictured(grid, columns, rows)


def _pictured(grid: NDArray[np.uint8], columns: int, rows: int) -> Iterator[Segment]:
    left = " " * ((columns - grid.shape[1]) // 2)
    yield from [Segment.line()] * ((rows - grid.shape[0]) // 2)
    # Steps too small to see make long runs of equal cells, and those are quick to draw.
    for row in (grid & _STEP).reshape(*grid.shape[:2], 6).tolist():
        yield Segment(left)
        yield from _runs(row)
        yield Segment.line()


def _runs(row: list[list[int]]) -> Iterator[Segment]:
    """Yield one segment for each run of cells in the same colours."""
    start = 0
    for end in range(1, len(row) + 1):
        if end == len(row) or row[end] != row[start]:
            yield Segment(UPPER_HALF * (end - start), _style(*row[start]))
            start = end


@lru_cache(maxsize=16_384)
def _style(*rgb: int) -> Style:
    return Style(color=Color.from_rgb(*rgb[:3]), bgcolor=Color.from_rgb(*rgb[3:]))


def _figures(now: Snapshot) -> RenderableType:
    rows: list[RenderableType] = []
    for track in now.tracks:
        rows += [*_track(track), Text()]
    if now.fields:
        rows += [Text("state", "dim"), _fields(now.fields.items())]
    return Group(*rows)


def _track(track: TrackSnapshot) -> list[RenderableType]:
    what = "x".join(str(n) for n in track.image.shape) if track.image is not None else ""
    gaps = "bold red" if track.gaps else "bold"
    array = track.image if track.kind == "tensor" else None
    values = [] if array is None else [_values(array, track.names)]
    return [
        Text.assemble((track.track, "bold"), "  ", (what, "dim")),
        *values,
        Text.assemble(
            (f"{track.rate_hz:6.1f}", "bold green"),
            (" frames/s  ", "dim"),
            (_bars(track.rates_hz), "green"),
        ),
        Text.assemble(
            (f"{_ms(track.p50_ms):>6}", "bold"),
            (" ms p50 ", "dim"),
            (f"{_ms(track.p99_ms):>6}", "bold"),
            (" ms p99", "dim"),
        ),
        Text.assemble(
            (f"{track.bytes_per_s / 1e6:6.1f}", "bold"),
            (" MB/s   ", "dim"),
            (str(track.gaps), gaps),
            (" gaps  ", "dim"),
            (str(track.drops), gaps),
            (" drops", "dim"),
        ),
    ]  # fmt: skip


def _values(array: NDArray[Any], names: Sequence[str]) -> Text:
    line = Text(overflow="ellipsis", no_wrap=True)
    for name, value in numbers(array, names):
        line.append(f"{name} ", "dim").append(f"{told(value)}  ", "bold cyan")
    return line


def _fields(fields: Iterable[tuple[str, object]]) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for name, value in fields:
        table.add_row(name, _compact(value))
    return table


def _messages(heard: Sequence[Heard], columns: int) -> RenderableType:
    rows: list[RenderableType] = [Rule("messages", align="left", style="dim")]
    for item in heard:
        many = f" x{item.count}" if item.count > 1 else ""
        line = Text.assemble(
            (f" {item.clock}  ", "dim"),
            (item.type, "magenta"),
            (many, "dim"),
            "  ",
            _compact(item.data),
        )
        line.truncate(columns, overflow="ellipsis")
        rows.append(line)
    return Group(*rows)


def _foot(hints: Sequence[str]) -> RenderableType:
    lines = [Text(f" {hint}", no_wrap=True, overflow="ellipsis") for hint in hints]
    return Group(
        Rule("steer it from a second terminal; Ctrl-C ends", align="left", style="dim"), *lines
    )


def _bars(rates_hz: Sequence[float], length: int = 14) -> str:
    """Return a sparkline from nothing to the highest rate."""
    top = max(rates_hz, default=0.0)
    if not top:
        return ""
    last = len(_BARS) - 1
    return "".join(_BARS[round(rate / top * last)] for rate in rates_hz[-length:])


def _progress_text(progress: Progress) -> str:
    done, total = progress.done, progress.total
    return f"{done / total:.0%} {progress.text}" if total else f"{done:g} {progress.text}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _compact(value: object) -> str:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        if "upload_id" in fields and "name" in fields:
            return str(fields["name"])
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 400 else f"{text[:400]}…"  # noqa: PLR2004 - more than any terminal shows


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004
