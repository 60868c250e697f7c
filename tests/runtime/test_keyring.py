"""The folder of keys: what is read, what is not trusted, and that half a folder is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reactor_zmq.cli.main import main
from reactor_zmq.errors import ConfigError
from reactor_zmq.machines.access import Grant
from reactor_zmq.runtime.keyring import Keyring, RunTokens
from reactor_zmq.sockets.keys import pair_of_token, raw_key

OWN = RunTokens()


@pytest.fixture(name="folder")
def folder_of_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a key and a token, made as an operator makes it."""
    monkeypatch.chdir(tmp_path)
    assert main(["keygen", "--server", "keys"]) == 0
    assert main(["keygen", "ada", "--into", "keys", "--scope", "admin"]) == 0
    assert main(["keygen", "--token", "lab", "--into", "keys", "--scope", "view"]) == 0
    return tmp_path / "keys"


def test_keys_and_tokens_have_the_scope_of_their_folder(folder: Path):
    """A client's key, and a token in either mechanism, are good for what was said."""
    keyring = Keyring(str(folder), OWN)
    allowed = keyring.load()
    key = (folder / "keys/admin/ada.public").read_text().strip()
    token = (folder / "tokens/view/lab.token").read_text().strip()
    found = [
        allowed.by_key(raw_key(key)),
        allowed.by_token(token.encode()),
        allowed.by_key(raw_key(pair_of_token(token).public)),
        allowed.by_token(OWN.steer.encode()),
    ]
    names = [(grant.name, grant.scope) for grant in found if grant]
    assert names == [("ada", "admin"), ("lab", "view"), ("lab", "view"), ("run-steer", "steer")]
    assert keyring.listed == 2


def test_without_a_folder_there_are_the_runs_own_tokens_alone():
    """One for each scope, and no key pair."""
    keyring = Keyring("", OWN)
    allowed = keyring.load()
    assert {g.scope for g in allowed.grants} == {"view", "steer", "admin"}
    assert keyring.pair is None
    assert keyring.why_not(insecure=False)
    assert not keyring.why_not(insecure=True)


def test_other_machines_need_somebody_to_be_let_in(folder: Path):
    """A server's key alone opens nothing: there must be a client's."""
    keyring = Keyring(str(folder), OWN)
    keyring.load()
    assert keyring.why_not(insecure=False) == ""
    (folder / "keys/admin/ada.public").unlink()
    (folder / "tokens/view/lab.token").unlink()
    keyring.load()
    assert "keygen" in keyring.why_not(insecure=False)
    assert "keygen" in keyring.why_not(insecure=True)


BREAKS = {
    "no key": lambda f: (f / "keys/view/x.public").write_text("nothing"),
    "half a key": lambda f: (f / "keys/view/x.public").write_text("a" * 39),
    "an empty file": lambda f: (f / "keys/view/x.public").write_text(""),
    "a short token": lambda f: _write(f / "tokens/view/x.token", "short"),
    "a token that others can read": lambda f: (f / "tokens/view/lab.token").chmod(0o644),
    "a key that others can change": lambda f: (f / "keys/admin/ada.public").chmod(0o666),
    "a folder that others can change": lambda f: (f / "keys/view").chmod(0o777),
    "one key twice": lambda f: _write(
        f / "keys/view/eve.public", (f / "keys/admin/ada.public").read_text()
    ),
    "a name with a space": lambda f: _write(
        f / "keys/view/a b.public", (f / "server.public").read_text()
    ),
    "a folder in place of a key": lambda f: (f / "keys/view/x.public").mkdir(),
    "a dangling link": lambda f: (f / "keys/view/x.public").symlink_to("nowhere"),
}


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


@pytest.mark.parametrize("what", BREAKS)
def test_half_a_folder_is_none(folder: Path, what: str):
    """What can't be read or trusted fails the whole load, and tells which file it is."""
    keyring = Keyring(str(folder), OWN)
    keyring.load()
    BREAKS[what](folder)
    assert keyring.changed()
    with pytest.raises(ConfigError, match=str(folder)):
        keyring.load()
    assert keyring.listed == 0


def test_what_is_no_key_file_is_passed_over(folder: Path):
    """An editor's copy and a note let nobody in, and keep nobody out."""
    keyring = Keyring(str(folder), OWN)
    keyring.load()
    for name in (".ada.public.swp", "README", "ada.public~", ".hidden.public"):
        (folder / "keys/view" / name).write_text("whatever")
    keyring.load()
    assert keyring.listed == 2


def test_each_change_is_noticed_once(folder: Path):
    """Also a file that got other content, or went."""
    keyring = Keyring(str(folder), OWN)
    assert keyring.changed()
    keyring.load()
    assert not keyring.changed()
    (folder / "keys/admin/ada.public").unlink()
    assert keyring.changed()
    keyring.load()
    assert not keyring.changed()


def test_a_new_key_under_an_old_name_is_another_grant(folder: Path):
    """Who holds the old one is not the one who was let in."""
    keyring = Keyring(str(folder), OWN)
    before = keyring.load()
    path = folder / "tokens/view/lab.token"
    _write(path, "another-token-for-the-lab")
    after = keyring.load()
    (old,) = [g for g in before.grants if g.name == "lab"]
    assert not after.has(old)
    assert Grant("ada", "admin", next(g.mark for g in before.grants if g.name == "ada")) in (
        after.grants
    )


@pytest.mark.parametrize("secret", ["", "no key"])
def test_a_server_without_a_key_does_not_start(folder: Path, secret: str):
    """It says which file it wanted."""
    (folder / "server.secret").write_text(secret)
    with pytest.raises(ConfigError, match=r"server\.secret"):
        Keyring(str(folder), OWN)


@contextmanager
def shut_out(folder: Path) -> Iterator[None]:
    """Let a folder be one that this process may not look into, whoever runs it."""
    user = os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o700)


@pytest.mark.parametrize("where", [".", "keys/admin"])
def test_folder_that_was_shut_is_an_error_that_a_run_survives(folder: Path, where: str):
    """A run reads it again and again: what can't be read neither ends it nor counts as empty."""
    keyring = Keyring(str(folder), OWN)
    keyring.load()
    with shut_out(folder / where):
        assert keyring.changed()
        with pytest.raises(ConfigError, match="Permission denied"):
            keyring.load()
    assert keyring.load()


def test_folder_that_is_gone_is_no_empty_one(folder: Path):
    """Who was let in by it stays, as its operator may be about to put another one there."""
    keyring = Keyring(str(folder), OWN)
    keyring.load()
    folder.rename(folder.with_name("elsewhere"))
    assert keyring.changed()
    with pytest.raises(ConfigError, match="No such file"):
        keyring.load()
