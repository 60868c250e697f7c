"""What may stand in a tracked file."""

from __future__ import annotations

import ast
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 350

# Written in pieces, so that this file does not hold what it forbids.
REGISTRIES = re.compile(
    "|".join(
        (
            "py" + r"pi\.(org|io|python)",
            "python" + r"hosted\.",
            "npm" + r"js\.(org|com)",
            "deb" + r"ian\.org",
            r"https?://[^\"' ]+\.(whl|tgz|tar\.gz)",
        )
    )
)
HOMES = re.compile(r"(?<![\w.])/(home|Users)/\w+/")


def tracked(*patterns: str) -> list[Path]:
    """Return the tracked text files that match."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("needs a git checkout: which files are tracked can't be told here")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [p for p in paths if p.is_file() and b"\0" not in p.read_bytes()[:8192]]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Return where the pattern stands in tracked files."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_registry_hosts() -> None:
    """No tracked file says where packages come from: each machine has its own registry."""
    assert lines_with(REGISTRIES) == []


def test_no_machine_paths() -> None:
    """No tracked file holds a path of the machine on which it was written."""
    # A clone may lie right below a folder that every machine has.
    everywhere = (Path("/"), Path(tempfile.gettempdir()), Path("/tmp"), Path("/home"), Path("/opt"))
    paths = {path for path in (ROOT, ROOT.parent, Path.home()) if path not in everywhere}
    here = "|".join(re.escape(f"{path}/") for path in paths)
    assert lines_with(re.compile(rf"(?<![\w.])({here})")) == []
    assert lines_with(HOMES) == []


def test_files_are_short() -> None:
    """Every file of code can be read in one sitting."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked("*.py")
        if not path.is_relative_to(ROOT / "tests")
        and (count := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_pins() -> None:
    """Every line of constraints.txt pins one package to one version and says nothing else."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [x for x in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.+]*", x)] == []


def test_each_test_file_has_a_name_of_its_own() -> None:
    """Test folders are no packages, so pytest knows a file by its name alone."""
    names = Counter(path.name for path in tracked("tests/**/test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_each_test_says_what_it_holds() -> None:
    """Every test has a docstring whose first line is its sentence."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path in tracked("tests/**/test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_each_decision_has_a_number_of_its_own():
    """Two people may write one at the same time; the title says the same number as the name."""
    decisions = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    numbers = [int(path.name[:4]) for path in decisions]
    assert sorted(set(numbers)) == numbers
    for path, number in zip(decisions, numbers, strict=True):
        assert path.read_text().startswith(f"# {number}. "), path.name
