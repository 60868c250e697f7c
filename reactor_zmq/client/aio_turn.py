"""A driver on an event loop: its descriptors are read when they become readable.

Nothing here waits inside a receive, so no cancellation can lose what was received.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec import Struct

from reactor_zmq.client.driver import Driver
from reactor_zmq.client.messages import Reply, UploadReference
from reactor_zmq.client.upload_source import UploadSource
from reactor_zmq.client.uploading import Await, Begin, Report, steps
from reactor_zmq.errors import ReactorError
from reactor_zmq.machines.client_upload import UploadPlan
from reactor_zmq.machines.client_words import Buffer
from reactor_zmq.wire.control import Upload, UploadCancel

_Condition = Callable[[], bool]


class AsyncRequest:
    """One request; the future is done when its outcome has come."""

    __slots__ = ("future", "id", "what")

    def __init__(self, what: str) -> None:
        self.what = what
        self.id = 0
        self.future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        # A refusal that nobody came to fetch, as when a task was cancelled, is no mistake.
        self.future.add_done_callback(_fetch)

    def answer(self, reply: Reply) -> None:
        """Take the reply."""
        if not self.future.done():
            self.future.set_result(reply)

    def refuse(self, error: Exception) -> None:
        """Take the reason why there is none."""
        if not self.future.done():
            self.future.set_exception(error)


class AsyncTurn:
    """Reads for a driver on the running loop, and keeps its time; belongs to that loop's thread."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._loop = asyncio.get_running_loop()
        self._filenos = driver.filenos()
        self._watchers: list[tuple[_Condition, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def start(self) -> None:
        """Begin to read."""
        self._loop.add_reader(self._filenos[0], self.look)
        self._loop.add_reader(self._filenos[1], self._look_at_link)
        # What came before the descriptors were watched is not announced again.
        self._look_at_link()

    def stop(self) -> None:
        """Read no more."""
        for fileno in self._filenos:
            self._loop.remove_reader(fileno)
        if self._timer is not None:
            self._timer.cancel()
        self._release(lambda _: True)

    def look(self) -> None:
        """Take what has arrived; to be called after each use of the driver as well."""
        self._driver.pump()
        self._driver.tick()
        if self._watchers:
            self._release(lambda condition: condition())
        self._set_timer()

    def _look_at_link(self) -> None:
        self._driver.watch_link()
        self.look()

    def _release(self, over: Callable[[_Condition], bool]) -> None:
        for condition, future in self._watchers:
            if not future.done() and over(condition):
                future.set_result(None)

    def _set_timer(self) -> None:
        """Wake at the driver's deadline; one that moved away is found out when it is reached."""
        deadline = self._driver.deadline
        if deadline is None or (self._timer is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_later(max(0.0, deadline - time.monotonic()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.look()

    async def wait_for(self, condition: _Condition, timeout: float | None) -> bool:  # noqa: ASYNC109 - a name that both clients share
        """Wait until ``condition()``, or return False after ``timeout`` seconds."""
        if condition():
            return True
        watcher = (condition, self._loop.create_future())
        self._watchers.append(watcher)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await watcher[1]
        finally:
            self._watchers.remove(watcher)
        return condition()

    # --- requests -----------------------------------------------------------------------------

    async def fire(self, event_type: str, packed: bytes, request: AsyncRequest | None) -> None:
        """Send an event as soon as there is room for it."""
        while not self._driver.has_room:
            await self.wait_for(lambda: self._driver.has_room, None)
        request_id = self._driver.fire(event_type, packed, request)
        if request is not None:
            request.id = request_id
        self.look()

    def begin(
        self, kind: str, data: Struct, attachments: tuple[Buffer, ...] = (), *, again: bool = False
    ) -> AsyncRequest:
        """Send a control word; give the request to :meth:`finish`."""
        request = AsyncRequest(kind)
        request.id = self._driver.ask(kind, data, request, attachments, again=again)
        self.look()
        return request

    async def finish(self, request: AsyncRequest, timeout: float | None) -> Reply:  # noqa: ASYNC109 - a name that both clients share
        """Wait for the reply.

        Raises:
            TimeoutError: None came.
        """
        try:
            if timeout is None:
                return await request.future
            async with asyncio.timeout(timeout):
                return await request.future
        except TimeoutError as error:
            text = f"no reply to {request.what!r} within {timeout:g} s"
            raise TimeoutError(text) from error
        finally:
            if request.id and (not request.future.done() or request.future.cancelled()):
                self._driver.abandon(request.id)

    # --- files --------------------------------------------------------------------------------

    async def upload(
        self,
        file: UploadSource,
        request: Upload,
        report: Report | None,
        timeout: float | None,  # noqa: ASYNC109 - a name that both clients share
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
                    result = await self.finish(step.handle, timeout)
                else:
                    result = await asyncio.to_thread(file.read, step.offset, step.nbytes)
        except StopIteration as end:
            return end.value
        except BaseException:
            self._cancel(plan)
            raise

    def _cancel(self, plan: UploadPlan) -> None:
        if plan.upload_id is not None:
            with suppress(ReactorError):
                self.begin("$upload_cancel", UploadCancel(plan.upload_id))


def _fetch(future: asyncio.Future[Reply]) -> None:
    if not future.cancelled():
        future.exception()
