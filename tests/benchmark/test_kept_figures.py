"""What the README shows is what was measured."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from made_results import made

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="figures")
def figures_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("figures", ROOT / "scripts" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_and_plot_are_current(figures: ModuleType):
    """Both are exactly what the kept results give; ``make figures`` writes them."""
    results = figures.load(figures.RESULTS)
    assert figures.in_readme(figures.README.read_text(), results) == figures.README.read_text()
    assert figures.plot(results) == figures.PLOT.read_text()


def test_other_results_make_another_table(figures: ModuleType):
    """A figure that differs shows, ceilings and the runtime are told apart, the rest stays."""
    readme = f"Above\n{figures.BEGIN}old\n{figures.END}below\n"
    text = figures.in_readme(readme, made([900.0, 905.0], [1000.0, 1010.0], busy=0.4))
    assert "| **over tcp** | 902 | 902 |" in text
    assert "| *bare <tcp>* | 1,005 | 1,005 |" in text
    assert "The machine was busy" in text
    assert "old" not in text
    assert text.startswith("Above\n")
    assert text.endswith("below\n")
