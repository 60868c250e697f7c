"""The life of a slot: every legal walk, every illegal step, and who is lent next."""

from __future__ import annotations

import copy

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.machines.slots import Slot, Slots, SlotState

STEPS = ("fill", "ready", "fly", "free")
LIFE = (SlotState.LENT, SlotState.FILLING, SlotState.READY, SlotState.IN_FLIGHT)
LEGAL = {
    SlotState.FREE: set(),
    SlotState.LENT: {"fill", "free"},
    SlotState.FILLING: {"ready", "free"},
    SlotState.READY: {"fly", "free"},
    SlotState.IN_FLIGHT: {"free"},
}


def grown(count: int = 3) -> Slots:
    slots = Slots(count)
    slots.grow()
    return slots


def advance(slots: Slots, slot: Slot, state: SlotState) -> None:
    """Bring a lent slot to a later state."""
    for step in STEPS[: LIFE.index(state)]:
        getattr(slots, step)(slot)


def picture(slots: Slots) -> tuple[object, ...]:
    """Return all that a machine knows, to compare."""
    return copy.deepcopy(sorted(vars(slots).items(), key=lambda item: item[0]))


def test_a_life():
    """A slot goes round once, and is told as in flight in between."""
    slots = grown(1)
    slot = slots.lend()
    assert slot == Slot(1, 0)
    for step, state in zip(STEPS, (*LIFE[1:], SlotState.FREE), strict=True):
        assert (slots.in_flight() == [slot]) == (step == "free")
        getattr(slots, step)(slot)
        assert slots.state(slot) is state
    assert slots.free_count == 1


@pytest.mark.parametrize("state", SlotState, ids=lambda state: state.value)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_from_each_state(state, step):
    """A legal step moves the slot; an illegal one raises, says why and changes nothing."""
    slots = grown()
    slot = slots.lend()
    advance(slots, slot, state) if state in LIFE else slots.free(slot)
    before = picture(slots)
    if step in LEGAL[state]:
        getattr(slots, step)(slot)
        assert slots.state(slot) is not state
    else:
        with pytest.raises(LocalProtocolError, match=f"slot 0 of ring 1 is {state.value}"):
            getattr(slots, step)(slot)
        assert picture(slots) == before


def test_last_freed_first():
    """The slot that came back last is lent next."""
    slots = grown(4)
    lent = [slots.lend() for _ in range(4)]
    assert slots.lend() is None
    for index in (2, 0, 3):
        slots.free(lent[index])
    assert [slots.lend() for _ in range(3)] == [lent[3], lent[0], lent[2]]


def test_no_slot_before_the_first_ring():
    """Until a ring is there nothing can be lent, and no slot exists."""
    slots = Slots(2)
    assert slots.lend() is None
    assert slots.free_count == 0
    with pytest.raises(LocalProtocolError):
        slots.free(Slot(0, 0))


def test_older_rings_retire_when_their_last_slot_is_back():
    """A ring that is not the newest lends nothing and is told as retired exactly once."""
    slots = grown(2)
    first, second = slots.lend(), slots.lend()
    slots.free(first)
    assert slots.grow() == 2
    assert slots.take_retired() == []
    assert [slots.lend(), slots.lend(), slots.lend()] == [Slot(2, 0), Slot(2, 1), None]
    slots.free(second)
    assert slots.lend() is None
    assert slots.take_retired() == [1]
    assert slots.take_retired() == []
    with pytest.raises(LocalProtocolError):
        slots.free(second)


def test_an_unused_ring_retires_at_once():
    """Growing past a ring none of whose slots is in use leaves nothing to wait for."""
    slots = grown()
    slots.grow()
    assert slots.take_retired() == [1]


def test_generations_go_on_after_another_writer():
    """Names given by a later writer differ from all that were given before it."""
    slots = Slots(1, generation=7)
    assert slots.grow() == 8
    assert slots.lend() == Slot(8, 0)
    assert slots.take_retired() == []


@pytest.mark.parametrize("count", [0, -1])
def test_a_ring_has_a_slot(count):
    """A ring without slots is refused."""
    with pytest.raises(ValueError, match="at least 1"):
        Slots(count)


class SlotsMachine(RuleBasedStateMachine):
    """Any walk, held against a plain record of what every slot is doing."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = grown()
        self.states: dict[Slot, SlotState] = {}
        self.free = [Slot(1, number) for number in (2, 1, 0)]
        self.living = {1}

    @rule()
    def lend(self) -> None:
        expected = self.free.pop() if self.free else None
        assert self.slots.lend() == expected
        if expected:
            self.states[expected] = SlotState.LENT

    @precondition(lambda self: self.states)
    @rule(data=st.data(), step=st.sampled_from(STEPS))
    def step(self, data: st.DataObject, step: str) -> None:
        slot = data.draw(st.sampled_from(sorted(self.states)))
        state = self.states[slot]
        if step not in LEGAL[state]:
            with pytest.raises(LocalProtocolError):
                getattr(self.slots, step)(slot)
            return
        getattr(self.slots, step)(slot)
        if step == "free":
            del self.states[slot]
            if slot.generation == self.slots.generation:
                self.free.append(slot)
        else:
            self.states[slot] = LIFE[LIFE.index(state) + 1]

    @rule()
    def grow(self) -> None:
        generation = self.slots.grow()
        assert generation == max(self.living) + 1
        self.living.add(generation)
        self.free = [Slot(generation, number) for number in (2, 1, 0)]

    @rule()
    def retire(self) -> None:
        used = {slot.generation for slot in self.states} | {self.slots.generation}
        assert set(self.slots.take_retired()) == self.living - used
        self.living &= used

    @invariant()
    def agrees(self) -> None:
        assert self.slots.free_count == len(self.free)
        assert all(self.slots.state(slot) is state for slot, state in self.states.items())
        flying = {s for s, state in self.states.items() if state is SlotState.IN_FLIGHT}
        assert set(self.slots.in_flight()) == flying


TestSlotsMachine = SlotsMachine.TestCase
TestSlotsMachine.__doc__ = "No walk through slots and rings departs from the record."
