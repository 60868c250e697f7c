"""Whatever the model's process does: it is replaced, and its clients and viewers stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reactor_zmq.testing.running import Running, running
from reactor_zmq.wire.connection_file import decode_connection_file

MODELS = Path(__file__).with_name("wild_models.py")


@pytest.fixture
def wild(resources: None, run_directory: Path) -> Iterator[Callable[..., Running]]:
    """Start a model of wild_models.py."""
    with ExitStack() as stack:

        def start(*options: str, model: str = "Wild") -> Running:
            return stack.enter_context(running(f"{MODELS}:{model}", *options))

        yield start


def alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


RUN = ("-m", "reactor_zmq.cli.main", "run", "--events", "tcp://127.0.0.1:*")
DEATHS = ["kill", "abort", "segfault", "quit", "leave", "interrupt", "gpu_fault"]
HANGS = ["freeze", "spin", "deadlock", "sleep"]


@pytest.mark.parametrize("where", ["do", "wish"])
@pytest.mark.parametrize("death", DEATHS)
def test_death_costs_nobody_a_connection(wild, client, viewer, death: str, where: str):
    """In a handler or in a turn: told, replaced, state restored, frames under a new epoch."""
    served = wild()
    watch, peer = viewer(served), client(served)
    peer.ask("set_prompt", {"prompt": "kept"})
    watch.next()
    peer.say(where, {"what": death})
    peer.hear_until("$status", state="restarting")
    peer.hear_until("$status", state="ready", epoch=2)
    while watch.next()[0].epoch != 2:
        pass
    assert peer.ask("$state")["data"]["fields"]["prompt"] == "kept"


@pytest.mark.parametrize("hang", HANGS)
def test_hang_is_noticed_and_ended(wild, client, viewer, hang: str):
    """Stopped, computing, waiting for itself or asleep: killed after --hang-s and replaced."""
    served = wild("--hang-s", "0.5")
    watch, peer = viewer(served), client(served)
    assert peer.ask("do" if hang == "freeze" else "wish", {"what": hang})["type"] in (
        "$ok",
        "$error",
    )
    assert peer.hear_until("$status", state="restarting")["data"]["reason"] == "hung"
    while watch.next()[0].epoch != 2:
        pass


def test_lost_gpu_is_told_as_such(wild, client):
    """The caller is answered, the process is replaced, and the reason is one word."""
    peer = client(wild())
    assert peer.ask("do", {"what": "gpu_fault"})["data"]["code"] == "internal_error"
    assert peer.hear_until("$status", state="restarting")["data"]["reason"] == "fault"
    peer.hear_until("$status", state="ready", epoch=2)


def test_model_that_loads_only_once(wild, client, tmp_path):
    """Each failed restart counts; clients stay and hear that it failed, and why."""
    options = (f"--model.mark={tmp_path / 'mark'}", "--max-restarts", "2")
    served = wild(*options, model="Relapsing")
    peer = client(served)
    peer.say("do", {"what": "kill"})
    assert peer.hear_until("$status", state="failed")["data"]["reason"] == "load_failed"
    assert peer.ask("ask_pid")["data"]["code"] == "model_unavailable"
    assert "no weights this time" in served.output
    assert served.process.poll() is None


def test_memory_that_is_not_there_is_the_callers_error(wild, client):
    """A handler that runs out of memory fails by itself; the process goes on."""
    peer = client(wild())
    assert peer.ask("do", {"what": "eat"})["data"]["code"] == "internal_error"
    assert peer.ask("$status")["data"]["epoch"] == 1


def test_hooks_that_raise_leave_the_model_usable(wild, client, viewer):
    """Each of them, in a session's whole life."""
    served = wild(model="Hooked")
    watch, peer = viewer(served), client(served)
    watch.next()
    assert peer.ask("ask_pid")["type"] == "pid"
    peer.ask("$bye")
    again = client(served)
    assert again.ask("ask_pid")["type"] == "pid"
    for hook in ("session_started", "session_ended", "connected", "disconnected"):
        assert f"RuntimeError: {hook}" in served.output


def test_yield_of_nonsense_is_a_failed_turn(wild, client, viewer):
    """Told as an error; the next frames come from the same process."""
    served = wild()
    peer, watch = client(served), viewer(served)
    peer.say("wish", {"what": "nonsense"})
    assert peer.hear_until("$status", reason="error")["data"]["epoch"] == 1
    assert watch.next()[0].epoch == 1


def test_child_that_runs_on_in_the_host_ends(wild, client, wait_until):
    """A fork that returns into the host answers nobody; its parent goes on."""
    peer = client(wild())
    pid = peer.ask("ask_pid")["data"]["pid"]
    before = peer.ask("do", {"what": "fork_into_the_host"})
    assert before["type"] == "$ok"
    for _ in range(20):
        assert peer.ask("ask_pid")["data"]["pid"] == pid
    assert peer.ask("$status")["data"]["epoch"] == 1


def test_children_of_a_dead_actor_go_with_it(wild, client, wait_until):
    """What it forked holds memory that the next actor needs."""
    peer = client(wild())
    child = peer.ask("fork", {"seconds": 1000.0})["data"]["pid"]
    assert alive(child)
    peer.say("do", {"what": "kill"})
    peer.hear_until("$status", state="ready", epoch=2)
    wait_until(lambda: not alive(child), "the end of the dead actor's child")


def test_threads_do_not_hold_up_the_end(wild, client):
    """Threads that never end, daemons or not, do not keep a run from stopping."""
    served = wild()
    peer = client(served)
    assert peer.ask("do", {"what": "start_threads"})["type"] == "$ok"
    assert served.stop() == 0


@pytest.mark.slow
def test_gigabyte_on_stdout_is_the_readers_affair(resources, run_directory, client, wait_until):
    """Events are answered meanwhile by the front end, and after it by the model."""
    run = (*RUN, "--name", "loud", "--frames")
    file = run_directory / "reactor-zmq" / "loud.json"
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(
            [sys.executable, *run, "tcp://127.0.0.1:*", f"{MODELS}:Wild"], stdout=nowhere
        )
    try:
        wait_until(file.exists, "the connection file")
        served = Connected(file)
        peer = client(served)
        peer.say("do", {"what": "print"}, id="loud")
        assert peer.ask("$ping")["type"] == "$pong"
        while peer.hear().get("id") != "loud":
            pass
        assert peer.ask("$status")["data"]["epoch"] == 1
    finally:
        process.terminate()
        assert process.wait(20) == 0


class Connected:
    """A run that was started by hand."""

    def __init__(self, file: Path) -> None:
        self.connection: Any = decode_connection_file(file.read_bytes())


def test_log_that_nobody_reads_stops_nobody(resources, run_directory, client, wait_until):
    """With its stderr full and unread the front end drops lines, and goes on."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [
            sys.executable,
            *RUN,
            "--verbose",
            "--name",
            "mute",
            "--frames",
            "tcp://127.0.0.1:*",
            f"{MODELS}:Wild",
        ],
        stderr=writer,
    )
    file = run_directory / "reactor-zmq" / "mute.json"
    try:
        wait_until(file.exists, "the connection file")
        served = Connected(file)
        client(served)
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
        for _ in range(3):
            peer = client(served, ready=False)  # each is a line of the log
            assert peer.ask("$ping")["type"] == "$pong"
    finally:
        process.terminate()
        code = process.wait(20)
        os.close(reader)
        os.close(writer)
    assert code == 0


def test_hanging_actor_needs_nobody_to_go_with_its_front_end(wild, client, wait_until):
    """Its forkserver is stopped, and can neither see that the front end has gone nor end."""
    served = wild()
    peer = client(served)
    actor = peer.ask("ask_pid")["data"]["pid"]
    forkserver = parent_of(actor)
    peer.ask("wish", {"what": HANGS[0]})
    wait_until(lambda: f"granted: {HANGS[0]}" in served.output, "the turn that hangs")
    os.kill(forkserver, signal.SIGSTOP)
    try:
        served.process.kill()
        served.process.wait(10)
        wait_until(lambda: not alive(actor), "the end of the actor")
        assert alive(forkserver)
    finally:
        os.kill(forkserver, signal.SIGCONT)
    wait_until(lambda: not alive(forkserver), "the end of the forkserver")
    forget(served)


@pytest.mark.parametrize("hang", HANGS)
def test_hanging_actor_goes_with_its_front_end(wild, client, wait_until, hang: str):
    """Whatever it hangs in: the kernel ends it and its forkserver; nothing stays."""
    served = wild()
    peer = client(served)
    actor = peer.ask("ask_pid")["data"]["pid"]
    forkserver = parent_of(actor)
    peer.ask("wish", {"what": hang})
    wait_until(lambda: f"granted: {hang}" in served.output, "the turn that hangs")
    served.process.kill()
    served.process.wait(10)
    wait_until(lambda: not alive(actor), "the end of the actor")
    wait_until(lambda: not alive(forkserver), "the end of the forkserver")
    forget(served)


def parent_of(pid):
    """Return a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[1])


def forget(served):
    """Remove what a killed run has left for the next one."""
    for left in ("test/lock", "test/lane.ipc", "test.json"):
        (served.connection_file.parent / left).unlink()
    (served.connection_file.parent / "test").rmdir()
