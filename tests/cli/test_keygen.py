"""``reactor-zmq keygen``."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import zmq

from reactor_zmq.cli.main import main


def test_a_pair_that_belongs_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The two files hold a working pair, and only their owner can read them."""
    base = tmp_path / "lab"
    assert main(["keygen", str(base)]) == 0
    public, secret = Path(f"{base}.public"), Path(f"{base}.secret")
    assert zmq.curve_public(secret.read_text().strip()).decode() == public.read_text().strip()
    assert {stat.S_IMODE(p.stat().st_mode) for p in (public, secret)} == {0o600}
    assert capsys.readouterr().out.split() == [str(public), str(secret)]


@pytest.mark.parametrize("kind", ["public", "secret"])
def test_nothing_is_written_over(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]):
    """When either file exists, neither is touched and the error says so."""
    old = tmp_path / f"lab.{kind}"
    old.write_text("precious")
    assert main(["keygen", str(tmp_path / "lab")]) == 2
    assert old.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == [old.name]
    assert capsys.readouterr().err == f"reactor-zmq: {old} exists: keys are never written over\n"
