"""The model's host: letters between turns, turns between letters. It knows no link and no ring."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from reactor_zmq.actor.author import AuthorLoop
from reactor_zmq.actor.calls import escalate
from reactor_zmq.actor.clock import Clock, LoopClock
from reactor_zmq.actor.emission import Emitter, Outlet, is_idle
from reactor_zmq.actor.faults import TurnFaults, Verdict
from reactor_zmq.actor.handlers import Handlers
from reactor_zmq.actor.inputs import InputTrackSet
from reactor_zmq.actor.mailbox import Letter, Mailbox
from reactor_zmq.actor.port import HostPort
from reactor_zmq.actor.session import Session
from reactor_zmq.actor.turns import ENDED, Turns
from reactor_zmq.actor.uploads import UploadStore
from reactor_zmq.errors import ActorFault, BufferClosed
from reactor_zmq.model.pipeline import ReactorModel, ReactorPipeline, attach_port
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.wire.link import (
    EventIn,
    Join,
    Leave,
    Restore,
    SessionFailed,
    Stop,
    ToActor,
    TurnFailed,
    UploadDropped,
    UploadStored,
)

log = logging.getLogger("reactor_zmq.actor")

REST_NS = 5_000_000
"""After an idle turn, and before a generator that returned starts again."""


def _nothing() -> None:
    pass


class ModelHost:
    """Hosts one instance of a model, in one thread, with an asyncio loop running.

    Attributes:
        spec: The model's class, read.
        model: The instance.
        session: Clients, state and hooks.
        inputs: Input tracks; frames are pushed into them at any time.
        uploads: Files that events may name.
        emitter: The way out for frames.
        turns: The generator; None for a model with a loop of its own.
    """

    def __init__(
        self,
        spec: ModelSpec,
        model: ReactorModel,
        outlet: Outlet,
        *,
        clock: Clock | None = None,
        window_s: float = 30.0,
        pump: Callable[[], None] = _nothing,
    ) -> None:
        """Attach to an instance that has not been loaded yet.

        Args:
            spec: Its class, read.
            model: The instance.
            outlet: Where everything goes.
            clock: The system's where it is None.
            window_s: Three failed turns within it end the session.
            pump: Called between turns, to hand over what has come meanwhile (``receive``).
        """
        self.spec = spec
        self.model = model
        self._clock = clock = clock or LoopClock()
        self._outlet = outlet
        self._pump = pump
        self._faults = TurnFaults(window_s)
        self._mailbox = Mailbox(n for n, e in spec.events.items() if e.contract.dedupe)
        self._rest_ns = 0
        self._napping = False
        self._stopped = False
        self._resting = False
        self._fault: ActorFault | None = None
        self.turns = Turns(model, clock) if isinstance(model, ReactorPipeline) else None
        # A loop of the author's own has no turns: it may be computing whenever an event waits.
        self._mailbox.busy = self.turns is None
        self.emitter = Emitter(spec, outlet, clock)
        self.inputs = InputTrackSet(spec.inputs, clock)
        self.uploads = UploadStore()
        self.session = Session(
            spec,
            model,
            outlet,
            self.emitter,
            self.inputs,
            self.uploads,
            close_turns=self._close_turns,
        )
        self._handlers = Handlers(spec, model, self.session, self.uploads, outlet)
        self._author = AuthorLoop(model, clock, self._mailbox.nudge) if self.turns is None else None
        self._port = HostPort(self.session, self.emitter, self.inputs, outlet, clock)
        attach_port(model, self._port)

    def receive(self, message: ToActor) -> None:
        """Take what the front end sent; it is applied between turns, in order.

        While the host rests, an event is applied here and now: a task's wake-up costs an event
        more than most handlers do.

        Descriptors and input frames do not come this way: see ``uploads`` and ``inputs``.
        """
        if self._resting and isinstance(message, EventIn) and self._may_apply_at_once(message):
            self._apply_at_once(message)
            return
        self._mailbox.put(message)
        if isinstance(message, (Leave, Stop)) and self.turns and self.turns.running:
            self._abandon_turn()

    async def serve(self) -> None:
        """Apply letters and run turns until Stop has been applied.

        Raises:
            ActorFault: Only a new process can go on.
        """
        author = self._author and asyncio.ensure_future(self._author.run())
        try:
            while not self._stopped:
                await self._once()
        finally:
            if author is not None:
                author.cancel()
                await asyncio.wait({author})

    async def deliver(self) -> None:
        """Apply the letters that are there, one after the other."""
        # No more than those: a stream of events must not keep the next turn from starting.
        for _ in range(len(self._mailbox)):
            letter = self._mailbox.take()
            if letter is None:
                return
            self._wake_up()
            await self._apply(letter)

    async def _once(self) -> None:
        await self.deliver()
        if self._author is not None:
            await self._heed_author(self._author)
        if self._stopped:
            return
        start_ns = self._next_turn_ns()
        if start_ns is not None and start_ns <= self._clock.monotonic_ns():
            await self._turn()
            if self._rest_ns <= self._clock.monotonic_ns():  # otherwise the wait below lets go
                await asyncio.sleep(0)
        else:
            await self._wait(start_ns)

    async def _wait(self, until_ns: int | None) -> None:
        arrival = self._mailbox.arrival()
        self._resting = not arrival.done()
        try:
            await self._clock.wait(arrival, until_ns)
        finally:
            self._resting = False
        if self._fault is not None:
            raise self._fault

    def _may_apply_at_once(self, event: EventIn) -> bool:
        if self.turns is None or self._mailbox or self._fault is not None:
            return False
        return not self._handlers.is_async(event)

    def _apply_at_once(self, event: EventIn) -> None:
        next_ns = self._next_turn_ns()
        self._wake_up()
        try:
            self._handlers.apply_at_once(event)
        except ActorFault as fault:
            self._fault = fault
        if self._fault is not None or self._next_turn_ns() != next_ns:
            self._mailbox.nudge()

    def _wake_up(self) -> None:
        if self._napping:
            self._napping, self._rest_ns = False, 0
        if self.turns is not None:
            self._port.resume()

    async def _apply(self, letter: Letter) -> None:
        match letter.message:
            case EventIn() as event:
                await self._handlers.apply(event, letter.tokens)
            case Join() as join:
                await self.session.join(join)
            case Leave(client_id):
                await self.session.leave(client_id)
            case Restore() as restore:
                await self.session.restore(restore)
            case UploadStored(upload_id, client_id, announce=True):
                await self.session.announce_upload(upload_id, client_id)
            case UploadDropped(upload_id):
                self.uploads.drop(upload_id)
            case Stop():
                await self.session.end()
                self._stopped = True
            case _:
                pass

    def _next_turn_ns(self) -> int | None:
        """Return when the next turn may start; None while there is none to start."""
        if self.turns is None or not self.session.clients or self.session.missing:
            return None
        return max(self._rest_ns, self.emitter.pacing.next_turn_ns())

    async def _turn(self) -> None:
        started_ns = self._clock.monotonic_ns()
        self._port.resume()
        self._mailbox.busy = True
        try:
            await self._take(started_ns)
        except BufferClosed:
            self._rest(napping=False)
        except Exception as error:  # noqa: BLE001 - an author's turn may raise anything
            await self._turn_failed(error)
        finally:
            # What came while the turn ran has to count as such.
            self._pump()
            self._mailbox.busy = False
        self.session.tell_state()

    async def _take(self, started_ns: int) -> None:
        value: Any = await self.turns.step() if self.turns else ENDED
        if value is ENDED or is_idle(value):
            self._rest(napping=value is not ENDED)
        else:
            self.emitter.emit(value, started_ns)

    def _rest(self, *, napping: bool) -> None:
        self._rest_ns = self._clock.monotonic_ns() + REST_NS
        self.emitter.pacing.rest()
        self._napping = napping

    async def _turn_failed(self, error: Exception) -> None:
        await self._close_turns()
        await self._judge(error)

    async def _heed_author(self, author: AuthorLoop) -> None:
        error = author.take_error()
        if error is not None:
            await self._judge(error)

    async def _judge(self, error: Exception) -> None:
        verdict = self._faults.note(error, self._clock.monotonic_ns())
        log.error("a turn failed, %d within the window", self._faults.count, exc_info=error)
        if verdict is Verdict.ESCALATE:
            raise ActorFault("the model's process has to be started again") from error
        self._outlet.post(TurnFailed(self._faults.count))
        self._rest(napping=False)
        if verdict is Verdict.END_SESSION:
            await self.session.end()
            self._outlet.post(SessionFailed("error"))

    async def _close_turns(self) -> None:
        try:
            if self.turns is not None:
                await self.turns.close()
        except Exception as error:  # an author's finally may raise anything
            log.exception("the generator raised while it was closed")
            escalate(error)

    def _abandon_turn(self) -> None:
        """Let a turn end that waits for something, where a waiting letter ends the session."""
        clients = set(self.session.clients)
        for message in self._mailbox.messages():
            if isinstance(message, Join):
                clients.add(message.client_id)
            elif isinstance(message, Leave):
                clients.discard(message.client_id)
            if isinstance(message, Stop) or not clients:
                for track in self.inputs:
                    track.close()
                if self.turns is not None:
                    self.turns.abandon()
                return
