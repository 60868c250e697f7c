"""Hold the instructions of the hottest paths against those that are written down.

Callgrind counts instructions, which a busy machine does not change. With the interpreter of the
baseline a count may grow by 3 %. With another one the counts are taken as multiples of a
yardstick, plain Python and msgspec in the same process, and may grow by 20 %. Exit code 1 when one
has grown by more; ``--write`` writes a new baseline. Without valgrind it says so and ends with 77.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
BASELINE = HERE / "instructions.json"
PATHS = ("event", "frame_out", "frame_in", "yardstick")
COUNT = 300
COUNTED = "PyRun_StringFlags"
SAME, OTHER = 0.03, 0.20
ABSENT = 77
_LIMIT_S = 240


def measure() -> dict[str, int]:
    """Return the instructions of one call of each path."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
        done = subprocess.run(
            [*valgrind, f"--toggle-collect={COUNTED}", f"--dump-after={COUNTED}",
             sys.executable, str(HERE / "run_path.py"), str(COUNT)],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True, text=True, timeout=_LIMIT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        # Imports evaluate strings too; the paths come last.
        dumps = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [_total(dump) for dump in dumps[-len(PATHS) :]]
    return {name: total // COUNT for name, total in zip(PATHS, totals, strict=True)}


def _total(dump: Path) -> int:
    found = re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.MULTILINE)
    if found is None or int(found[1]) < COUNT:
        raise SystemExit(f"callgrind counted nothing in {dump.name}")
    return int(found[1])


def interpreter() -> str:
    """Return what decides how many instructions the same code takes."""
    return f"{platform.python_version()} {platform.python_compiler()} {platform.machine()}"


def judge(found: dict[str, int], baseline: dict[str, object]) -> list[str]:
    """Return a line for each path that has grown; print one for each path."""
    counts: dict[str, int] = baseline["counts"]  # type: ignore[assignment]
    same = baseline["interpreter"] == interpreter()
    tolerance = SAME if same else OTHER
    scale = 1.0 if same else found["yardstick"] / counts["yardstick"]
    grown: list[str] = []
    for name in PATHS[:-1]:
        wanted = counts[name] * scale
        change = found[name] / wanted - 1
        line = f"{name:<10} {found[name]:>9,} instructions, {wanted:>9,.0f} expected, {change:+.1%}"
        print(line)
        if change > tolerance:
            grown.append(line)
        elif change < -tolerance:
            print(f"{name} takes less than is written down: --write keeps what was won")
    against = "the baseline's interpreter" if same else "another interpreter: by the yardstick"
    print(f"tolerance {tolerance:.0%} ({against})")
    return grown


def main() -> int:
    """Measure and judge, or write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write a new baseline")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("SKIPPED: valgrind is not installed, so no instruction was counted", file=sys.stderr)
        return ABSENT
    found = measure()
    if options.write:
        written = {"interpreter": interpreter(), "counts": found}
        BASELINE.write_text(json.dumps(written, indent=1) + "\n")
        return 0
    grown = judge(found, json.loads(BASELINE.read_text()))
    for line in grown:
        print(f"GROWN: {line}", file=sys.stderr)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
