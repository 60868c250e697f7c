"""Other systems beside the runtime."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from reactor_zmq.benchmark.results import load

PEERS = Path(__file__).resolve().parents[2] / "bench" / "peers"


def test_a_system_that_is_absent_is_named_with_the_reason(tmp_path: Path):
    """What can be measured is, what can't is told; both stand in the same file."""
    words = ("--peers", "multiprocessing,iceoryx2", "--no-install", "--only", "frames")
    more = ("--sizes", "64x48", "--rounds", "1", "--seconds", "1")
    places = ("--cache", str(tmp_path / "none"), "--out", str(tmp_path))
    done = subprocess.run(
        [sys.executable, str(PEERS / "run.py"), *words, *more, *places],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PEERS.parents[1])},
    )
    assert done.returncode == 0, done.stderr
    results = load(tmp_path / "peers.json")
    assert any(note.startswith("iceoryx2: not measured: not installed") for note in results.notes)
    peer = next(m for m in results.cells if m.kind == "peer")
    assert peer.cell.way == "multiprocessing"
    assert peer.runs[0]["frames_per_s"] > 0
    assert (tmp_path / "peers.html").exists()


def test_every_system_has_an_adapter():
    """Each module that the catalog names is there and has both ends."""
    catalog = ast.parse((PEERS / "catalog.py").read_text())
    names = {
        node.value
        for node in ast.walk(catalog)
        if isinstance(node, ast.Constant) and str(node.value).endswith("_peer")
    }
    assert len(names) >= 10
    for name in names:
        adapter = ast.parse((PEERS / f"{name}.py").read_text())
        classes = {n.name for n in adapter.body if isinstance(n, ast.ClassDef)}
        assert {"Producer", "Reader"} <= classes, name
