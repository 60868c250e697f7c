"""What ``watch`` counts and computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_zmq.cli.figures import TrackFigures, percentiles

MS = 1_000_000
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


@dataclass
class Frame:
    seq: int
    received_ns: int
    latency_ns: int = MS
    gap: int = 0
    array: NDArray[Any] = field(default_factory=lambda: np.zeros((2, 2, 3), np.uint8))

    @property
    def produced_ns(self) -> int:
        return self.received_ns - self.latency_ns


def fed(*frames: Frame) -> TrackFigures:
    figures = TrackFigures("main_video", "video")
    for frame in frames:
        figures.add(frame)
    return figures


def steady(count: int, period_ns: int = 10 * MS) -> list[Frame]:
    return [Frame(n, START + n * period_ns) for n in range(count)]


def test_rate_and_bytes():
    """Rate and bytes per second are those of the last two seconds."""
    now = fed(*steady(401)).snapshot(START + 400 * 10 * MS)
    assert now.rate_hz == pytest.approx(100, abs=1)
    assert now.bytes_per_s == pytest.approx(100 * 12, abs=12)
    assert now.frames == 401


def test_rate_falls_to_zero():
    """A track that stopped has no rate and no latency after the window."""
    now = fed(*steady(100)).snapshot(START + 10 * SECOND)
    assert now.rate_hz == 0
    assert now.p50_ms is None


def test_rate_at_the_start():
    """The first half second counts as half a second, not as the whole window."""
    now = fed(*steady(50)).snapshot(START + SECOND // 2)
    assert now.rate_hz == pytest.approx(100)


def test_holes_are_counted():
    """A hole in seq is one gap; the frames it is made of are drops."""
    now = fed(*(Frame(n, START + n * MS, gap=gap) for n, gap in enumerate((0, 0, 2, 0, 3))))
    assert (now.totals().gaps, now.totals().drops) == (2, 5)
    assert (now.snapshot(START).gaps, now.snapshot(START).drops) == (2, 5)


def test_latency_percentiles():
    """The percentiles are latencies that really happened."""
    latencies = [n * MS for n in range(1, 101)]
    assert percentiles(latencies) == (pytest.approx(50, abs=1), pytest.approx(99, abs=1))
    assert percentiles([]) == (None, None)


def test_sparkline_shows_pauses():
    """Half seconds without a frame are zeros, and the running one is not shown yet."""
    figures = fed(Frame(0, START), Frame(1, START + 1), Frame(2, START + SECOND))
    assert figures.snapshot(START + SECOND + 1).rates_hz == (4.0, 0.0)
    assert figures.snapshot(START + 2 * SECOND).rates_hz == (4.0, 0.0, 2.0, 0.0)


def test_totals_span_the_whole_time():
    """The closing figures are those of all frames, not of the last window."""
    totals = fed(*steady(1001)).totals()
    assert totals.frames == 1001
    assert totals.rate_hz == pytest.approx(100)
    assert totals.p50_ms == 1.0
    assert totals.first_ns == START


def test_totals_without_frames():
    """Without frames there is nothing to tell, and that is no error."""
    totals = TrackFigures("main_video", "video").totals()
    assert (totals.frames, totals.rate_hz, totals.p50_ms, totals.first_ns) == (0, 0.0, None, None)
