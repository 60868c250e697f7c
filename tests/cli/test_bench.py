"""``reactor-zmq bench``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reactor_zmq.benchmark.results import Results, load, save
from reactor_zmq.cli.bench import wish_of
from reactor_zmq.cli.options import parse

Told = Callable[..., Any]
SMALL = ("bench", "--only", "frames", "--ways", "tcp", "--sizes", "64x48", "--rounds", 1)


@pytest.fixture(name="file", scope="module")
def a_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Measure little, once, and return the file of results."""
    from reactor_zmq.cli.main import main  # noqa: PLC0415 - what is under test

    folder = tmp_path_factory.mktemp("bench")
    assert main([*map(str, SMALL), "--seconds", "1", "--out", str(folder)]) == 0
    (found,) = folder.glob("*.json")
    return found


def test_a_run_writes_a_file_and_a_page(file: Path):
    """Both stand side by side under the same name."""
    assert "<h1>" in file.with_suffix(".html").read_text()
    ways = {m.cell.way for m in load(file).cells}
    assert ways == {"memcpy", "bare-tcp", "tcp"}


def test_a_file_compared_with_itself_has_not_changed(file: Path, told: Told):
    """Nothing is better or worse than it is."""
    code, lines, _ = told("bench", "compare", file, file)
    assert code == 0
    assert "0 better, 0 worse" in lines[-1]


def test_a_gate_that_can_not_hold(file: Path, told: Told, tmp_path: Path):
    """Exit code 1, and a line for what got worse."""
    results = load(file)
    measured = next(m for m in results.cells if m.cell.way == "tcp")
    measured.runs = {0: {**measured.runs[0], "frames_per_s": 1e9}}
    save(results, tmp_path / "dream.json")
    code, lines, _ = told(
        *SMALL, "--seconds", 1, "--out", tmp_path, "--gate", tmp_path / "dream.json"
    )
    assert code == 1
    assert any(line.startswith("worse: frames/tcp/64x48") for line in lines)


def test_a_gate_needs_a_file_of_results(told: Told, tmp_path: Path):
    """A file of something else is refused before anything is measured."""
    (tmp_path / "x.json").write_text("{}")
    code, lines, error = told(*SMALL, "--gate", tmp_path / "x.json")
    assert (code, lines) == (2, [])
    assert "x.json" in error


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--only", "speed"], "no part 'speed'"),
        (["--ways", "pigeon"], "no way 'pigeon'"),
        (["--sizes", "big"], "WIDTHxHEIGHT"),
        (["--out", "/nowhere/at/all"], "no folder"),
    ],
)
def test_what_can_not_be_measured(words: list[str], text: str, told: Told):
    """Exit code 2 and one line that says what to change."""
    code, _, error = told("bench", *words)
    assert code == 2
    assert text in error


def test_full_is_a_starting_point():
    """What is given stands over what --full sets."""
    wish = wish_of(parse(["bench", "--full", "--readers", "2,8", "--rounds", "2"]))
    assert wish.readers == (2, 8)
    assert wish.rounds == 2
    assert len(wish.sizes) == 5


@pytest.mark.parametrize("word", ["--seconds=0", "--rounds=0", "--readers=0", "--rounds=x"])
def test_numbers_are_positive(word: str):
    """A number that makes no sense ends with code 2."""
    with pytest.raises(SystemExit) as ended:
        parse(["bench", word])
    assert ended.value.code == 2


def test_results_are_plain_json(file: Path):
    """Whoever has no reactor-zmq can read them."""
    assert msgspec.json.decode(file.read_bytes(), type=Results).form == 1
