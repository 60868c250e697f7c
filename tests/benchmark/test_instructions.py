"""The gate that counts instructions."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

MICRO = Path(__file__).resolve().parents[2] / "bench" / "micro"
COUNTS = {"event": 1000, "frame_out": 1000, "frame_in": 1000, "yardstick": 100}


@pytest.fixture(name="gate")
def gate_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("instructions", MICRO / "instructions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_path_that_has_grown_is_named(gate: ModuleType):
    """More than the tolerance breaks the gate; less does not."""
    baseline = {"interpreter": gate.interpreter(), "counts": COUNTS}
    assert gate.judge({**COUNTS, "event": 1020}, baseline) == []
    (grown,) = gate.judge({**COUNTS, "event": 1050}, baseline)
    assert grown.startswith("event")


def test_another_interpreter_is_measured_by_the_yardstick(gate: ModuleType):
    """Where everything takes twice as much, nothing has grown."""
    baseline = {"interpreter": "another", "counts": COUNTS}
    twice = {name: 2 * count for name, count in COUNTS.items()}
    assert gate.judge(twice, baseline) == []
    (grown,) = gate.judge({**twice, "frame_in": 2600}, baseline)
    assert grown.startswith("frame_in")


def test_an_absent_valgrind_is_told(
    gate: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Nothing counted is not nothing grown: it says so, with a code of its own."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["instructions.py"])
    assert gate.main() == 77
    assert "SKIPPED: valgrind is not installed" in capsys.readouterr().err
