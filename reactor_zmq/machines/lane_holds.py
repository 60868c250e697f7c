"""Which announced slots same-host readers may still want: a pure machine.

A frame that was announced stays where it is while a reader shows it. Once every reader of its track
has come past it, nothing else keeps it. Until then it stays while it is one of its track's newest,
while its announcement can still be under way, and while a reader of every frame is about to come to
it. When the ring runs low only what is shown stays, and each track's newest
(docs/adr/0007-same-host-lane.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

# Of each track; a reader that wakes up late finds at least these.
NEWEST = 2
# An announcement takes so long at most from the front end to a reader that waits for it.
UNDER_WAY_NS = 2_000_000
# A reader of every frame that is further behind, in frames of its track, is not waited for: one
# that has stopped holds nothing, and one that is too slow sees a gap.
WINDOW = 8


class ReaderState(Protocol):
    """What a same-host reader says of itself.

    Attributes:
        track: Place of its track, -1 while it has none.
        every: Whether it wants every frame.
        cursor: Order of the frame that it took last.
        leases: Orders of the frames that it shows.
    """

    @property
    def track(self) -> int: ...  # noqa: D102 - told above
    @property
    def every(self) -> bool: ...  # noqa: D102
    @property
    def cursor(self) -> int: ...  # noqa: D102
    @property
    def leases(self) -> tuple[int, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Held:
    order: int
    track: int
    place: int  # among its track's frames
    since_ns: int


class LaneHolds:
    """The announced frames whose slots are not given back yet.

    Args:
        enough: With fewer slots free the ring runs low, and nothing is kept for late comers.
    """

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self._order = 0
        self._held: dict[int, _Held] = {}
        self._counts: dict[int, int] = {}

    @property
    def order(self) -> int:
        """Of the frame announced last, 0 before the first."""
        return self._order

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, order: int) -> bool:
        return order in self._held

    def announce(self, track: int, now_ns: int) -> int:
        """Note that a frame is announced, and return its order."""
        self._order += 1
        place = self._counts[track] = self._counts.get(track, 0) + 1
        self._held[self._order] = _Held(self._order, track, place, now_ns)
        return self._order

    def forget_all(self) -> list[int]:
        """Note that the ring is gone, and return the orders that were held."""
        orders = list(self._held)
        self._held.clear()
        self._counts.clear()
        return orders

    def passed(self, readers: Sequence[ReaderState], links: Sequence[int]) -> list[int]:
        """Return the orders of frames that everybody has come past and nobody shows, oldest first.

        Args:
            readers: All that say something of themselves, dead ones among them.
            links: How many links subscribe to each track: where there are more of them than
                readers, somebody says nothing, and frames are kept by their age alone.
        """
        least = {
            track: _least_cursor(readers, track, links[track] if track < len(links) else 1)
            for track in self._counts
        }
        shown = {order for reader in readers for order in reader.leases}
        return [
            held.order
            for held in self._held.values()
            if held.order <= least[held.track] and held.order not in shown
        ]

    def may_release(self, free: int, now_ns: int) -> bool:
        """Return whether it is worth asking the readers; cheap."""
        oldest = next(iter(self._held.values()), None)
        if oldest is None:
            return False
        return free < self._enough or now_ns - oldest.since_ns >= UNDER_WAY_NS

    def to_release(self, readers: Iterable[ReaderState], free: int, now_ns: int) -> list[int]:
        """Return the orders of frames that nobody needs any more, oldest first.

        Args:
            readers: Those that are alive.
            free: Slots that are free.
            now_ns: By the clock of ``announce``.
        """
        readers = list(readers)
        shown = {order for reader in readers for order in reader.leases}
        loose = [held for held in self._held.values() if held.order not in shown]
        released = [h.order for h in loose if not self._wanted(h, readers, now_ns)]
        short = self._enough - free - len(released)
        if short > 0:
            gone = set(released)
            rest = [h.order for h in loose if h.order not in gone and not self._is_newest(h, 1)]
            released += rest[:short]
        return released

    def release(self, order: int) -> None:
        """Note that a frame's slot is given back."""
        del self._held[order]

    def _wanted(self, held: _Held, readers: list[ReaderState], now_ns: int) -> bool:
        if now_ns - held.since_ns < UNDER_WAY_NS or self._is_newest(held, NEWEST):
            return True
        return any(self._awaits(reader, held) for reader in readers)

    def _is_newest(self, held: _Held, count: int) -> bool:
        return held.place > self._counts[held.track] - count

    def _awaits(self, reader: ReaderState, held: _Held) -> bool:
        if not reader.every or reader.track != held.track:
            return False
        return reader.cursor < held.order and self._order - reader.cursor <= WINDOW * len(
            self._counts
        )


def _least_cursor(readers: Sequence[ReaderState], track: int, links: int) -> int:
    """Return the order that all readers of a track have come to, 0 where not all are known."""
    # One that has taken nothing yet may be anybody's.
    cursors = [reader.cursor for reader in readers if reader.track in (track, -1)]
    return min(cursors) if cursors and len(cursors) >= links else 0
