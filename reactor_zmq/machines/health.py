"""What service managers and monitors are told of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from reactor_zmq.wire.codes import State
from reactor_zmq.wire.control import Status
from reactor_zmq.wire.http import HttpError, Request, respond
from reactor_zmq.wire.metrics import METRICS_TYPE, Metric, one, render_metrics

# Names under which this machine is asked for by itself. A web page that has its own name resolve
# to 127.0.0.1 sends that name, and is told nothing.
_OUR_NAMES = ("", "localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Vitals:
    """A run at one moment.

    Attributes:
        name: Of the run.
        status: As clients are told it.
        alive: The front end turns and can do something about the actor; false only for an actor
            that does not end though it was killed.
        started: The model has been ready once.
        deaths: How often actors died, by reason.
        frames_sent: On the frames socket, all tracks together.
        frames_announced: On the same-host lane.
        processes: Per process, ``front_end`` or ``actor``: resident bytes and descriptors.
    """

    name: str
    status: Status
    alive: bool
    started: bool
    deaths: Mapping[str, int] = field(default_factory=dict[str, int])
    frames_sent: int = 0
    frames_announced: int = 0
    processes: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def ready(self) -> bool:
        """Whether events are taken: the model is loaded, runs and is not about to stop."""
        return self.status.state in (State.READY, State.WAITING)


def answer(request: Request | HttpError, vitals: Vitals) -> bytes:
    """Return the answer to a probe."""
    if isinstance(request, HttpError):
        return respond(request.status, f"{request.text}\n")
    if request.host not in _OUR_NAMES:
        text = "ask for localhost: this is for probes on the same machine\n"
        return respond(HTTPStatus.MISDIRECTED_REQUEST, text, wants_body=request.wants_body)
    if request.path == "/metrics":
        page = render_metrics(metrics_of(vitals))
        return respond(HTTPStatus.OK, page, METRICS_TYPE, wants_body=request.wants_body)
    good = _CHECKS.get(request.path)
    if good is None:
        pages = " ".join((*_CHECKS, "/metrics"))
        return respond(HTTPStatus.NOT_FOUND, f"there are {pages}\n", wants_body=request.wants_body)
    status = HTTPStatus.OK if good(vitals) else HTTPStatus.SERVICE_UNAVAILABLE
    return respond(status, f"{summary(vitals.status)}\n", wants_body=request.wants_body)


def summary(status: Status) -> str:
    """Return the status in a few words."""
    words = [f"{status.state}, epoch {status.epoch}"]
    if status.reason:
        words.append(status.reason)
    if status.progress is not None:
        words.append(f"{status.progress.done:g} of {status.progress.total:g} loaded")
    return ", ".join(words)


def metrics_of(vitals: Vitals) -> Iterator[Metric]:
    """Yield what Prometheus collects."""
    status = vitals.status
    yield Metric(
        "reactor_run", "gauge", "1, labelled with the run's name.", "name", {vitals.name: 1}
    )
    yield one("reactor_live", "gauge", "1 while the front end is in control.", vitals.alive)
    yield one("reactor_ready", "gauge", "1 while events are taken.", vitals.ready)
    states = {str(state): float(state is status.state) for state in State}
    yield Metric("reactor_state", "gauge", "1 for the state that the model is in.", "state", states)
    yield one("reactor_epoch", "gauge", "Generation of the actor.", status.epoch)
    deaths = {reason: float(count) for reason, count in vitals.deaths.items()}
    text = "Actors that ended unasked, by reason."
    yield Metric("reactor_actor_deaths_total", "counter", text, "reason", deaths)
    yield one("reactor_clients", "gauge", "Clients in the session.", status.clients)
    yield one(
        "reactor_viewers", "gauge", "Links to the frames socket and the lane.", status.viewers
    )
    sent = {"socket": float(vitals.frames_sent), "lane": float(vitals.frames_announced)}
    yield Metric("reactor_frames_total", "counter", "Frames sent, by transport.", "transport", sent)
    for place, (name, text) in enumerate(_OF_PROCESSES):
        samples = {process: float(held[place]) for process, held in vitals.processes.items()}
        yield Metric(name, "gauge", text, "process", samples)


_OF_PROCESSES = (
    ("reactor_resident_memory_bytes", "Resident memory in bytes."),
    ("reactor_open_fds", "Open descriptors."),
)

_CHECKS: dict[str, Callable[[Vitals], bool]] = {
    "/health/live": lambda vitals: vitals.alive,
    "/health/ready": lambda vitals: vitals.ready and vitals.alive,
    "/health/startup": lambda vitals: vitals.started,
}
