"""What the bridge measures of one track: rate, latency, gaps."""

from __future__ import annotations

from collections import deque

from reactor_zmq_ros2.frames import Header

WINDOW = 120
SECOND_NS = 1_000_000_000


class Figures:
    """Counts of one track's frames as they came here."""

    def __init__(self) -> None:
        self.frames = 0
        self.gaps = 0
        self._last: tuple[int, int] | None = None
        self._ages_ns: deque[int] = deque(maxlen=WINDOW)
        self._arrivals_ns: deque[int] = deque(maxlen=WINDOW)

    def note(self, header: Header, received_ns: int) -> None:
        """Count one frame."""
        self.frames += 1
        if self._last and header.epoch == self._last[0]:
            self.gaps += max(header.seq - self._last[1] - 1, 0)
        self._last = header.epoch, header.seq
        self._ages_ns.append(received_ns - header.produced_ns)
        self._arrivals_ns.append(received_ns)

    def rate_hz(self, now_ns: int) -> float:
        """Return the rate over the last frames, 0 when none came for 2 s."""
        arrivals = list(self._arrivals_ns)
        if len(arrivals) < 2 or now_ns - arrivals[-1] > 2 * SECOND_NS:  # noqa: PLR2004 - a span
            return 0.0
        return (len(arrivals) - 1) * SECOND_NS / max(arrivals[-1] - arrivals[0], 1)

    def age_ms(self) -> float:
        """Return the median age of the last frames when they came."""
        ages = sorted(self._ages_ns)
        return ages[len(ages) // 2] / 1e6 if ages else 0.0
