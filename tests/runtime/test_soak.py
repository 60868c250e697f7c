"""A short soak: seeded kills and cuts under load, and the ledger compared at the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.slow
def test_acknowledged_is_applied_once_over_kills_and_cuts(resources):
    """Of what writers were told was applied nothing is lost, doubled or out of order."""
    plan = ("--minutes", "0.15", "--kill-every-s", "0.3", "0.9", "--rate-hz", "200")
    done = subprocess.run(
        [sys.executable, BENCH / "soak.py", *plan, "--seed", "3"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost, 0 doubled, 0 reordered" in done.stdout
