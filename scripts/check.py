"""Run every check of the house: format, lint, types, layers and tests.

One line per step with its time; the output of each failed step follows its line. Exit code 1
when any step failed. ``--no-tests`` leaves the tests out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# (name, command): the order is cheapest first, so that a slip shows soon.
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--output-format", "concise", "--quiet", ".")),
    ("lint", ("ruff", "check", "--output-format", "concise", "--quiet", ".")),
    ("layers", ("lint-imports", "--no-cache")),
    ("types", ("pyright", "--warnings", "--pythonpath", sys.executable)),
)
TESTS = ("pytest", "-n", "auto", "--dist", "worksteal")


def main(arguments: list[str] | None = None) -> int:
    """Run the steps and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--no-tests", action="store_true", help="leave the tests out")
    options = parser.parse_args(arguments)
    failed = [name for name, command in STEPS if not quiet_step(name, command)]
    if not options.no_tests and not loud_step("tests", TESTS):
        failed.append("tests")
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


def quiet_step(name: str, command: tuple[str, ...]) -> bool:
    """Run one step; its output is shown only when it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        resolved(command),
        cwd=ROOT,
        # Both packages are looked at where they lie, wherever another checkout is installed.
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'bridge'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    report(name, done.returncode == 0, started)
    if done.returncode:
        sys.stdout.write(done.stdout.decode(errors="replace"))
        # The formatter names files only; a person wants to know what to type.
        if name == "format":
            print("make format mends this")
    return done.returncode == 0


def loud_step(name: str, command: tuple[str, ...]) -> bool:
    """Run one step whose own output is worth watching."""
    started = time.perf_counter()
    done = subprocess.run(resolved(command), cwd=ROOT, check=False)
    report(name, done.returncode == 0, started)
    return done.returncode == 0


def resolved(command: tuple[str, ...]) -> list[str]:
    """Return the command with its tool taken from this environment."""
    return [str(BIN / command[0]), *command[1:]]


def report(name: str, good: bool, started: float) -> None:
    """Print a step's line."""
    verdict = "ok  " if good else "FAIL"
    print(f"{verdict} {name:<8} {time.perf_counter() - started:6.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
