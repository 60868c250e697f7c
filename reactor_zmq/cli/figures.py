"""What the frames of a track say about the run: rate, latency, gaps, drops."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.client.frame import Frame

WINDOW_NS = 2_000_000_000
# A sparkline of half a minute in half seconds.
BUCKET_NS = 500_000_000
BUCKETS = 60
# Latencies kept for the figures of the whole run.
_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class TrackSnapshot:
    """A track's figures at one moment.

    Attributes:
        rate_hz: Frames per second, over the last two seconds.
        p50_ms: Median glass latency of those (received less produced), None without frames.
        p99_ms: The same, 99th percentile.
        bytes_per_s: Payload bytes per second of those.
        frames: Frames received so far.
        gaps: Holes in ``seq`` so far.
        drops: Frames that the holes are made of.
        rates_hz: Rate of each past half second, oldest first.
        image: The newest frame's array; the client's, not to be written to.
        names: Of the places along a numeric track's last axis, where it names them.
    """

    track: str
    kind: str
    rate_hz: float = 0.0
    p50_ms: float | None = None
    p99_ms: float | None = None
    bytes_per_s: float = 0.0
    frames: int = 0
    gaps: int = 0
    drops: int = 0
    rates_hz: tuple[float, ...] = ()
    image: NDArray[Any] | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackTotals:
    """A track's figures of the whole time."""

    track: str
    frames: int
    rate_hz: float
    p50_ms: float | None
    p99_ms: float | None
    gaps: int
    drops: int
    first_ns: int | None


@dataclass(frozen=True, slots=True)
class _Mark:
    at_ns: int
    latency_ns: int
    nbytes: int


class TrackFigures:
    """Counts one track's frames; one thread may add while another reads."""

    def __init__(self, track: str, kind: str, names: tuple[str, ...] = ()) -> None:
        self.track = track
        self.kind = kind
        self.names = names
        self._lock = threading.Lock()
        self._recent: deque[_Mark] = deque()
        self._latencies: deque[int] = deque(maxlen=_KEPT)
        self._buckets: deque[tuple[int, int]] = deque(maxlen=BUCKETS)
        self._image: NDArray[Any] | None = None
        self._first_ns: int | None = None
        self._last_ns = 0
        self._frames = self._gaps = self._drops = 0

    def add(self, frame: Frame, age_ns: int | None = None) -> None:
        """Count a frame that has just been received.

        Args:
            frame: It.
            age_ns: Its glass latency; where it is not given the clocks count as the same.
        """
        age_ns = frame.received_ns - frame.produced_ns if age_ns is None else age_ns
        mark = _Mark(frame.received_ns, age_ns, frame.array.nbytes)
        with self._lock:
            self._frames += 1
            self._gaps += frame.gap > 0
            self._drops += frame.gap
            self._image = frame.array
            self._recent.append(mark)
            self._latencies.append(mark.latency_ns)
            self._fill_bucket(mark.at_ns)
            self._first_ns = self._first_ns or mark.at_ns
            self._last_ns = mark.at_ns
            self._forget_before(mark.at_ns - WINDOW_NS)

    def snapshot(self, now_ns: int) -> TrackSnapshot:
        """Return the figures of this moment (Unix time)."""
        with self._lock:
            self._forget_before(now_ns - WINDOW_NS)
            marks = tuple(self._recent)
            span_s = self._window_s(now_ns)
            p50, p99 = percentiles([mark.latency_ns for mark in marks])
            return TrackSnapshot(
                track=self.track,
                kind=self.kind,
                rate_hz=len(marks) / span_s,
                p50_ms=p50,
                p99_ms=p99,
                bytes_per_s=sum(mark.nbytes for mark in marks) / span_s,
                frames=self._frames,
                gaps=self._gaps,
                drops=self._drops,
                rates_hz=self._rates(now_ns),
                image=self._image,
                names=self.names,
            )

    def totals(self) -> TrackTotals:
        """Return the figures of the whole time."""
        with self._lock:
            p50, p99 = percentiles(self._latencies)
            span_s = (self._last_ns - (self._first_ns or 0)) / 1e9
            rate_hz = (self._frames - 1) / span_s if self._frames > 1 and span_s > 0 else 0.0
            return TrackTotals(
                self.track, self._frames, rate_hz, p50, p99, self._gaps, self._drops, self._first_ns
            )

    def _window_s(self, now_ns: int) -> float:
        """Return the time over which a rate is taken: less than the window at the start."""
        age_ns = now_ns - self._first_ns if self._first_ns is not None else WINDOW_NS
        return min(max(age_ns, BUCKET_NS), WINDOW_NS) / 1e9

    def _fill_bucket(self, at_ns: int) -> None:
        bucket = at_ns // BUCKET_NS
        if self._buckets and self._buckets[-1][0] == bucket:
            self._buckets[-1] = (bucket, self._buckets[-1][1] + 1)
        else:
            self._buckets.append((bucket, 1))

    def _rates(self, now_ns: int) -> tuple[float, ...]:
        """Return the rate of each whole bucket since the first one kept."""
        counts = dict(self._buckets)
        if not counts:
            return ()
        current = now_ns // BUCKET_NS
        oldest = max(min(counts), current - BUCKETS)
        return tuple(counts.get(b, 0) * 1e9 / BUCKET_NS for b in range(oldest, current))

    def _forget_before(self, ns: int) -> None:
        while self._recent and self._recent[0].at_ns < ns:
            self._recent.popleft()


def percentiles(latencies_ns: Sequence[int]) -> tuple[float | None, float | None]:
    """Return the median and the 99th percentile in milliseconds, None without samples."""
    if not latencies_ns:
        return None, None
    # The nearest sample, not a mix of two: a latency that really happened.
    p50, p99 = np.percentile(np.asarray(latencies_ns), (50, 99), method="nearest") / 1e6
    return float(p50), float(p99)
