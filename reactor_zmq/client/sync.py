"""The synchronous client."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar

import numpy as np
from msgspec import Struct

from reactor_zmq.client.driver import MAX_MESSAGES, Driver
from reactor_zmq.client.files import ClientFiles
from reactor_zmq.client.frame_feed import Transport
from reactor_zmq.client.frames import Frames
from reactor_zmq.client.messages import Message, Reply, pack
from reactor_zmq.client.publishing import Metadata, publication
from reactor_zmq.client.view import unreachable
from reactor_zmq.wire.control import Empty, Status, Unpublish

log = logging.getLogger("reactor_zmq.client")

OnMessage = TypeVar("OnMessage", bound=Callable[[Message], object])
# Longer than the machine waits for the answer to its goodbye.
_LEAVE_S = 2.0
_LIVE_S = 10.0


class Client(ClientFiles):
    """A connected client; made by :func:`reactor_zmq.connect`, ended by :meth:`close` or ``with``.

    Every method may be called from any thread. A thread that waits reads the socket itself; a
    background thread reads while nobody waits, keeps the link alive and runs callbacks.
    """

    def __init__(
        self, driver: Driver, reply_timeout: float | None, transport: Transport = "auto"
    ) -> None:
        super().__init__(driver, reply_timeout, transport)
        self._born_ns = time.monotonic_ns()
        self._callbacks: list[Callable[[Message], object]] = []
        self._to_call: deque[Message] = deque(maxlen=MAX_MESSAGES)
        self._frames: set[Frames] = set()
        self._ending = False
        self._thread = threading.Thread(
            target=self._background, name="reactor-zmq client", daemon=True
        )
        driver.on_message = self._schedule_callbacks
        driver.on_closed = self._interrupt_frames

    def greet(self, timeout: float) -> None:
        """Wait for the runtime's welcome; done by ``connect``."""
        driver = self._driver
        driver.connect()
        self._thread.start()
        greeted = self._turn.wait_for(lambda: driver.welcome is not None or driver.closed, timeout)
        if driver.closed:
            self._check_open()
        if not greeted:
            raise unreachable(driver, timeout)

    # --- events -------------------------------------------------------------------------------

    def send(self, type: str, /, **data: Any) -> Reply:  # noqa: A002 - the wire's word
        """Send an event and return its reply: the handler has run.

        Args:
            type: Name of the event, such as ``set_prompt``.
            data: Its fields.

        Raises:
            EventError: The runtime or the handler refused it, with ``code``, ``text``, ``field``.
            LocalProtocolError: The data can't be sent; nothing was.
            ConnectionLost: The link broke for too long. The event may have been applied, once.
            TimeoutError: No reply within ``reply_timeout``. The event may yet be applied, once.
        """
        self._check_process()
        return self._requests.send(type, pack(data), self._reply_timeout)

    def post(self, type: str, /, **data: Any) -> None:  # noqa: A002 - the wire's word
        """Send an event without waiting for its reply; a refusal goes to the log.

        Waits only while 128 events are unanswered.

        Raises:
            LocalProtocolError: The data can't be sent; nothing was.
            ConnectionLost: The client is closed, or was without a link for too long.
        """
        self._check_process()
        self._requests.post(type, pack(data))

    def schema(self) -> dict[str, Any]:
        """Return the model's OpenAPI 3.1 document.

        Raises:
            EventError: ``not_ready``: the model has not loaded yet.
            ConnectionLost: The link broke for too long.
        """
        return dict(self._ask("$schema", Empty(), again=True).data)

    def refresh_status(self) -> Status:
        """Ask for the model's status as of this moment and return it.

        Changes are told without being asked; the counts of clients and viewers are not.

        Raises:
            ConnectionLost: The link broke for too long.
        """
        self._ask("$status", Empty(), again=True)
        return self.status

    def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until the model has loaded; its tracks are known then.

        Raises:
            LoadError: It can't be loaded, or is stopping.
            ConnectionLost: The runtime let this client go.
            TimeoutError: It has not loaded after ``timeout`` seconds.
        """
        self._check_process()
        if not self._turn.wait_for(self._loaded, timeout):
            raise TimeoutError(f"the model {self.model!r} has not loaded within {timeout:g} s")
        self._check_loaded()

    def _ask(self, kind: str, data: Struct, *, again: bool = False) -> Reply:
        self._check_process()
        request = self._requests.begin(kind, data, again=again)
        return self._requests.finish(request, self._reply_timeout)

    # --- messages -----------------------------------------------------------------------------

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Yield the model's messages in order, beginning with the first one not yet taken.

        All iterators of a client share one queue: a message goes to one of them. It holds 4096;
        beyond it the oldest are dropped and counted in ``dropped_messages``.

        Args:
            timeout: Seconds without a message after which TimeoutError is raised.

        Raises:
            ConnectionLost: The runtime let this client go. ``close()`` ends it quietly.
        """
        self._check_process()
        driver = self._driver
        while True:
            if not self._turn.wait_for(lambda: bool(driver.inbox) or driver.closed, timeout):
                raise TimeoutError(f"no message within {timeout:g} s")
            with self._turn.lock:
                message = driver.inbox.popleft() if driver.inbox else None
            if message is not None:
                yield message
            elif not self._is_open():
                return

    def on_message(self, callback: OnMessage) -> OnMessage:
        """Call this with each message, in order, from the background thread.

        It may use the client, ``send`` included. While it runs no other message is called back,
        so keep it short. What it raises is logged. Messages go to ``messages()`` as well.

        Returns:
            The callback, so that this serves as a decorator.
        """
        with self._turn.lock:
            self._callbacks.append(callback)
        return callback

    # --- frames -------------------------------------------------------------------------------

    def frames(
        self,
        track: str | None = None,
        *,
        every: bool = False,
        timeout: float | None = None,
        transport: Transport | None = None,
    ) -> Frames:
        """Return an iterator over a track's frames, live when this returns.

        Newest first: each step gives the newest frame that has arrived, and its ``gap`` counts
        those that were left out. The iterator has a socket of its own; each viewer calls this.

        Args:
            track: Its name; not needed where the model has one video track. Without a name this
                waits until the model has loaded.
            every: Give every frame that arrives, in order. Still lossy: a reader that is too slow
                sees gaps.
            timeout: Seconds without a frame after which a step raises TimeoutError.
            transport: As in ``connect``; that one's where it is not given.

        Raises:
            ConfigError: There is no such track, or several to choose from.
            LoadError: The model could not be loaded.
            ConnectionLost: The frames socket does not answer.
        """
        self._check_process()
        if track is None and not self.tracks:
            self.wait_ready(timeout)
        self._check_open()
        feed = self._make_feed(track, every=every, transport=transport)
        frames = Frames(feed, timeout, self._is_open, self._frames.discard)
        self._frames.add(frames)
        try:
            frames.go_live(_LIVE_S)
        except BaseException:
            frames.close()
            raise
        return frames

    def publish(
        self,
        track: str,
        array: np.ndarray[Any, Any],
        metadata: Metadata = None,
        pts_ns: int | None = None,
    ) -> bool:
        """Publish a frame to an input track; lossy, like all frames.

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
        sent: list[bool] = []
        self._turn.use(lambda: sent.append(self._driver.publish("$publish", words, payload)))
        return sent[0]

    def unpublish(self, track: str) -> None:
        """Give an input track back, so that another client may publish to it.

        Raises:
            EventError: This client does not own it.
        """
        self._check_process()
        self._ask("$unpublish", Unpublish(track))

    # --- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        """Say goodbye and give everything back; a second call does nothing.

        What was sent before is heard. Waits half a second at most for the runtime's answer, and
        as long again for the last bytes to leave.
        """
        self._check_process()
        with self._turn.lock:
            if self._ending:
                return
            self._ending = True
        if self._thread.is_alive():
            self._turn.wait_for(lambda: self._driver.closed, _LEAVE_S, self._driver.leave)
        for frames in tuple(self._frames):
            frames.close()
        self._turn.wake_background()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        with self._turn.lock:
            self._driver.close_socket()
        self._turn.close()
        self._driver.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the background thread ----------------------------------------------------------------

    def _background(self) -> None:
        while not self._ending:
            self._turn.background()
            while self._to_call:
                self._call_back(self._to_call.popleft())

    def _call_back(self, message: Message) -> None:
        for callback in tuple(self._callbacks):
            try:
                callback(message)
            except Exception:  # the author's code; the client has to go on
                log.exception("the callback for %r failed", message.type)

    def _schedule_callbacks(self, message: Message) -> None:
        if self._callbacks:
            self._to_call.append(message)
            if threading.current_thread() is not self._thread:
                self._turn.wake_background()

    def _interrupt_frames(self) -> None:
        for frames in tuple(self._frames):
            frames.interrupt()
