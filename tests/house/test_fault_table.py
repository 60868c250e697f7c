"""The table of faults is whole, and says nothing that no test holds."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAULTS = [f"F{n}" for n in range(1, 25)]
CASES = [str(n) for n in range(1, 79)]


@pytest.fixture(scope="module")
def table() -> Iterator[ModuleType]:
    """The command that writes the table."""
    spec = importlib.util.spec_from_file_location("faults_table", ROOT / "bench" / "faults.py")
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def functions_of(path: Path) -> set[str]:
    """Return the names of the functions that a file defines, in classes or not."""
    if not path.is_file():
        return set()
    nodes = ast.walk(ast.parse(path.read_text()))
    return {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_fault_has_one_row(table: ModuleType) -> None:
    """F1 to F24 and the cases 1 to 78 stand in the table once each."""
    assert [row.id for row in table.read_rows()] == FAULTS + CASES


def test_each_row_has_a_test_or_a_reason(table: ModuleType) -> None:
    """A promise that nothing holds is no promise."""
    assert [row.id for row in table.read_rows() if not (row.tests or row.reason)] == []


def test_tests_of_the_table_exist(table: ModuleType) -> None:
    """Each test that a row names is there."""
    named = {test for row in table.read_rows() for test in row.tests}
    missing = []
    for test in sorted(named):
        path, _, name = test.partition("::")
        if name not in functions_of(ROOT / path):
            missing.append(test)
    assert missing == []


def test_figures_of_the_table_can_be_measured(table: ModuleType) -> None:
    """Each figure that a row names has its function, and each one kept has its row."""
    rows = table.read_rows()
    missing = []
    for figure in table.measurable(rows):
        module, _, name = figure.partition(":")
        if name not in functions_of(ROOT / "bench" / f"{module}.py"):
            missing.append(figure)
    assert missing == []
    assert set(table.read_figures()) <= {row.figure for row in rows} | {"machine"}


def test_page_is_what_the_command_writes(table: ModuleType) -> None:
    """docs/faults.md holds the rows and figures as they stand (bench/faults.py --write --only)."""
    page = table.render(table.read_rows(), table.read_figures())
    assert table.PAGE.read_text() == page, "python bench/faults.py --write docs/faults.md --only"
