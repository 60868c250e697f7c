"""The composition root from a program: beginnings that fail, stops at odd moments."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from reactor_zmq.config import ServerConfig
from reactor_zmq.errors import ConfigError
from reactor_zmq.runtime.observer import Bound, ModelReady, RunEvent
from reactor_zmq.runtime.rundir import RunDirectory
from reactor_zmq.runtime.server import Server

TARGET = f"{Path(__file__).with_name('models.py')}:Quiet"
ANY = "tcp://127.0.0.1:*"


def config(**more: object) -> ServerConfig:
    """Return a run's configuration."""
    given = {"target": TARGET, "name": "embedded", "events": ANY, "frames": ANY} | more
    return ServerConfig(**given)


def test_stop_at_any_time_is_no_error(resources):
    """Before the run, twice in it, and after it."""
    server = Server(config())
    server.stop()
    assert server.run() == 0
    server.stop()


def test_stop_from_another_thread(resources):
    """The run ends in order, and everything goes with it."""
    ready = threading.Event()

    def observe(step: RunEvent) -> None:
        if isinstance(step, ModelReady):
            ready.set()

    server = Server(config(), observe)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ready.wait(20)
    server.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_name_that_is_taken_leaks_nothing(resources, run_directory):
    """A run that can't begin gives back what it had."""
    place = RunDirectory("embedded")
    for _ in range(3):
        with pytest.raises(ConfigError, match="running already"):
            Server(config()).run()
    place.remove()


def test_sockets_at_paths_of_ones_own_go_with_the_run(resources, run_directory):
    """A socket that was bound at a chosen path is removed; what came there since is not."""
    events, frames = run_directory / "e.sock", run_directory / "f.sock"

    def observe(step: RunEvent) -> None:
        if isinstance(step, Bound):
            assert events.is_socket()
            assert frames.is_socket()
            frames.unlink()
            frames.write_text("somebody else's")
            server.stop()

    server = Server(config(events=f"ipc://{events}", frames=f"ipc://{frames}"), observe)
    assert server.run() == 0
    assert not events.exists()
    assert frames.read_text() == "somebody else's"
