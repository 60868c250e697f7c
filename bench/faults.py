"""The table of faults: measures what it holds and writes it down.

Rows stand in ``docs/faults/*.toml``, each file an area of its own. A row's ``figure`` names what
is measured for it: ``module:function`` of this folder, called without arguments, which returns
the cell's text; or a word without a colon, which its own command records (the soak). Figures are
kept in ``docs/faults/figures.json``, so that one of them can be measured anew by itself.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import zmq

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "docs" / "faults"
FIGURES = ROWS / "figures.json"
PAGE = ROOT / "docs" / "faults.md"

_HEAD = """\
# Faults

What can go wrong, what is promised then, the test that holds the promise, and what was measured.
Written by `python bench/faults.py --write docs/faults.md` from the rows in `docs/faults` and from
measurements; numbers with an F are faults, plain numbers are cases of them.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault or case.

    Attributes:
        id: ``F1``, or a plain number.
        fault: What happens.
        promise: What follows.
        tests: ``path::function``, from the root of the repository.
        figure: What is measured, if anything is.
        reason: Why no test holds it; required where there is none.
    """

    id: str
    fault: str
    promise: str
    tests: tuple[str, ...] = ()
    figure: str = ""
    reason: str = ""

    @property
    def place(self) -> tuple[bool, int]:
        """Where it stands in the table: faults first, each by number."""
        return (not self.id.startswith("F"), int(self.id.lstrip("F")))


def read_rows() -> list[Row]:
    """Return every row of every area, in the table's order."""
    areas = (tomllib.loads(path.read_text()) for path in sorted(ROWS.glob("*.toml")))
    rows = (
        Row(**entry | {"tests": tuple(entry.get("tests", ()))}) for a in areas for entry in a["row"]
    )
    return sorted(rows, key=lambda row: row.place)


def read_figures() -> dict[str, str]:
    """Return what was measured so far, by name."""
    return json.loads(FIGURES.read_text()) if FIGURES.exists() else {}


def record(name: str, text: str) -> None:
    """Keep one figure, and the machine that it was measured on."""
    figures = {**read_figures(), name: text, "machine": machine()}
    FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")


def machine() -> str:
    """Return what the figures depend on."""
    cores = len(os.sched_getaffinity(0))
    python = platform.python_version()
    return f"{cores} cores, Python {python}, libzmq {zmq.zmq_version()}, loopback"


def measurable(rows: Iterable[Row]) -> list[str]:
    """Return the figures that this command can measure, each once."""
    return list(dict.fromkeys(row.figure for row in rows if ":" in row.figure))


def measure(name: str) -> str:
    """Run one measurement and return its cell."""
    module, _, function = name.partition(":")
    return str(getattr(importlib.import_module(module), function)())


def render(rows: Iterable[Row], figures: dict[str, str]) -> str:
    """Return the page."""
    lines = [_HEAD]
    if "machine" in figures:
        lines.append(f"Measured on {figures['machine']}.\n")
    lines += ["| # | what happens | what follows | held by | measured |", "|---|---|---|---|---|"]
    for row in rows:
        held = ", ".join(_link(test) for test in row.tests) or row.reason
        if row.tests and row.reason:
            held = f"{held}; {row.reason}"
        cells = (row.id, row.fault, row.promise, held, figures.get(row.figure, ""))
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name.removeprefix('test_')}](../{path})"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip()).replace("|", "\\|")


def main() -> int:
    """Measure what is asked for and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", type=Path, metavar="PATH", help="measure, then write the page")
    parser.add_argument("--only", nargs="*", metavar="FIGURE", help="measure these; none: no one")
    options = parser.parse_args()
    rows = read_rows()
    wanted = measurable(rows) if options.only is None else options.only
    for name in wanted if options.write or options.only else ():
        text = measure(name)
        print(f"{name}: {text}", flush=True)
        record(name, text)
    page = render(rows, read_figures())
    if options.write:
        options.write.write_text(page)
    else:
        sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
