"""Which frames a viewer is shown: never an older one than before, how many it missed, how late."""

from __future__ import annotations

# A frame that took so much longer than the fastest one waited in some queue.
_LATE_NS = 10_000_000
# A link that delivers no faster than frames are made never catches up: less gain is none.
_GAIN_NS = 2_000_000
_MOST_STALLS = 2
_NEVER_NS = 2**63
# Two clocks may drift apart by so much; the estimate forgets at this pace.
_DRIFT = 10_000


class FrameOrder:
    """The order of one track's frames over restarts of the actor."""

    def __init__(self) -> None:
        self._epoch = -1
        self._seq = -1

    def is_newer(self, epoch: int, seq: int) -> bool:
        """Return whether a frame may be shown: it is newer than the last one shown."""
        return (epoch, seq) > (self._epoch, self._seq)

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


class Lateness:
    """Whether a newest-first viewer has a backlog before it, of which newer frames will come.

    A slow viewer's frames wait in the kernel and at the sender, and come out one by one after its
    own queue is empty. Those are told by how much longer than the fastest they were under way,
    which needs no common clock. Until that is known, more than one frame at once counts as a
    backlog.
    """

    def __init__(self) -> None:
        self._least_ns: int | None = None
        self._at_ns = 0
        self._newest_ns = 0
        self._pace_ns = 0
        self._seq_sent = (0, 0)
        self._known = False
        self._stalls = 0
        self._was_late_ns = _NEVER_NS
        self._several = False

    @property
    def behind(self) -> bool:
        """Whether newer frames are about to come."""
        if not self._known or self._least_ns is None:
            return self._several
        return self._late_ns > _LATE_NS and self._stalls < _MOST_STALLS

    @property
    def worth_ns(self) -> int:
        """How long a fresh frame is worth waiting for: the stream's pace, if this one is older.

        The sender drops new frames while the old ones wait, so the last of a backlog can be old
        with the next one still to be made.
        """
        return self._pace_ns if self._late_ns > self._pace_ns else 0

    @property
    def _late_ns(self) -> int:
        return self._newest_ns - (self._least_ns or 0)

    def arrived(self, seq: int, sent_ns: int, received_ns: int) -> None:
        """Note a frame; the times are each by its own side's clock."""
        before_seq, before_ns = self._seq_sent
        if seq > before_seq and sent_ns > before_ns > 0:
            self._pace_ns = (sent_ns - before_ns) // (seq - before_seq)
        self._seq_sent = (seq, sent_ns)
        under_way_ns = received_ns - sent_ns
        if self._least_ns is None:
            self._least_ns = under_way_ns
        else:
            forgotten = max(0, received_ns - self._at_ns) // _DRIFT
            self._least_ns = min(self._least_ns + forgotten, under_way_ns)
        self._at_ns, self._newest_ns = received_ns, under_way_ns

    def begin(self) -> None:
        """Note that a frame is wanted."""
        self._stalls, self._was_late_ns = 0, _NEVER_NS

    def looked(self, count: int) -> None:
        """Note how many frames came at once."""
        self._several = self._several or count > 1
        if count:
            gained = self._late_ns < self._was_late_ns - _GAIN_NS
            self._stalls = 0 if gained else self._stalls + 1
            self._was_late_ns = self._late_ns

    def settled(self) -> None:
        """Note that no backlog is left: the fastest frame was a fresh one."""
        self._known = True
        self._newest_ns = self._least_ns or 0
