"""When frames are due, and when the next turn should start: just in time, so that events show soon.

With a pinned rate, frame k is due one period after frame k-1. The next turn starts as late as its
expected length allows: an event that arrives meanwhile is in the very next frame. How late the
machine lately woke up counts as length. A stall is never made up for by a burst. Without a pinned
rate a single frame is due at once, and a batch is spread over the time that its turn took.
"""

from __future__ import annotations

import math
from collections import deque

# Timers of an event loop fire up to a millisecond late; a turn starts that much early, and a frame
# that is no later than that keeps the cadence.
MARGIN_NS = 1_000_000
_SECOND_NS = 1_000_000_000
_RECENT_TURNS = 16


class Pacing:
    """The schedule of one model's frames; all times are monotonic nanoseconds, given as data.

    Attributes:
        buffer_size: Frames that may wait for their time while the next turn starts; the frames of
            one batch may always wait together.
        misses: Frames that came later than they were due: the deadline of a pinned rate, missed.
            What comes after a rest missed nothing.
    """

    def __init__(self, fps: float | None = None, buffer_size: int = 2) -> None:
        self.buffer_size = buffer_size
        self.misses = 0
        self._rested = True
        self._ended_ns = 0
        self._fps: float | None = None
        self._turns_ns: deque[int] = deque(maxlen=_RECENT_TURNS)
        self._dues_ns: list[int] = []
        self._batch = 1
        self._anchor_ns: int | None = None
        self._since_anchor = 0
        self.fps = fps

    @property
    def fps(self) -> float | None:
        """The pinned rate in frames per second, None where the rate follows the turns."""
        return self._fps

    @fps.setter
    def fps(self, fps: float | None) -> None:
        if fps is not None and not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"fps must be a positive number or None, got {fps!r}")
        self._fps = fps
        self._anchor_ns = self._dues_ns[-1] if self._dues_ns else None
        self._since_anchor = 0

    def finish_turn(self, started_ns: int, ended_ns: int, frames: int) -> tuple[int, ...]:
        """Take note of a turn that made ``frames`` frames; return when each of them is due."""
        self._turns_ns.append(ended_ns - self._should_have_started(started_ns))
        self._ended_ns = ended_ns
        self._forget_past(ended_ns)
        if self._fps is None:
            dues = self._spread(ended_ns, ended_ns - started_ns, frames)
        else:
            dues = [self._pinned(ended_ns) for _ in range(frames)]
        self._dues_ns.extend(dues)
        self._batch, self._rested = frames, False
        return tuple(dues)

    def rest(self) -> None:
        """Take note that the model has nothing to show: no frame was due."""
        self._rested = True

    def next_turn_ns(self) -> int:
        """Return when the next turn should start; a time in the past means at once."""
        if not self._dues_ns:
            return 0
        if self._fps is None:
            return self._when_drained()
        ahead = max(1, self.buffer_size - 1, self._batch)
        lead_ns = min(max(self._turns_ns), round(ahead * _SECOND_NS / self._fps))
        return self._due_after(1) - lead_ns - MARGIN_NS

    def waiting(self, now_ns: int) -> int:
        """Return how many frames wait for their time."""
        return sum(due > now_ns for due in self._dues_ns)

    def flush(self, now_ns: int) -> None:
        """Forget the frames that wait for their time; they are not to be sent."""
        self._dues_ns = [due for due in self._dues_ns if due <= now_ns]
        self._anchor_ns = self._dues_ns[-1] if self._dues_ns else None
        self._since_anchor = 0

    def _should_have_started(self, started_ns: int) -> int:
        # A busy machine wakes up late beyond the margin. Where that goes on it is part of what a
        # turn takes: else every one of them would miss.
        planned_ns = self.next_turn_ns()
        waited = not self._rested and self._ended_ns < planned_ns
        return min(started_ns, planned_ns + MARGIN_NS) if waited else started_ns

    def _pinned(self, now_ns: int) -> int:
        if self._anchor_ns is None or now_ns - self._due_after(1) > MARGIN_NS:
            self.misses += not self._rested
            self._anchor_ns, self._since_anchor = now_ns, 0
        else:
            self._since_anchor += 1
        return self._due_after(0)

    def _due_after(self, frames: int) -> int:
        # Counting from the anchor keeps the rounding of one period from adding up.
        count, fps = self._since_anchor + frames, self._fps or 1.0
        return (self._anchor_ns or 0) + round(count * _SECOND_NS / fps)

    def _spread(self, now_ns: int, turn_ns: int, frames: int) -> list[int]:
        step_ns = turn_ns // frames if frames > 1 else 0
        last_ns = self._dues_ns[-1] if self._dues_ns else now_ns - step_ns
        first_ns = max(now_ns, last_ns + step_ns)
        return [first_ns + i * step_ns for i in range(frames)]

    def _when_drained(self) -> int:
        earlier = self._dues_ns[: -self._batch]
        return earlier[-self.buffer_size - 1] if len(earlier) > self.buffer_size else 0

    def _forget_past(self, now_ns: int) -> None:
        # The last one stays, past or not: the next due time counts from it.
        self._dues_ns = [d for d in self._dues_ns[:-1] if d > now_ns] + self._dues_ns[-1:]
