"""How long to wait before something is tried again."""

from __future__ import annotations


class Backoff:
    """Waits that double from ``first_s`` to ``most_s``, each shortened by up to a half by chance.

    Without chance all robots of a hall would come back to a server at the same moment.
    """

    def __init__(self, first_s: float = 0.25, most_s: float = 8.0) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._next_s = first_s

    def after(self, lasted_s: float, chance: float) -> float:
        """Return the wait after an attempt that lasted so long.

        Args:
            lasted_s: Who had been there for longer than the longest wait begins anew.
            chance: From 0 to 1.
        """
        if lasted_s > self._most_s:
            self._next_s = self._first_s
        wait_s, self._next_s = self._next_s, min(2 * self._next_s, self._most_s)
        return wait_s * (1 - chance / 2)
