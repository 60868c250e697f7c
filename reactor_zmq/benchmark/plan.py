"""Which cells are measured, in which turns, and for how long each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reactor_zmq.benchmark.orders import Order
from reactor_zmq.benchmark.pictures import shape_of
from reactor_zmq.benchmark.results import Cell, Measured
from reactor_zmq.benchmark.ways import EVENT_WAYS, FRAME_WAYS, EventWay, FrameWay, copies
from reactor_zmq.benchmark.wish import PARTS, Wish
from reactor_zmq.errors import ConfigError

_SCHEMES = ("tcp", "ipc")
# What opening, warming up and closing takes beside the time that counts.
_OVERHEAD_S = 0.27
_START_S = 5.0
_LEAST_S = 0.1
# A busy machine takes longer than was reckoned; beyond this there are fewer rounds instead.
_PATIENCE = 1.1
# A paced run is measured longer: it makes fewer frames than a flood does.
_WEIGHTS = {"frames": 1.0, "latency": 2.5, "readers": 2.5, "events": 2.0, "copy": 0.4}


@dataclass(frozen=True)
class Step:
    """One cell of a plan; the steps of a group take turns.

    Attributes:
        part: Which of ``PARTS`` it belongs to, or ``copy``.
    """

    part: str
    measured: Measured
    way: FrameWay | EventWay | None = None

    @property
    def order(self) -> Order:
        """What is to be sent."""
        cell = self.measured.cell
        height, width, _ = shape_of(cell.size)
        return Order(
            0, height, width, cell.pace_hz, lend=cell.source == "loan", readers=cell.readers
        )


@dataclass(frozen=True)
class Plan:
    """Groups of steps, how long each of them takes, and how long all of them may."""

    groups: tuple[tuple[Step, ...], ...]
    rounds: int
    run_s: float
    limit_s: float

    def seconds(self, step: Step) -> float:
        """Return for how long a step is measured each time."""
        return max(_LEAST_S, self.run_s * _WEIGHTS[step.part])

    def turns(self) -> Iterator[tuple[int, Step]]:
        """Yield (round, step) in order: every round begins with another step of each group."""
        for number in range(self.rounds):
            for group in self.groups:
                at = number % len(group)
                for step in (*group[at:], *group[:at]):
                    yield number, step

    @property
    def steps(self) -> list[Step]:
        """All steps."""
        return [step for group in self.groups for step in group]


def make_plan(
    wish: Wish,
    frame_ways: Sequence[FrameWay] = FRAME_WAYS,
    event_ways: Sequence[EventWay] = EVENT_WAYS,
) -> Plan:
    """Return a plan that fits into the wished time.

    Raises:
        ConfigError: A part or a way does not exist, or a size is none.
    """
    _check(wish, frame_ways)
    ways = _with_ceilings(wish.ways, frame_ways)
    groups: list[tuple[Step, ...]] = []
    if "frames" in wish.parts:
        groups += [_flood(size, ways) for size in wish.sizes]
    if "latency" in wish.parts:
        groups += [_paced("latency", size, ways, wish.pace_hz, 1) for size in wish.paced_sizes]
    if "readers" in wish.parts:
        lanes = [w for w in ways if "ipc" not in w.name]
        size, pace_hz = wish.readers_size, wish.pace_hz
        groups += [_paced("readers", size, lanes, pace_hz, n) for n in wish.readers]
    if "events" in wish.parts:
        groups.append(tuple(_event_step(way) for way in event_ways if _is_wanted(way, wish)))
    weights = [_WEIGHTS[step.part] for group in groups for step in group]
    free_s = wish.seconds - _START_S - _OVERHEAD_S * len(weights) * wish.rounds
    run_s = max(_LEAST_S, free_s / max(sum(weights), 1) / wish.rounds)
    return Plan(tuple(groups), wish.rounds, run_s, wish.seconds * _PATIENCE)


def _check(wish: Wish, ways: Sequence[FrameWay]) -> None:
    known = [way.name for way in ways]
    for wanted, offered, what in ((wish.parts, PARTS, "part"), (wish.ways, known, "way")):
        for name in wanted:
            if name not in offered:
                raise ConfigError(f"there is no {what} {name!r}; there are: {', '.join(offered)}")
    for size in (*wish.sizes, *wish.paced_sizes, wish.readers_size):
        try:
            shape_of(size)
        except ValueError as error:
            raise ConfigError(str(error)) from error


def _is_wanted(way: EventWay, wish: Wish) -> bool:
    """Whether events go over a socket that frames are asked for on; over tcp if over none."""
    schemes = {name for name in wish.ways if name in _SCHEMES} or {"tcp"}
    return way.kind == "peer" or way.name.split("-")[1] in schemes


def _with_ceilings(names: Sequence[str], ways: Sequence[FrameWay]) -> list[FrameWay]:
    wanted = {name for way in ways if way.name in names for name in (way.name, way.ceiling)}
    return [way for way in ways if way.name in wanted]


def _flood(size: str, ways: Sequence[FrameWay]) -> tuple[Step, ...]:
    copy = Step("copy", Measured(Cell("copy", "memcpy", size), "memcpy in one process", "ceiling"))
    array = [_step("frames", way, Cell("frames", way.name, size)) for way in ways]
    # Drawing in place is what a ring is for; a socket copies all the same.
    lent = [way for way in ways if way.lends and not way.kernel_copies]
    loan = [_step("frames", way, Cell("frames", way.name, size, "loan")) for way in lent]
    return (copy, *array, *loan)


def _paced(
    part: str, size: str, ways: Sequence[FrameWay], pace_hz: float, readers: int
) -> tuple[Step, ...]:
    cells = [(way, Cell("frames", way.name, size, "array", pace_hz, readers)) for way in ways]
    return tuple(_step(part, way, cell) for way, cell in cells)


def _step(part: str, way: FrameWay, cell: Cell) -> Step:
    nbytes = 1
    for length in shape_of(cell.size):
        nbytes *= length
    bound = Cell(
        "frames", way.ceiling, cell.size, cell.source, cell.pace_hz, cell.readers
    ).key if way.ceiling else ""  # fmt: skip
    made = copies(way, lend=cell.source == "loan") if way.kind != "peer" else -1
    copied = made * nbytes if made >= 0 else -1
    return Step(part, Measured(cell, way.text, way.kind, bound, copied), way)


def _event_step(way: EventWay) -> Step:
    bound = Cell("events", way.ceiling).key if way.ceiling else ""
    return Step("events", Measured(Cell("events", way.name), way.text, way.kind, bound), way)
