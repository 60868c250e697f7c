"""The demo, bounded, as ``make demo SECONDS=2`` runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_bounded_demo(resources):
    """It ends by itself with 0, a last line of figures, and nothing left behind."""
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo", "--seconds", "2"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    figures = (
        r"(\d+) frames, [\d.]+ fps, latency p50 [\d.]+ p99 [\d.]+ ms, \d+ gaps, "
        r"first frame [\d.]+ s"
    )
    found = re.fullmatch(figures, last)
    assert found is not None, last
    assert int(found[1]) > 0
