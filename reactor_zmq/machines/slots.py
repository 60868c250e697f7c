"""Who owns a frame slot: a pure machine over the slots of every ring that still lives.

    free ──► lent ──► filling ──► ready ──► in flight
     ▲         │         │          │           │
     └─────────┴─────────┴──────────┴───────────┘

A slot is *lent* to whoever is to write it, *filling* while bytes move in, *ready* when they are
whole, *in flight* from the word to the other process until that process lets go. From every
state it may go back to *free*: a loan that was never used, a copy that failed, a frame dropped.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from reactor_zmq.errors import LocalProtocolError


class SlotState(Enum):
    """Where a slot is in its life."""

    FREE = "free"
    LENT = "lent"
    FILLING = "filling"
    READY = "ready"
    IN_FLIGHT = "in flight"


class Slot(NamedTuple):
    """A slot's name: the generation of its ring and its place in it."""

    generation: int
    number: int


class Slots:
    """The slots of one ring after the other, each ring with ``count`` of them.

    There is no ring before the first ``grow``. A call that raises has changed nothing.

    Args:
        count: Slots of each ring, at least 1.
        generation: That of the last ring of a writer before this one, so that a slot's name is
            never given twice to the same reader.
    """

    def __init__(self, count: int, generation: int = 0) -> None:
        if count < 1:
            raise ValueError(f"a ring has at least 1 slot, got {count}")
        self._count = count
        self._generation = generation
        self._free: list[int] | None = None
        self._used: dict[Slot, SlotState] = {}
        self._flying: dict[Slot, None] = {}  # those in flight once more, in order of departure
        self._older: dict[int, int] = {}  # generation -> slots in use

    @property
    def count(self) -> int:
        """Slots of each ring."""
        return self._count

    @property
    def generation(self) -> int:
        """Of the newest ring."""
        return self._generation

    @property
    def free_count(self) -> int:
        """Slots of the newest ring that may be lent; 0 before the first ring."""
        return len(self._free or ())

    def grow(self) -> int:
        """Begin a new ring and return its generation; slots of older rings only come back."""
        if self._free is not None:
            self._older[self._generation] = self._count - len(self._free)
        self._generation += 1
        self._free = list(reversed(range(self._count)))
        return self._generation

    def lend(self) -> Slot | None:
        """Take the slot that was freed last, None when none is free.

        What was used last is still in the processor's cache: reusing it is worth a factor of
        three over cycling.
        """
        if not self._free:
            return None
        slot = Slot(self._generation, self._free.pop())
        self._used[slot] = SlotState.LENT
        return slot

    def fill(self, slot: Slot) -> None:
        """Note that bytes move into a lent slot."""
        self._move(slot, SlotState.LENT, SlotState.FILLING)

    def ready(self, slot: Slot) -> None:
        """Note that the bytes are whole."""
        self._move(slot, SlotState.FILLING, SlotState.READY)

    def fly(self, slot: Slot) -> None:
        """Note that the other process is told of it."""
        self._move(slot, SlotState.READY, SlotState.IN_FLIGHT)
        self._flying[slot] = None

    def free(self, slot: Slot) -> None:
        """Note that nobody uses it any more, whatever state it was in."""
        if slot not in self._used:
            raise _illegal(slot, SlotState.FREE, SlotState.FREE)
        del self._used[slot]
        self._flying.pop(slot, None)
        if self._free is not None and slot.generation == self._generation:
            self._free.append(slot.number)
        else:
            self._older[slot.generation] -= 1

    def take_retired(self) -> list[int]:
        """Return the older generations whose slots are all back, and forget them."""
        retired = [generation for generation, used in self._older.items() if not used]
        for generation in retired:
            del self._older[generation]
        return retired

    def state(self, slot: Slot) -> SlotState:
        """Return where a slot is in its life; of a retired ring every slot is free."""
        return self._used.get(slot, SlotState.FREE)

    def in_flight(self) -> list[Slot]:
        """Return the slots that the other process holds, in order of departure."""
        return list(self._flying)

    def _move(self, slot: Slot, before: SlotState, after: SlotState) -> None:
        found = self.state(slot)
        if found is not before:
            raise _illegal(slot, found, after)
        self._used[slot] = after


def _illegal(slot: Slot, found: SlotState, to: SlotState) -> LocalProtocolError:
    return LocalProtocolError(
        f"slot {slot.number} of ring {slot.generation} is {found.value}, it can't become {to.value}"
    )
