"""The run directory: private, locked, cleaned, and never somebody else's."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from reactor_zmq.errors import ConfigError
from reactor_zmq.runtime.rundir import RunDirectory


def test_second_instance_is_refused(run_directory):
    """A name runs once; the refusal names a way out."""
    first = RunDirectory("demo")
    with pytest.raises(ConfigError, match=r"running already.*--name"):
        RunDirectory("demo")
    first.remove()
    RunDirectory("demo").remove()


def test_everything_is_private_and_goes_away(run_directory):
    """Folder 0700, connection file 0600, nothing left after the end."""
    place = RunDirectory("demo")
    place.write_connection_file(b"{}")
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.connection_file.stat().st_mode) == 0o600
    place.remove()
    assert list((run_directory / "reactor-zmq").iterdir()) == []


def test_leftovers_of_a_killed_run_are_no_obstacle(run_directory):
    """A stale lock file and connection file are taken over."""
    place = RunDirectory("demo")
    place.write_connection_file(b"old")
    os.close(place._lock)
    again = RunDirectory("demo")
    again.write_connection_file(b"new")
    assert again.connection_file.read_bytes() == b"new"
    again.remove()


def test_run_that_never_wrote_its_connection_file_leaves_that_of_another(run_directory, tmp_path):
    """A run that fails to bind must not take a running one's file away."""
    shared = tmp_path / "shared.json"
    first, second = RunDirectory("one", str(shared)), RunDirectory("two", str(shared))
    first.write_connection_file(b"{}")
    second.remove()
    assert shared.read_bytes() == b"{}"
    first.remove()
    assert not shared.exists()


def test_half_written_file_of_a_killed_run_with_our_pid_is_no_obstacle(run_directory):
    """In a container every run has the same pid, and so the same draft."""
    place = RunDirectory("demo")
    draft = place.connection_file.with_name(f".demo.json.{os.getpid()}")
    draft.write_bytes(b"ha")
    place.write_connection_file(b"whole")
    assert place.connection_file.read_bytes() == b"whole"
    assert not draft.exists()
    place.remove()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "a\0b"])
def test_names_that_are_paths_are_refused(run_directory, name):
    """A run's name never leaves its folder."""
    with pytest.raises(ConfigError, match="--name"):
        RunDirectory(name)


def test_symlinks_are_not_followed(run_directory, tmp_path):
    """A symlink in the place of the folder, the lock or the file is refused and stays."""
    base = run_directory / "reactor-zmq"
    base.mkdir()
    (base / "linked").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="not a folder"):
        RunDirectory("linked")
    (base / "locked").mkdir()
    (base / "locked" / "lock").symlink_to(tmp_path / "target")
    with pytest.raises(ConfigError):
        RunDirectory("locked")
    assert not (tmp_path / "target").exists()
    place = RunDirectory("demo")
    (base / "demo.json").symlink_to(tmp_path / "other")
    with pytest.raises(ConfigError, match="no connection file"):
        place.write_connection_file(b"{}")
    (base / "demo.json").unlink()
    place.remove()


def test_foreign_files_in_the_folder_survive(run_directory):
    """What the run did not make is not deleted."""
    place = RunDirectory("demo")
    (place.path / "notes.txt").write_text("mine")
    place.remove()
    assert (place.path / "notes.txt").read_text() == "mine"


def test_open_folder_is_closed_again(run_directory):
    """A folder that others could enter is made private."""
    base = run_directory / "reactor-zmq"
    base.mkdir(mode=0o755)
    place = RunDirectory("demo")
    assert stat.S_IMODE(base.stat().st_mode) == 0o700
    place.remove()


def test_name_has_one_owner_while_runs_begin_and_end(run_directory):
    """A lock that its owner removes, and a folder that goes, are never held by a second run."""
    owners, most, ended = 0, 0, []
    count = threading.Lock()

    def begin_and_end() -> None:
        nonlocal owners, most
        done = 0
        while done < 200:
            try:
                place = RunDirectory("demo")
            except ConfigError:
                continue
            with count:
                owners += 1
                most = max(most, owners)
            (place.path / "lane.ipc").touch()
            assert (place.path / "lane.ipc").exists()
            with count:
                owners -= 1
            place.remove()
            done += 1
        ended.append(done)

    threads = [threading.Thread(target=begin_and_end) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ended == [200] * 4
    assert most == 1


def test_refused_run_leaves_no_descriptor(resources, run_directory):
    """A lock that can't be had, for whatever reason, costs nothing."""
    base = run_directory / "reactor-zmq"
    base.mkdir()
    (base / "demo").mkdir()
    (base / "demo" / "lock").mkdir()
    with pytest.raises(ConfigError, match="lock"):
        RunDirectory("demo")
    (base / "demo" / "lock").rmdir()
    (base / "demo").rmdir()
    base.rmdir()
