"""What was measured, as a file."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from reactor_zmq.benchmark.figures import Summary, ratios, summarise
from reactor_zmq.errors import ConfigError

FORM = 1


class Cell(Struct, frozen=True, omit_defaults=True):
    """What one figure is about.

    Attributes:
        what: ``frames``, ``events`` or ``copy``.
        way: How the bytes travelled.
        size: ``1920x1080``, empty for events.
        source: ``array`` or ``loan``.
        pace_hz: 0 for flood.
        readers: So many at once.
    """

    what: str
    way: str
    size: str = ""
    source: str = "array"
    pace_hz: float = 0.0
    readers: int = 1

    @property
    def pacing(self) -> str:
        """For people."""
        return f"{self.pace_hz:g} Hz" if self.pace_hz else "flood"

    @property
    def key(self) -> str:
        """What stays the same from one file to another."""
        if self.what == "events":
            return f"events/{self.way}"
        if self.what == "copy":
            return f"copy/{self.size}"
        more = f"{self.source}/{self.pacing.replace(' ', '')}/{self.readers}"
        return f"frames/{self.way}/{self.size}/{more}"


class Measured(Struct, omit_defaults=True):
    """All runs of one cell.

    Attributes:
        text: The way, for people.
        kind: ``runtime``, ``ceiling`` or ``peer``.
        ceiling: Key of the cell that bounds this one; it ran in the same rounds. Or empty.
        copied_nbytes: Of each frame, by construction; -1 where that is not known.
        runs: Figures by round.
        failed: Why there are none, or why they ended.
    """

    cell: Cell
    text: str = ""
    kind: str = "runtime"
    ceiling: str = ""
    copied_nbytes: int = -1
    runs: dict[int, dict[str, float]] = {}
    failed: str = ""

    def values(self, figure: str) -> dict[int, float]:
        """Return one figure by round."""
        return {n: found[figure] for n, found in self.runs.items() if figure in found}

    def summary(self, figure: str) -> Summary | None:
        """Return one figure over the rounds, or None where it was not measured."""
        values = list(self.values(figure).values())
        return summarise(values) if values else None


class Machine(Struct, omit_defaults=True):
    """Where it was measured."""

    processor: str = ""
    processors: int = 0
    memory_nbytes: int = 0
    kernel: str = ""
    virtual: bool = False
    governor: str = ""
    python: str = ""
    versions: dict[str, str] = {}


class Load(Struct, omit_defaults=True):
    """How busy the machine was with other things.

    Attributes:
        before, after: Load averages of one minute.
        others_share: Share of all processors that processes of others took while frames were
            measured, the median over the runs; the greatest of them is ``others_most``.
    """

    before: float = 0.0
    after: float = 0.0
    others_share: float = 0.0
    others_most: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether figures of this run are to be doubted."""
        return self.others_share > BUSY_SHARE


BUSY_SHARE = 0.05


class Results(Struct):
    """One run of the benchmark."""

    made_at: str
    took_s: float
    rounds: int
    run_s: float
    machine: Machine
    load: Load
    cells: list[Measured]
    command: str = ""
    title: str = "reactor-zmq bench"
    notes: list[str] = []
    form: int = FORM

    def find(self, key: str) -> Measured | None:
        """Return a cell by its key."""
        return next((m for m in self.cells if m.cell.key == key), None)

    def ratio(self, measured: Measured, figure: str) -> Summary | None:
        """Return a figure as a multiple of its ceiling's, over the rounds that have both."""
        ceiling = self.find(measured.ceiling) if measured.ceiling else None
        if ceiling is None:
            return None
        found = ratios(measured.values(figure), ceiling.values(figure))
        return summarise(found) if found else None


def save(results: Results, path: Path) -> None:
    """Write a file that :func:`load` reads."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def load(path: Path) -> Results:
    """Read a file.

    Raises:
        ConfigError: It is none of ours.
        OSError: It can't be read.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Results)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path} is no file of results: {error}") from error
    if found.form != FORM:
        raise ConfigError(f"{path} has form {found.form}, this program reads {FORM}")
    return found
