"""What probes and monitors are told."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from reactor_zmq.machines.health import Vitals, answer
from reactor_zmq.wire.codes import State
from reactor_zmq.wire.control import Progress, Status
from reactor_zmq.wire.http import HttpError, Request


def told(path: str, state: State = State.READY, host: str = "localhost", **more: bool) -> str:
    """Return the answer of a run in this state."""
    flags = {"alive": True, "started": True} | more
    status = Status(state, 3, "crashed", clients=2, viewers=1)
    vitals = Vitals("demo", status, deaths={"crashed": 2}, processes={"actor": (4096, 9)}, **flags)
    return answer(Request(path, host), vitals).decode()


def code(text: str) -> int:
    """Return an answer's status."""
    return int(text.split(" ")[1])


@pytest.mark.parametrize(
    ("state", "ready"),
    [
        (State.LOADING, 503),
        (State.READY, 200),
        (State.WAITING, 200),
        (State.RESTARTING, 503),
        (State.FAILED, 503),
        (State.STOPPING, 503),
    ],
)
def test_ready_means_that_events_are_taken(state: State, ready: int) -> None:
    """A run whose actor is away is alive and not ready."""
    assert code(told("/health/ready", state)) == ready
    assert code(told("/health/live", state)) == 200
    assert f"{state}, epoch 3, crashed" in told("/health/ready", state)


def test_startup_stays_good_over_restarts() -> None:
    """It is bad until the model was ready once."""
    assert code(told("/health/startup", State.LOADING, started=False)) == 503
    assert code(told("/health/startup", State.RESTARTING)) == 200


def test_actor_that_does_not_end_is_the_service_managers_affair() -> None:
    """A process that SIGKILL does not end leaves nothing that the run could do."""
    assert code(told("/health/live", alive=False)) == 503
    assert code(told("/health/ready", alive=False)) == 503


def test_metrics_are_prometheus_text() -> None:
    """Each metric has help, type and samples; one state is 1."""
    page = told("/metrics")
    assert "text/plain; version=0.0.4" in page
    lines = page.partition("\r\n\r\n")[2].splitlines()
    assert 'reactor_state{state="ready"} 1' in lines
    assert 'reactor_state{state="failed"} 0' in lines
    assert 'reactor_actor_deaths_total{reason="crashed"} 2' in lines
    assert 'reactor_resident_memory_bytes{process="actor"} 4096' in lines
    assert "reactor_clients 2" in lines
    named = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
    assert named == {line.split(" ")[2] for line in lines if line.startswith("# TYPE")}


def test_other_names_and_paths_are_told_nothing() -> None:
    """A page whose own name resolves to this machine gets no figures."""
    assert code(told("/metrics", host="evil.example")) == HTTPStatus.MISDIRECTED_REQUEST
    assert "reactor_clients" not in told("/metrics", host="evil.example")
    assert code(told("/")) == HTTPStatus.NOT_FOUND


def test_refusals_and_progress_are_said() -> None:
    """What is no request gets its status; a load says how far it is."""
    status = Status(State.LOADING, 1, progress=Progress(1, 4, "weights"))
    vitals = Vitals("demo", status, alive=True, started=False)
    assert b"loading, epoch 1, 1 of 4 loaded" in answer(Request("/health/ready"), vitals)
    refused = HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "GET it is")
    assert answer(refused, vitals).startswith(b"HTTP/1.1 405 ")
