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


def test_a_servers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It holds a working pair and room for clients of each scope, all of it private."""
    monkeypatch.chdir(tmp_path)
    assert main(["keygen", "--server", "keys"]) == 0
    secret = (tmp_path / "keys/server.secret").read_text().strip()
    assert zmq.curve_public(secret).decode() == Path("keys/server.public").read_text().strip()
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "keys").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert main(["keygen", "--server", "keys"]) == 2
    assert (tmp_path / "keys/server.secret").read_text().strip() == secret


def test_a_client_is_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its public key goes where its scope is, its secret key stays beside it."""
    monkeypatch.chdir(tmp_path)
    main(["keygen", "--server", "keys"])
    assert main(["keygen", "ada", "--into", "keys", "--scope", "view"]) == 0
    assert Path("keys/keys/view/ada.public").read_text() == Path("ada.public").read_text()
    assert not list(Path("keys").rglob("ada.secret"))


def test_a_token_is_written_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The command tells where it stands."""
    monkeypatch.chdir(tmp_path)
    main(["keygen", "--server", "keys"])
    assert main(["keygen", "lab", "--token", "--into", "keys", "--scope", "admin"]) == 0
    token = Path("keys/tokens/admin/lab.token").read_text().strip()
    assert len(token) >= 43
    shown = capsys.readouterr().out
    assert token not in shown
    assert "keys/tokens/admin/lab.token" in shown


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["ada", "--into", "nowhere"], "no server's folder"),
        (["ada", "--token"], "--into"),
        (["a b", "--token", "--into", "keys"], "may have"),
        (["../ada", "--token", "--into", "keys"], "may have"),
    ],
)
def test_what_can_not_be_made_is_explained(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: list[str],
    why: str,
):
    """One line says what to change, and nothing was written."""
    monkeypatch.chdir(tmp_path)
    main(["keygen", "--server", "keys"])
    before = sorted(tmp_path.rglob("*"))
    assert main(["keygen", *line]) == 2
    assert why in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
