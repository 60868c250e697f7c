"""Which frames a viewer is shown: never an older one than before, and how many it missed."""

from __future__ import annotations


class FrameOrder:
    """The order of one track's frames over restarts of the actor."""

    def __init__(self) -> None:
        self._epoch = -1
        self._seq = -1

    def show(self, epoch: int, seq: int) -> int | None:
        """Return the gap before this frame, or None if it must not be shown.

        The gap counts the frames since the last one shown that this viewer did not see; those of
        an actor that has gone can't be counted any more.
        """
        if not self.is_newer(epoch, seq):
            return None
        first = self._epoch < 0
        gap = seq - self._seq - 1 if epoch == self._epoch else seq
        self._epoch, self._seq = epoch, seq
        return 0 if first else gap

    def is_newer(self, epoch: int, seq: int) -> bool:
        """Whether this frame comes after the last one shown."""
        return (epoch, seq) > (self._epoch, self._seq)
