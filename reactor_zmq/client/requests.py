"""Requests of threads: sent as soon as there is room for them, waited for, given up."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec import Struct

from reactor_zmq.client.driver import Driver
from reactor_zmq.client.messages import Reply, UploadReference
from reactor_zmq.client.turn import Turn
from reactor_zmq.client.upload_source import UploadSource
from reactor_zmq.client.uploading import Await, Begin, Report, steps
from reactor_zmq.errors import ReactorError
from reactor_zmq.machines.client_upload import UploadPlan
from reactor_zmq.machines.client_words import Buffer
from reactor_zmq.wire.control import Upload, UploadCancel

_IDLE = 0


class Request:
    """One request and what became of it."""

    __slots__ = ("_error", "_reply", "id", "over", "what")

    def __init__(self, what: str) -> None:
        self.what = what
        self.id = _IDLE
        self.over = False
        self._reply: Reply | None = None
        self._error: Exception | None = None

    def answer(self, reply: Reply) -> None:
        """Take the reply."""
        self._reply, self.over = reply, True

    def refuse(self, error: Exception) -> None:
        """Take the reason why there is none."""
        self._error, self.over = error, True

    def result(self) -> Reply:
        """Return the reply, or raise why there is none."""
        if self._reply is None:
            raise self._error or RuntimeError(f"{self.what!r} is not answered yet")
        return self._reply


class Requests:
    """Lets any thread use a client's driver through its turn."""

    def __init__(self, driver: Driver, turn: Turn) -> None:
        self._driver = driver
        self._turn = turn

    def send(self, event_type: str, packed: bytes, timeout: float | None) -> Reply:
        """Send an event and wait for its reply.

        Raises:
            TimeoutError: None came; the event itself is delivered all the same.
        """
        request, driver = Request(event_type), self._driver

        def fire() -> None:
            if request.id == _IDLE and driver.has_room:
                request.id = driver.fire(event_type, packed, request)

        return self._finish(request, fire, timeout)

    def post(self, event_type: str, packed: bytes) -> None:
        """Send an event; wait only until there is room for it."""
        request, driver = Request(event_type), self._driver

        def fire() -> None:
            if request.id == _IDLE and driver.has_room:
                request.id = driver.fire(event_type, packed, None)

        while request.id == _IDLE:
            self._turn.wait_for(lambda: request.id != _IDLE or driver.has_room, None, fire)

    def begin(
        self, kind: str, data: Struct, attachments: tuple[Buffer, ...] = (), *, again: bool = False
    ) -> Request:
        """Send a control word; give the request to :meth:`finish`."""
        request, driver = Request(kind), self._driver

        def ask() -> None:
            request.id = driver.ask(kind, data, request, attachments, again=again)

        self._turn.use(ask)
        return request

    def finish(self, request: Request, timeout: float | None) -> Reply:
        """Wait for the reply to what was begun.

        Raises:
            TimeoutError: None came.
        """
        return self._finish(request, None, timeout)

    def _finish(
        self, request: Request, start: Callable[[], None] | None, timeout: float | None
    ) -> Reply:
        driver = self._driver
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while not request.over:
                left = None if deadline is None else deadline - time.monotonic()
                in_time = self._turn.wait_for(
                    lambda: request.over or (request.id == _IDLE and driver.has_room), left, start
                )
                if not in_time:
                    raise TimeoutError(f"no reply to {request.what!r} within {timeout:g} s")
            return request.result()
        finally:
            if not request.over and request.id != _IDLE:
                self._turn.use(lambda: driver.abandon(request.id))

    # --- files --------------------------------------------------------------------------------

    def upload(
        self, file: UploadSource, request: Upload, report: Report | None, timeout: float | None
    ) -> UploadReference:
        """Upload a file; one that fails is taken back. Raises as :func:`steps`."""
        plan = UploadPlan(request)
        course = steps(plan, report)
        result: Any = None
        try:
            while True:
                step = course.send(result)
                if isinstance(step, Begin):
                    result = self.begin(step.kind, step.data, step.attachments)
                elif isinstance(step, Await):
                    result = self.finish(step.handle, timeout)
                else:
                    result = file.read(step.offset, step.nbytes)
        except StopIteration as end:
            return end.value
        except BaseException:
            self._cancel(plan)
            raise

    def _cancel(self, plan: UploadPlan) -> None:
        if plan.upload_id is not None:
            with suppress(ReactorError):
                self.begin("$upload_cancel", UploadCancel(plan.upload_id))
