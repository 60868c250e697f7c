"""How far the front end's clock is from this one, from round trips: the quickest tell best.

A round trip tells the offset to within half its time, whichever way was the slower one. Clocks
drift apart as a sample ages, so an old quick one gives way to a newer one that is not so quick.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

# Quartz drifts by some 50 microseconds in a second at worst.
DRIFT = 50e-6
_KEPT = 16
_SECOND_NS = 1_000_000_000


class ClockEstimate(Struct, frozen=True):
    """What is known of the front end's clock.

    Attributes:
        ahead_ns: Its Unix time less this side's monotonic time.
        error_ns: The true value is within so much of it, on either side.
        rtt_ns: Of the round trip that told it.
        samples: Round trips that were looked at so far.
    """

    ahead_ns: int
    error_ns: int
    rtt_ns: int
    samples: int


class _Sample(Struct, frozen=True):
    ahead_ns: int
    rtt_ns: int
    at_ns: int

    def error_ns(self, now_ns: int) -> int:
        return self.rtt_ns // 2 + round((now_ns - self.at_ns) * DRIFT)


class ClockOffset:
    """Collects round trips; no clock of its own, all times are given.

    Args:
        now: Monotonic seconds, as all its times.
        waits_s: Between one round trip and the next; the last one stays.

    Attributes:
        due: When the next round trip is wanted, monotonic seconds.
    """

    def __init__(self, now: float, waits_s: tuple[float, ...]) -> None:
        self._waits_s = waits_s
        self.due = now + waits_s[0]
        self._asked: deque[int] = deque()
        self._samples: tuple[_Sample, ...] = ()  # replaced as a whole: any thread may read it
        self._count = 0
        self._turns = 0

    def asked(self, now: float) -> None:
        """Take note that a question has just left; answers come in the order of questions."""
        self._asked.append(_ns(now))
        self._turns += 1
        self.due = now + self._waits_s[min(self._turns, len(self._waits_s) - 1)]

    def answered(self, unix_ns: int, now: float) -> None:
        """Take the answer to the oldest question: the front end's Unix time when it was heard."""
        if not self._asked:
            return
        sent_ns, now_ns = self._asked.popleft(), _ns(now)
        if unix_ns <= 0:
            return  # a front end that does not tell its time
        rtt_ns = max(now_ns - sent_ns, 0)
        sample = _Sample(unix_ns - (sent_ns + rtt_ns // 2), rtt_ns, now_ns)
        self._samples = (*self._samples[1 - _KEPT :], sample)
        self._count += 1

    def link_lost(self, now: float) -> None:
        """Wait no more for answers: they went with the link. What was learnt stays."""
        self._asked.clear()
        self._turns = 0
        self.due = now + self._waits_s[0]

    def estimate(self, now: float) -> ClockEstimate | None:
        """Return the best that is known at this moment; None before the first answer."""
        now_ns = _ns(now)
        best = min(self._samples, key=lambda s: s.error_ns(now_ns), default=None)
        if best is None:
            return None
        return ClockEstimate(best.ahead_ns, best.error_ns(now_ns), best.rtt_ns, self._count)


def _ns(seconds: float) -> int:
    return round(seconds * _SECOND_NS)
