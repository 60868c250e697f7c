"""What is measured, in which turns, for how long."""

from __future__ import annotations

import pytest

from reactor_zmq.benchmark.plan import make_plan
from reactor_zmq.benchmark.wish import FULL, Wish
from reactor_zmq.errors import ConfigError


def test_every_way_brings_its_ceiling():
    """No figure stands without what bounds it, in the same group."""
    plan = make_plan(Wish(ways=("lane",)))
    for group in plan.groups:
        keys = {step.measured.cell.key for step in group}
        assert {s.measured.ceiling for s in group if s.measured.ceiling} <= keys
    assert {s.measured.cell.way for s in plan.groups[0]} == {"memcpy", "lane", "bare-shm"}


def test_cells_take_turns():
    """Each round begins with another cell of the group, and each cell has its turn once."""
    plan = make_plan(Wish(parts=("latency",), paced_sizes=("640x480",), rounds=3))
    turns = list(plan.turns())
    size = len(plan.groups[0])
    firsts = [turns[n * size][1].measured.cell.way for n in range(3)]
    assert len(set(firsts)) == 3
    for n in range(3):
        keys = [step.measured.cell.key for _, step in turns[n * size : (n + 1) * size]]
        assert len(set(keys)) == size


@pytest.mark.parametrize("wish", [Wish(), FULL])
def test_a_plan_fits_into_its_time(wish: Wish):
    """What is reckoned for all runs is no more than was given."""
    plan = make_plan(wish)
    assert sum(plan.seconds(step) for step in plan.steps) * plan.rounds < wish.seconds
    assert plan.run_s > 0.1


def test_keys_are_unique():
    """A cell can be found in another file by its key."""
    keys = [step.measured.cell.key for step in make_plan(FULL).steps]
    assert len(keys) == len(set(keys))


def test_memory_that_is_drawn_in_costs_no_copy():
    """Bytes copied follow from the way: a loan none, an array one, a socket two more."""
    plan = make_plan(Wish(parts=("frames",), sizes=("640x480",)))
    copied = {
        (s.measured.cell.way, s.measured.cell.source): s.measured.copied_nbytes / 921_600
        for s in plan.steps
    }
    assert copied["lane", "loan"] == 0
    assert copied["lane", "array"] == 1
    assert copied["tcp", "array"] == 3


@pytest.mark.parametrize(
    "wish",
    [Wish(parts=("speed",)), Wish(ways=("pigeon",)), Wish(sizes=("big",)), Wish(readers_size="1")],
)
def test_what_does_not_exist_is_refused(wish: Wish):
    """The error names what there is."""
    with pytest.raises(ConfigError, match=r"there are|size"):
        make_plan(wish)
