"""What every test of memory shares: the way to its fakes, and the oracle for leaks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from memory_fakes import held


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Fail a test that leaves a memfd open or mapped."""
    before = held()
    yield
    assert held() == before
