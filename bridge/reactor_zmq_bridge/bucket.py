"""How often something may happen."""

from __future__ import annotations


class Bucket:
    """A token bucket: ``rate_hz`` in the long run, ``burst`` at once after silence."""

    def __init__(self, rate_hz: float, burst: int, now: float) -> None:
        self._rate_hz = rate_hz
        self._burst = float(burst)
        self._level = float(burst)
        self._seen = now

    def take(self, now: float) -> bool:
        """Take one, if there is one; ``now`` is monotonic seconds."""
        self._level = min(self._burst, self._level + (now - self._seen) * self._rate_hz)
        self._seen = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
