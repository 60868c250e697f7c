"""``reactor-zmq bench``: what this machine, link or middleware can do."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from reactor_zmq.benchmark.bench import bench
from reactor_zmq.benchmark.compare import report
from reactor_zmq.benchmark.gate import checked, gate
from reactor_zmq.benchmark.results import Results, load
from reactor_zmq.benchmark.table import plain, tables
from reactor_zmq.benchmark.wish import FULL, Wish
from reactor_zmq.cli.bench_files import write
from reactor_zmq.cli.bench_link import connect, serve
from reactor_zmq.errors import ConfigError

_WISHES = ("parts", "sizes", "paced_sizes", "ways", "readers", "pace_hz", "rounds", "seconds")


def main(options: argparse.Namespace) -> int:
    """Measure, write the files, print the tables; 1 when a gate does not hold.

    Raises:
        ConfigError: The operator has to change something.
    """
    match options.action:
        case "compare":
            return _compare(options)
        case "serve":
            return serve(options)
        case "connect":
            return connect(options)
        case _:
            return _measure(options)


def _measure(options: argparse.Namespace) -> int:
    baseline = load(Path(options.gate)) if options.gate else None
    folder = Path(options.out)
    if not folder.is_dir():
        raise ConfigError(f"--out {folder} is no folder")
    results = bench(wish_of(options), sys.stderr, shlex.join(("reactor-zmq", *sys.argv[1:])))
    written = write(results, folder)
    for table in tables(results):
        print("\n".join(plain(table)))
    _warn(results)
    print(written)
    return _gate(baseline, results, options.tolerance) if baseline is not None else 0


def _warn(results: Results) -> None:
    if results.load.busy:
        share = f"{results.load.others_share:.0%}"
        print(f"\nThis machine was busy: others took {share} of it. Trust the ratios at most.")


def _gate(baseline: Results, results: Results, tolerance: float) -> int:
    broken = list(gate(baseline, results, tolerance))
    for one in broken:
        print(f"worse: {one}")
    print(f"gate: {checked(baseline) - len(broken)} of {checked(baseline)} ratios hold")
    return 1 if broken else 0


def _compare(options: argparse.Namespace) -> int:
    before, after = load(Path(options.before)), load(Path(options.after))
    for line in report(before, after, options.tolerance):
        print(line)
    return 0


def wish_of(options: argparse.Namespace) -> Wish:
    """Return what the options ask for: those not given are as in the quick or the full run."""
    given: dict[str, Any] = {
        name: value for name in _WISHES if (value := getattr(options, name)) is not None
    }
    return replace(FULL if options.full else Wish(), **given)
