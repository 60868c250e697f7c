"""Runs a pipeline step by step, without sockets, processes or waiting."""

from __future__ import annotations

import asyncio
import itertools
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from reactor_zmq.actor.calls import run_handler
from reactor_zmq.actor.clock import LoopClock
from reactor_zmq.actor.emission import is_idle
from reactor_zmq.actor.host import ModelHost
from reactor_zmq.actor.inputs import InputFrame
from reactor_zmq.actor.loading import load
from reactor_zmq.actor.outputs import batch_size, check_payload
from reactor_zmq.actor.turns import ENDED
from reactor_zmq.memory.arrays import AnyArray
from reactor_zmq.memory.loan import Like, Loan
from reactor_zmq.model.messages import ModelMessage, pack_message
from reactor_zmq.model.pipeline import ReactorPipeline
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.model.tracks import Output
from reactor_zmq.wire.link import FromActor, Join, Leave

T = TypeVar("T")


@dataclass(frozen=True)
class StepResult:
    """What one turn gave.

    Attributes:
        output: What was yielded; a bare array is wrapped in the model's Output. None for an idle
            turn.
        compute_time: Seconds that the turn took.
        messages: What was sent during it, in order.
    """

    output: Output | None
    compute_time: float
    messages: list[ModelMessage]


class PipelineExecutor:
    """One instance of a pipeline, in the caller's thread.

    Nothing happens between calls, and each call returns only the messages sent during it: those
    to all clients and those to one. Unlike in a served model, what the author's generator or a
    handler raises comes out of the call. Used as a context manager it disconnects at the end.

    Args:
        cls: The author's class.
        config: What ``load`` gets.
        config_path: What ``load`` gets if it asks for a path.
    """

    def __init__(
        self,
        cls: type[ReactorPipeline],
        config: dict[str, Any] | None = None,
        *,
        config_path: str | Path | None = None,
    ) -> None:
        if not (isinstance(cls, type) and issubclass(cls, ReactorPipeline)):  # type: ignore[reportUnnecessaryIsInstance] - tests pass anything
            raise TypeError(f"expected a ReactorPipeline class, got {cls!r}")
        self.spec = ModelSpec.of(cls)
        self.model = cls()
        self._outlet = _Outlet()
        self._clock = _TurnClock()
        self._host = ModelHost(self.spec, self.model, self._outlet, clock=self._clock)
        self._names = (f"client-{n}" for n in itertools.count(1))
        self._loop: asyncio.AbstractEventLoop | None = asyncio.new_event_loop()
        weakref.finalize(self, self._loop.close)
        path = None if config_path is None else Path(config_path)
        try:
            self._run(load(self.model, config or {}, path))
        except BaseException:
            self.close()
            raise

    def connect(self, client_id: str | None = None) -> list[ModelMessage]:
        """Let a client join, the first one starting a session, and return what was sent.

        Raises:
            ValueError: This client is there already.
        """
        client_id = client_id or next(self._names)
        if client_id in self._host.session.clients:
            raise ValueError(f"the client {client_id!r} is there already")
        self._host.receive(Join(client_id, self._clock.unix_ns() / 1e9, "executor"))
        return self._act(self._host.deliver())

    def disconnect(self, client_id: str | None = None) -> list[ModelMessage]:
        """Let a client leave, or all of them, and return what was sent.

        The last one ends the session: the generator is closed and the state cleared.

        Raises:
            ValueError: There is no such client.
        """
        clients = self._host.session.clients
        if client_id is not None and client_id not in clients:
            raise ValueError(f"there is no client {client_id!r}")
        for each in [*clients] if client_id is None else [client_id]:
            self._host.receive(Leave(each))
        return self._act(self._host.deliver())

    def next(self) -> StepResult:
        """Run one turn of the generator; one that has returned is started again.

        Raises:
            StopIteration: Nobody is connected.
            RuntimeError: Required state fields hold the generator, it returns without a yield, or
                it reads an input track that holds too few frames: nobody can push while it runs.
            Exception: What the author's code raised, or the error of an output that does not fit.
        """
        if not self._host.session.clients:
            raise StopIteration("connect() first: without a client the generator does not run")
        if self._host.session.missing:
            missing = ", ".join(self._host.session.missing)
            raise RuntimeError(f"the generator waits for required state fields: {missing}")
        self._outlet.said.clear()
        output, seconds = self._run(self._turn())
        return StepResult(output, seconds, list(self._outlet.said))

    def send_event(
        self, name: str, /, *, as_client: str | None = None, **arguments: Any
    ) -> list[ModelMessage]:
        """Apply an event and return what was sent, its reply last.

        Args:
            name: Of the event.
            as_client: Who sends it; the client that has been there longest by default.
            **arguments: Python values; an ``UploadedFile`` stands for itself.

        Raises:
            ValueError: An unknown event, a broken bound, or nobody is connected.
            TypeError: Wrong arguments.
            EventError: The handler refused.
            Exception: What the handler raised.
        """
        event = self.spec.events.get(name)
        if event is None:
            known = ", ".join(sorted(self.spec.events)) or "none"
            raise ValueError(f"there is no event {name!r}; there are: {known}")
        values = event.check(arguments)
        clients = self._host.session.clients
        client = next(iter(clients.values()), None) if as_client is None else clients.get(as_client)
        if client is None:
            raise ValueError("connect() first: an event comes from a client that is there")

        async def apply() -> None:
            try:
                reply = await run_handler(self.model, event, values, client)
            finally:
                self._host.session.tell_state()
                self._host.session.tell_missing()
            if reply is not None:
                self._outlet.say(reply, client.id)

        return self._act(apply())

    def push_media(
        self, track: str, array: Any, *, pts_ns: int = 0, metadata: bytes = b""
    ) -> list[ModelMessage]:
        """Put a frame, or each frame of a batch, into an input track.

        Raises:
            ValueError: There is no such track, or the shape does not fit.
            TypeError: The samples do not fit.
        """
        spec = next((t for t in self.spec.inputs if t.name == track), None)
        if spec is None:
            known = ", ".join(repr(t.name) for t in self.spec.inputs) or "none"
            raise ValueError(f"there is no input track {track!r}; there are: {known}")
        checked = check_payload(spec, array)
        frames = np.asarray(checked)
        for frame in frames if batch_size(spec, checked) else [frames]:
            self._host.inputs[spec.index].push(InputFrame(frame.copy(), pts_ns, metadata))
        return self._act(asyncio.sleep(0))

    def close(self) -> None:
        """Disconnect everybody and give the event loop back; a second call does nothing."""
        if self._loop is None:
            return
        try:
            self.disconnect()
            self._run(self._loop.shutdown_asyncgens())
            self._run(self._loop.shutdown_default_executor())
        finally:
            self._host.uploads.close()
            self._loop.close()
            self._loop = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    async def _turn(self) -> tuple[Output | None, float]:
        turns = self._host.turns
        self._clock.turn = asyncio.current_task()
        for _ in range(2):
            started_ns = self._clock.monotonic_ns()
            value: Any = await turns.step() if turns else ENDED
            if value is not ENDED:
                seconds = (self._clock.monotonic_ns() - started_ns) / 1e9
                self._host.session.tell_state()
                return self._shown(value, started_ns), seconds
        raise RuntimeError("inference() returned without a yield")

    def _shown(self, value: Any, started_ns: int) -> Output | None:
        if is_idle(value):
            return None
        self._host.emitter.emit(value, started_ns)
        if isinstance(value, Output):
            return value
        return self.spec.output_classes[0](**{self.spec.outputs[0].name: value})

    def _act(self, action: Coroutine[Any, Any, object]) -> list[ModelMessage]:
        self._outlet.said.clear()
        self._run(action)
        return list(self._outlet.said)

    def _run(self, action: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            action.close()
            raise RuntimeError("this executor is closed")
        return self._loop.run_until_complete(action)


class _TurnClock(LoopClock):
    """The system's clock, on which a turn never waits for what can't come."""

    turn: asyncio.Task[Any] | None = None

    async def wait(self, arrival: asyncio.Future[None], until_ns: int | None) -> None:
        if until_ns is None and not arrival.done() and asyncio.current_task() is self.turn:
            raise RuntimeError("the turn reads more input frames than there are: push_media() them")
        await super().wait(arrival, until_ns)


class _NoFrames:
    """Frame memory of a model that nobody looks at."""

    def submit(self, array: AnyArray, done: object) -> NoReturn:  # noqa: ARG002 - as FrameMemory
        raise AssertionError("nobody looks at these frames")

    def commit(self, loan: Loan, done: object) -> NoReturn:  # noqa: ARG002 - as FrameMemory
        raise AssertionError("nobody looks at these frames")

    def loan(
        self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8, like: Like = "numpy"
    ) -> Loan:
        return Loan(np.empty(shape, dtype), like=like)


class _Outlet:
    """Keeps the messages and drops the rest."""

    def __init__(self) -> None:
        self.said: list[ModelMessage] = []
        self.frames = _NoFrames()

    def post(self, message: FromActor) -> None:
        """Nobody is there to hear of state and failures."""

    def say(self, message: ModelMessage, client_id: str) -> None:  # noqa: ARG002 - as Outlet
        pack_message(message)
        self.said.append(message)

    def wanted(self, track: int) -> bool:  # noqa: ARG002 - as Outlet
        return False
