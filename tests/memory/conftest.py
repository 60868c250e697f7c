"""What every test of memory shares: its fakes, and the oracle for descriptors and mappings."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def held() -> list[str]:
    """Return this process's memfds and its mappings of memfds."""
    gc.collect()
    found: list[str] = []
    for entry in os.scandir("/proc/self/fd"):
        try:
            found.append(str(Path(entry.path).readlink()))
        except FileNotFoundError:  # the descriptor of this very scan
            continue
    maps = Path("/proc/self/maps").read_text().splitlines()
    return sorted(line for line in found + maps if "memfd:reactor-" in line)


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Fail a test that leaves a memfd open or mapped."""
    before = held()
    yield
    assert held() == before
