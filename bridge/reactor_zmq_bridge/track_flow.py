"""One track on its way to one browser: window, newest-only slot, key-frame gate."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from reactor_zmq_bridge.flow_words import Follow, Piece
from reactor_zmq_bridge.record import Flag, Record


@dataclass(slots=True)
class TrackFlow:
    """What is on its way, what waits, and what was sent last.

    Attributes:
        rule: Window and queue.
        on_way: Places of records that are not acknowledged, with the time they were sent.
        waiting: Records to be sent as soon as there is room.
        key_wanted: The next frame can be read only if it is a key frame.
        sent: Records sent so far.
        nbytes: Bytes sent so far.
        dropped: Frames that the model made and this viewer was not sent.
    """

    rule: Follow
    on_way: deque[tuple[int, int, float]] = field(default_factory=deque[tuple[int, int, float]])
    waiting: deque[Piece] = field(default_factory=deque[Piece])
    key_wanted: bool = False
    sent: int = 0
    nbytes: int = 0
    dropped: int = 0
    _last: Record | None = None
    _tail: tuple[int, int] = (0, 0)

    @property
    def has_room(self) -> bool:
        """Whether a record may be sent as far as the window goes."""
        return len(self.on_way) < self.rule.window

    @property
    def hungry(self) -> bool:
        """Whether a frame that is made now would be sent at once."""
        return self.has_room and not self.waiting

    def begin_anew(self) -> None:
        """Forget what is on its way and waits; the next frame has to stand alone."""
        self.on_way.clear()
        self.waiting.clear()
        self._tail = (0, 0)
        self.key_wanted = False

    def offer(self, piece: Piece) -> None:
        """Take a frame in, or drop it, or drop one that waits for its sake."""
        if piece.chain:
            self._offer_link(piece)
        elif self._is_newer(piece.record):
            self.waiting.append(piece)
            if len(self.waiting) > self.rule.queue:
                self.waiting.popleft()

    def _offer_link(self, piece: Piece) -> None:
        key = Flag.KEY in piece.record.flags
        follows = (piece.chain, piece.order - 1) == self._tail
        # One that waits can still be read; a newer one without it can't.
        if not key and (not follows or self.waiting):
            self.key_wanted = True
            self._tail = (0, 0)
            return
        self.waiting.clear()
        self.waiting.append(piece)
        self._tail = (piece.chain, piece.order)
        self.key_wanted = False

    def _is_newer(self, record: Record) -> bool:
        return self._last is None or _place(record) > _place(self._last)

    def take(self, now: float) -> Record:
        """Return the record to be sent next, as this viewer is to have it."""
        record = self.waiting.popleft().record
        missing = self._missing(record)
        flags = record.flags | (Flag.DISCONTINUITY if self._breaks(record, missing) else Flag.NONE)
        if self.rule.acked:
            self.on_way.append((*_place(record), now))
        self.sent += 1
        self.nbytes += len(record.payload)
        self.dropped += missing
        self._last = record
        return replace(record, flags=flags, missing=missing)

    def _missing(self, record: Record) -> int:
        last = self._last
        if last is None:
            return 0
        if last.epoch != record.epoch:
            return record.seq
        return max(0, record.seq - last.seq - 1)

    def _breaks(self, record: Record, missing: int) -> bool:
        last = self._last
        if last is None:
            return False
        same = (last.epoch, last.width, last.height) == (record.epoch, record.width, record.height)
        return bool(missing) or not same

    def acknowledge(self, seq: int) -> bool:
        """Take an acknowledgement, which stands for those before it; return whether it fits."""
        if not any(seq == each[1] for each in self.on_way):
            return False
        while self.on_way.popleft()[1] != seq:
            pass
        return True

    @property
    def oldest(self) -> float | None:
        """When the oldest record that is not acknowledged was sent."""
        return self.on_way[0][2] if self.on_way else None


def _place(record: Record) -> tuple[int, int]:
    return record.epoch, record.seq
