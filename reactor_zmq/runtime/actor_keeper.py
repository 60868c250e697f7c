"""Keeps one actor running: the supervisor's policy, carried out on real processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack

from reactor_zmq.actor.process import ActorArgs
from reactor_zmq.errors import ActorGone
from reactor_zmq.machines.supervisor import (
    AskToStop,
    Died,
    Phase,
    Signal,
    Spawn,
    Supervisor,
    SupervisorInstruction,
)
from reactor_zmq.memory.board import Board
from reactor_zmq.runtime.actor_process import ActorProcess
from reactor_zmq.sockets.link import Link, link_pair
from reactor_zmq.wire.link import FromActor, Stop, ToActor, decode_from_actor

_log = logging.getLogger("reactor_zmq.runtime")


class ActorKeeper:
    """Starts, watches and restarts the actor; belongs to the front end's thread.

    Attributes:
        link: To the actor, None while there is none.
        changes: Grows whenever :meth:`descriptors` may have changed; a new actor's have the
            numbers of the one before as often as not.

    Args:
        supervisor: The policy.
        new_args: What an actor of an epoch is started with.
        started: Called with each new actor's epoch and board.
        died: Called when an actor has gone unasked.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        new_args: Callable[[int], ActorArgs],
        started: Callable[[int, Board], None],
        died: Callable[[Died], None],
    ) -> None:
        self._supervisor = supervisor
        self._new_args = new_args
        self._started = started
        self._died = died
        self._process: ActorProcess | None = None
        self._ended = False
        self._drained = False
        self.link: Link[FromActor] | None = None
        self.changes = 0

    @property
    def pid(self) -> int:
        """The actor's process id, 0 when there is none."""
        return self._process.pid if self._process else 0

    @property
    def phase(self) -> Phase:
        """Where the actor is in its life."""
        return self._supervisor.phase

    @property
    def in_control(self) -> bool:
        """Whether something can be done about the actor: one that was killed does end."""
        return self._supervisor.in_control(time.monotonic())

    def descriptors(self) -> list[int]:
        """Return what to poll: the link, and the end of the process."""
        found = [self._process.sentinel] if self._process else []
        return [self.link.fileno(), *found] if self.link else found

    def send(self, message: ToActor, fd: int | None = None) -> None:
        """Send to the actor; nothing happens when it has just gone."""
        if self.link is not None:
            try:
                self.link.send(message, fd)
            except ActorGone:
                self._drop_link()

    def receive(self) -> tuple[FromActor, int | None] | None:
        """Return what the actor said next, or None."""
        if self.link is None:
            return None
        try:
            found = self.link.receive()
        except ActorGone:
            self._drop_link()
            return None
        self._drained = found is None
        return found

    def disturbed(self, ready: Collection[int]) -> bool:
        """Whether :meth:`tend` should not wait: the actor has ended, or has not taken all yet.

        Args:
            ready: Descriptors that announce something.
        """
        if self._process is None or self.link is None or self._ended:
            return True
        return self.link.backlog > 0 or self._process.sentinel in ready

    def tend(self) -> None:
        """Carry out what is due: deaths, deadlines, restarts, writes that had to wait."""
        if self.link is not None and self.link.backlog:
            try:
                self.link.flush()
            except ActorGone:
                self._drop_link()
        self._reap()
        tick = self._process.board.tick if self._process else 0
        self._do(self._supervisor.poll(time.monotonic(), tick))

    def loaded(self) -> None:
        """Note that the model is loaded."""
        self._supervisor.loaded(time.monotonic())

    def give_up(self) -> None:
        """Start no more actors after this one."""
        self._do(self._supervisor.give_up(time.monotonic()))

    def stop(self) -> None:
        """End the actor in order, or at once when asked again."""
        self._do(self._supervisor.stop(time.monotonic()))

    def close(self) -> None:
        """Leave nothing behind."""
        if self._process is not None:
            self._process.signal(hard=True)
            while self._process.outcome() is None:
                time.sleep(0.001)
            self._process.close()
            self._process = None
        self._drop_link()

    def _reap(self) -> None:
        outcome = self._process.outcome() if self._process else None
        if self._process is None or outcome is None:
            return
        if self.link is not None and not (self._ended and self._drained):
            # Its last words are received first. A child that it forked may hold the link open,
            # so the end of the stream is not waited for.
            self._ended, self._drained = True, False
            return
        self._ended = False
        reason, code = outcome
        self._process.close()
        self._process = None
        self.changes += 1
        self._drop_link()
        _log.info("the actor has ended", extra={"facts": {"reason": reason, "code": code}})
        self._do(self._supervisor.exited(reason, time.monotonic()))

    def _drop_link(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None
            self.changes += 1

    def _do(self, instructions: list[SupervisorInstruction]) -> None:
        for instruction in instructions:
            match instruction:
                case Spawn(epoch):
                    self._spawn(epoch)
                case AskToStop():
                    self.send(Stop())
                case Signal(hard, reason):
                    _log.warning(
                        "the actor is ended by a signal", extra={"facts": {"reason": reason}}
                    )
                    if self._process is not None:
                        self._process.signal(hard=hard)
                case Died():
                    self._died(instruction)

    def _spawn(self, epoch: int) -> None:
        with ExitStack() as stack:
            try:
                ours, theirs = link_pair()
                stack.callback(ours.close)
                stack.callback(theirs.close)
                board = Board.create()
                stack.callback(board.close)
                self._process = ActorProcess(self._new_args(epoch), theirs, board)
            except OSError as error:
                _log.error("no actor could be started: %s", error)
                self._do(self._supervisor.exited("not_started", time.monotonic()))
                return
            stack.pop_all()  # they belong to the process and to the link
        self.link = Link(ours, decode_from_actor)
        self.changes += 1
        self._started(epoch, board)
