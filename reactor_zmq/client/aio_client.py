"""The asyncio client: the same names as the synchronous one, to be awaited."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from msgspec import Struct

from reactor_zmq.client.aio_frames import AsyncFrames
from reactor_zmq.client.aio_turn import AsyncRequest, AsyncTurn
from reactor_zmq.client.driver import Driver
from reactor_zmq.client.frame_feed import FrameFeed, Transport
from reactor_zmq.client.messages import Message, Reply, UploadReference, pack
from reactor_zmq.client.publishing import Metadata, publication
from reactor_zmq.client.upload_source import Source, UploadSource
from reactor_zmq.client.uploading import Report
from reactor_zmq.client.view import ClientView, unreachable
from reactor_zmq.errors import ConnectionLost
from reactor_zmq.wire.control import Empty, Status, Unpublish

log = logging.getLogger("reactor_zmq.client")

OnMessage = TypeVar("OnMessage", bound=Callable[[Message], object])
T = TypeVar("T")
# Longer than the machine waits for the answer to its goodbye.
_LEAVE_S = 2.0
_LIVE_S = 10.0


class AsyncClient(ClientView):
    """A connected client; made by ``aio.connect``, ended by :meth:`close` or ``async with``.

    Belongs to the loop that it was made on. Any call may be cancelled: nothing that was received
    is lost, and an event that was sent is applied once or not at all.
    """

    def __init__(
        self, driver: Driver, reply_timeout: float | None, transport: Transport = "auto"
    ) -> None:
        super().__init__(driver, transport)
        self._reply_timeout = reply_timeout
        self._turn = AsyncTurn(driver)
        self._born_ns = time.monotonic_ns()
        self._callbacks: list[Callable[[Message], object]] = []
        self._on_status: list[Callable[[Status], object]] = []
        self._on_state: list[Callable[[dict[str, object]], object]] = []
        self._frames: list[AsyncFrames] = []
        self._ending = False
        driver.on_message = self._call_back
        driver.on_closed = self._interrupt_frames
        driver.on_status = lambda status: _call_each(self._on_status, status)
        driver.on_state = lambda fields: _call_each(self._on_state, fields)

    async def greet(self, timeout: float) -> None:  # noqa: ASYNC109 - a name that both clients share
        """Wait for the runtime's welcome; done by ``connect``."""
        driver = self._driver
        driver.connect()
        self._turn.start()
        greeted = await self._turn.wait_for(
            lambda: driver.welcome is not None or driver.closed, timeout
        )
        if driver.closed:
            self._check_open()
        if not greeted:
            raise unreachable(driver, timeout)

    # --- events -------------------------------------------------------------------------------

    async def send(self, type: str, /, **data: Any) -> Reply:  # noqa: A002 - the wire's word
        """Send an event and return its reply: the handler has run.

        Raises:
            EventError: The runtime or the handler refused it, with ``code``, ``text``, ``field``.
            LocalProtocolError: The data can't be sent; nothing was.
            ConnectionLost: The link broke for too long. The event may have been applied, once.
            TimeoutError: No reply within ``reply_timeout``. The event may yet be applied, once.
        """
        self._check_process()
        request = AsyncRequest(type)
        await self._turn.fire(type, pack(data), request)
        return await self._turn.finish(request, self._reply_timeout)

    async def post(self, type: str, /, **data: Any) -> None:  # noqa: A002 - the wire's word
        """Send an event without waiting for its reply; a refusal goes to the log.

        Waits only while 128 events are unanswered.

        Raises:
            LocalProtocolError: The data can't be sent; nothing was.
            ConnectionLost: The client is closed, or was without a link for too long.
        """
        self._check_process()
        await self._turn.fire(type, pack(data), None)

    async def schema(self) -> dict[str, Any]:
        """Return the model's OpenAPI 3.1 document.

        Raises:
            EventError: ``not_ready``: the model has not loaded yet.
            ConnectionLost: The link broke for too long.
        """
        return dict((await self._ask("$schema", Empty(), again=True)).data)

    async def refresh_status(self) -> Status:
        """Ask for the model's status as of this moment and return it.

        Changes are told without being asked; the counts of clients and viewers are not.

        Raises:
            ConnectionLost: The link broke for too long.
        """
        await self._ask("$status", Empty(), again=True)
        return self.status

    async def wait_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - a name that both clients share
        """Wait until the model has loaded; its tracks are known then.

        Raises:
            LoadError: It can't be loaded, or is stopping.
            ConnectionLost: The runtime let this client go.
            TimeoutError: It has not loaded after ``timeout`` seconds.
        """
        self._check_process()
        if not await self._turn.wait_for(self._loaded, timeout):
            raise TimeoutError(f"the model {self.model!r} has not loaded within {timeout:g} s")
        self._check_loaded()

    async def _ask(self, kind: str, data: Struct, *, again: bool = False) -> Reply:
        self._check_process()
        request = self._turn.begin(kind, data, again=again)
        return await self._turn.finish(request, self._reply_timeout)

    # --- messages -----------------------------------------------------------------------------

    async def messages(self, timeout: float | None = None) -> AsyncIterator[Message]:  # noqa: ASYNC109 - a name that both clients share
        """Yield the model's messages in order, beginning with the first one not yet taken.

        All iterators of a client share one queue: a message goes to one of them. It holds 4096;
        beyond it the oldest are dropped and counted in ``dropped_messages``.

        Raises:
            TimeoutError: None came for ``timeout`` seconds.
            ConnectionLost: The runtime let this client go. ``close()`` ends it quietly.
        """
        self._check_process()
        driver = self._driver
        while True:
            if not await self._turn.wait_for(lambda: bool(driver.inbox) or driver.closed, timeout):
                raise TimeoutError(f"no message within {timeout:g} s")
            if driver.inbox:
                yield driver.inbox.popleft()
            elif not self._is_open():
                return

    def on_message(self, callback: OnMessage) -> OnMessage:
        """Call this with each message, in order, on the loop.

        What it raises is logged. Messages go to ``messages()`` as well.

        Returns:
            The callback, so that this serves as a decorator.
        """
        self._callbacks.append(callback)
        return callback

    def _call_back(self, message: Message) -> None:
        _call_each(self._callbacks, message)

    def on_status(self, callback: Callable[[Status], object]) -> None:
        """Call this with each status that is told, on the loop, in order with the messages.

        After a link was made anew it is called as well: tracks may be other ones then.
        """
        self._on_status.append(callback)

    def on_state(self, callback: Callable[[dict[str, object]], object]) -> None:
        """Call this with the public fields that changed, on the loop, in order with the messages.

        After a link was made anew it is called with all of them.
        """
        self._on_state.append(callback)

    # --- frames -------------------------------------------------------------------------------

    def frames(
        self,
        track: str | None = None,
        *,
        every: bool = False,
        timeout: float | None = None,
        transport: Transport | None = None,
    ) -> AsyncFrames:
        """Return an asynchronous iterator over a track's frames.

        Newest first: each step gives the newest frame that has arrived, and its ``gap`` counts
        those that were left out. The iterator has a socket of its own; each viewer calls this.

        Args:
            track: Its name; not needed where the model has one video track. Without a name the
                first step waits until the model has loaded.
            every: Give every frame that arrives, in order. Still lossy: a reader that is too slow
                sees gaps.
            timeout: Seconds without a frame after which a step raises TimeoutError.
            transport: As in ``connect``; that one's where it is not given.
        """
        self._check_process()
        self._check_open()

        async def prepare() -> FrameFeed:
            if track is None and not self.tracks:
                await self.wait_ready(timeout)
            self._check_open()
            return self._make_feed(track, every=every, transport=transport)

        frames = AsyncFrames(prepare, timeout, _LIVE_S, self._is_open, self._frames.remove)
        self._frames.append(frames)
        return frames

    # --- what this client publishes -----------------------------------------------------------

    def publish(
        self,
        track: str,
        array: np.ndarray[Any, Any],
        metadata: Metadata = None,
        pts_ns: int | None = None,
    ) -> bool:
        """Publish a frame to an input track; lossy, like all frames. It is not to be awaited.

        Args:
            track: Name of the input track; the first client to publish to it owns it.
            array: ``(height, width, channels) uint8`` or ``(channels, samples) int16``, on the
                host. It is sent from where it lies: do not write into it afterwards. An array
                that is not C-contiguous is copied.
            metadata: For the model; a dict travels as JSON.
            pts_ns: Media time; that since this client was made if not given.

        Returns:
            False if the frame was dropped because the link is busy with those before.

        Raises:
            EventError: An earlier frame was refused: ``publish_refused`` and why.
            ConnectionLost: The client is closed.
        """
        self._check_process()
        pts = time.monotonic_ns() - self._born_ns if pts_ns is None else pts_ns
        words, payload = publication(track, array, metadata, pts)
        try:
            return self._driver.publish("$publish", words, payload)
        finally:
            self._turn.look()

    async def unpublish(self, track: str) -> None:
        """Give an input track back, so that another client may publish to it.

        Raises:
            EventError: This client does not own it.
        """
        await self._ask("$unpublish", Unpublish(track))

    async def upload(
        self,
        source: Source,
        *,
        name: str | None = None,
        mime_type: str | None = None,
        progress: Report | None = None,
    ) -> UploadReference:
        """Upload a file and return a reference to give to events that take one.

        Args:
            source: A path, or the bytes themselves. Files are read in a thread.
            name: As the model sees it; the path's last part if not given.
            mime_type: Guessed from the name if not given.
            progress: Called with the bytes that have arrived and their total, on the loop.

        Raises:
            EventError: ``upload_refused`` or ``upload_corrupt``.
            ConnectionLost: The link broke, and broke again on the second try.
            OSError: The file can't be read.
        """
        self._check_process()
        with UploadSource(source, name, mime_type) as file:
            request = await asyncio.to_thread(file.announce)
            try:
                return await self._turn.upload(file, request, progress, self._reply_timeout)
            except ConnectionLost:
                # Half a file does not survive the link that it came by.
                self._check_open()
                return await self._turn.upload(file, request, progress, self._reply_timeout)

    # --- the end ------------------------------------------------------------------------------

    async def close(self) -> None:
        """Say goodbye and give everything back; a second call does nothing.

        What was sent before is heard. Waits half a second at most for the runtime's answer, and
        as long again for the last bytes to leave.
        """
        self._check_process()
        if self._ending:
            return
        self._ending = True
        try:
            self._driver.leave()
            self._turn.look()
            await self._turn.wait_for(lambda: self._driver.closed, _LEAVE_S)
        finally:
            for frames in tuple(self._frames):
                frames.close()
            self._turn.stop()
            self._driver.close_socket()
            await asyncio.to_thread(self._driver.end)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _interrupt_frames(self) -> None:
        for frames in self._frames:
            frames.interrupt()


def _call_each(callbacks: list[Callable[[T], object]], told: T) -> None:
    for callback in tuple(callbacks):
        asyncio.get_running_loop().call_soon(_guarded, callback, told)


def _guarded(callback: Callable[[T], object], told: T) -> None:
    try:
        callback(told)
    except Exception:  # the author's code; the client has to go on
        log.exception("the callback for %r failed", getattr(told, "type", told))
