"""How many frames of a track may be on their way into a robot's server.

rosbridge has no flow control: a server reads whatever comes and works it off when it can, or throws
out who fills its queue. So after each frame goes a number on a topic that we hear ourselves; when
it comes back, the server has dealt with that frame.
"""

from __future__ import annotations

ON_THE_WAY = 3
LOST_S = 1.0  # an echo that takes longer is waited for no more; each next one twice as long
MOST_LOST_S = 8.0
TRIES = 8  # without any echo there is none to be had


class Window:
    """One track's; knows no clock."""

    def __init__(self) -> None:
        self._sent = self._heard = 0
        self._sent_at = 0.0
        self._lost_s = LOST_S

    @property
    def mute(self) -> bool:
        """Whether the server gives no echo at all."""
        return self._sent >= TRIES and not self._heard

    def sent(self, now: float) -> int:
        """Count a frame that leaves and return its number."""
        if self._sent - self._heard >= ON_THE_WAY:
            self._lost_s = min(2 * self._lost_s, MOST_LOST_S)
        self._sent += 1
        self._sent_at = now
        return self._sent

    def heard(self, number: int) -> None:
        """Take in an echo; those before it have been dealt with too."""
        if self._heard < number <= self._sent:
            self._heard = number
            self._lost_s = LOST_S

    def wait_s(self, now: float) -> float:
        """Return how long the next frame has to wait if no echo comes; 0 when it may leave."""
        if self.mute or self._sent - self._heard < ON_THE_WAY:
            return 0.0
        return max(self._sent_at + self._lost_s - now, 0.0)
