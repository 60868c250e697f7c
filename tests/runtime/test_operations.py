"""Real runs as service managers and monitors see them."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

from reactor_zmq.config import NotifyConfig, notify_config
from reactor_zmq.runtime.service_manager import ServiceManager
from reactor_zmq.testing.running import Running

PROBE = ("--health-port", "0")


def port_of(run: Running, wait_until: Any) -> int:
    """Return where a run answers probes."""
    pattern = re.compile(r"health=http://127\.0\.0\.1:(\d+)/")
    wait_until(lambda: pattern.search(run.output), "the port for probes")
    found = pattern.search(run.output)
    assert found
    return int(found[1])


def get(port: int, path: str) -> tuple[int, str]:
    """Return status and body of a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def manager(run_directory):
    """A service manager's socket: (its path, what it was told)."""
    path = str(run_directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.setblocking(False)
        told: list[str] = []

        def lines() -> list[str]:
            while True:
                try:
                    told.append(listener.recv(4096).decode())
                except BlockingIOError:
                    return told

        yield path, lines


def test_probes_follow_the_model(run, client, wait_until):
    """Not ready while it loads, ready with it, and the figures name its clients."""
    served = run("SlowLoad", "--model.step_s=0.2", *PROBE)
    port = port_of(served, wait_until)
    assert get(port, "/health/startup")[0] == 503
    assert get(port, "/health/live")[0] == 200
    client(served)
    assert get(port, "/health/ready") == (200, "ready, epoch 1\n")
    assert get(port, "/health/startup")[0] == 200
    page = get(port, "/metrics")[1]
    assert "reactor_clients 1\n" in page
    assert "reactor_actor_deaths_total{reason" not in page
    assert get(port, "/elsewhere")[0] == 404


def test_model_that_is_given_up_is_not_ready(run, client, wait_until):
    """Clients stay, hear ``failed`` and are refused; the run lives and is not ready."""
    served = run("Page", "--max-restarts", "0", *PROBE)
    peer = client(served)
    port = port_of(served, wait_until)
    assert peer.ask("die")["data"]["code"] == "model_unavailable"
    assert peer.ask("$status")["data"]["state"] == "failed"
    assert peer.ask("ask_prompt")["data"]["code"] == "model_unavailable"
    assert get(port, "/health/ready")[0] == 503
    assert get(port, "/health/live")[0] == 200
    assert 'reactor_actor_deaths_total{reason="killed"} 1\n' in get(port, "/metrics")[1]
    assert served.stop() == 0


def test_run_ends_with_its_own_code_when_asked_to(run, client):
    """With --exit-on-failure the end of the restarts is the end of the run: clients hear it."""
    served = run("Page", "--max-restarts", "0", "--exit-on-failure")
    peer = client(served)
    peer.say("die")
    assert peer.hear_until("$status", state="failed")["data"]["reason"] == "killed"
    peer.hear_until("$bye")
    assert served.process.wait(10) == 3


def test_silent_and_hostile_probes_hold_up_nobody(run, client, wait_until):
    """Connections beyond the bound are closed, garbage is refused, and events are answered."""
    served = run("Page", *PROBE)
    peer = client(served)
    port = port_of(served, wait_until)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    assert peer.ask("ask_prompt")["type"] == "current_prompt"
    # The port has room again once their time is over.
    wait_until(lambda: answered(port), "an answer after the silent ones were let go")
    for each in silent:
        each.close()
    with socket.create_connection(("127.0.0.1", port)) as rude:
        rude.sendall(b"\x00" * 2000 + b"\r\n\r\n")
        assert rude.recv(4096).startswith(b"HTTP/1.1 400 ")


def answered(port: int) -> bool:
    """Return whether a probe gets its answer."""
    try:
        return get(port, "/health/live")[0] == 200
    except OSError:
        return False


def test_taken_port_is_explained(run):
    """The error names the option; nothing is left of the run."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=f"--health-port {port}: "):
            run("Page", "--health-port", str(port))


def test_service_manager_is_told(run, client, wait_until, manager):
    """Ready when the model is, a status line, signs of life, and that it stops."""
    path, lines = manager
    served = run("Page", env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
    wait_until(lambda: "READY=1" in lines(), "READY=1")
    wait_until(lambda: "STATUS=ready, epoch 1" in lines(), "the status")
    wait_until(lambda: lines().count("WATCHDOG=1") > 2, "signs of life")
    served.kill_actor()
    wait_until(lambda: "STATUS=ready, epoch 2" in lines(), "the status after a restart")
    assert served.stop() == 0
    assert "STOPPING=1" in lines()


def test_signs_of_life_come_at_half_the_interval(manager):
    """Not with each turn of the loop."""
    path, lines = manager
    service = ServiceManager(path, watchdog_s=10.0)
    for now in (100.0, 101.0, 104.9, 105.0, 106.0, 110.0):
        service.beat(now)
    service.close()
    assert lines() == ["WATCHDOG=1"] * 3


def test_manager_that_has_gone_is_no_fault(run_directory):
    """Also none at all, and one whose name is abstract."""
    for address in (str(run_directory / "gone"), "", "@gone"):
        service = ServiceManager(address, 1.0)
        service.ready()
        service.beat(1.0)
        service.close()
        service.stopping()


def test_what_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    """A watchdog that is meant for another process is not ours."""
    monkeypatch.setenv("NOTIFY_SOCKET", "@service")
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    assert notify_config() == NotifyConfig(address="@service", watchdog_s=3.0)
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert notify_config() == NotifyConfig(address="@service")
