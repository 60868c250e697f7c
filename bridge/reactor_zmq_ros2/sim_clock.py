"""Which simulated time it was when a frame was made."""

from __future__ import annotations

from collections import deque

KEPT = 256


class SimClock:
    """Pairs of wall and simulated time, and what lies between them.

    One thread notes, another asks. A frame is stamped by the wall clock of the model's machine;
    under ``use_sim_time`` its stamp has to be what ``/clock`` said at that moment.
    """

    def __init__(self) -> None:
        self._pairs: deque[tuple[int, int]] = deque(maxlen=KEPT)

    def note(self, wall_ns: int, sim_ns: int) -> None:
        """Take in what ``/clock`` said, and when; a jump back begins anew."""
        if self._pairs and (sim_ns < self._pairs[-1][1] or wall_ns <= self._pairs[-1][0]):
            self._pairs.clear()
        self._pairs.append((wall_ns, sim_ns))

    def at(self, wall_ns: int) -> int:
        """Return the simulated time at a moment, between what was heard; 0 before the first."""
        before = after = None
        for pair in reversed(tuple(self._pairs)):
            if pair[0] <= wall_ns:
                before = pair
                break
            after = pair
        if before is None:
            return after[1] if after else 0
        if after is None:
            return before[1]
        share = (wall_ns - before[0]) / (after[0] - before[0])
        return before[1] + round(share * (after[1] - before[1]))
