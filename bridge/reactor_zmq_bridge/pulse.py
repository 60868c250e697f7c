"""Whether a browser is still there: when to ask, and when to give it up."""

from __future__ import annotations

from reactor_zmq_bridge.config import BridgeTimes

_LOOK_S = 0.25


class Pulse:
    """Counts the time since the browser was heard; ``now`` is monotonic seconds.

    A page that is blocked does not acknowledge, but its browser answers a ping. A browser that
    does neither has stopped, or its network has.
    """

    def __init__(self, times: BridgeTimes, now: float) -> None:
        self._times = times
        self._heard_at = now
        self._asked_at: float | None = None
        self._owed_since: float | None = None
        self._patience_s = times.pong_s

    def heard(self, now: float) -> None:
        """Anything came."""
        self._heard_at = now
        self._asked_at = None

    def owed_since(self, since: float | None) -> None:
        """Since when an acknowledgement is owed; None where none is."""
        self._owed_since = since

    def ask(self, now: float) -> bool:
        """Whether a ping is to be sent, now."""
        overdue = self._overdue(now)
        if self._asked_at is not None:
            if overdue:
                self._patience_s = min(self._patience_s, self._times.overdue_pong_s)
            return False
        if not overdue and now - self._heard_at < self._times.ping_s:
            return False
        self._asked_at = now
        self._patience_s = self._times.overdue_pong_s if overdue else self._times.pong_s
        return True

    def dead(self, now: float) -> bool:
        """Whether it did not answer in time."""
        return self._asked_at is not None and now - self._asked_at >= self._patience_s

    def wait_s(self, now: float) -> float:
        """For how long there is nothing to do."""
        if self._asked_at is not None or self._owed_since is not None:
            return _LOOK_S
        return min(1.0, max(_LOOK_S, self._heard_at + self._times.ping_s - now))

    def _overdue(self, now: float) -> bool:
        since = self._owed_since
        if since is None:
            return False
        return now - max(since, self._heard_at) >= self._times.overdue_s
