"""Frames for a thread that waits for them."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from reactor_zmq.client.frame import Frame
from reactor_zmq.client.frame_feed import SETTLE_MOST_S, SYNC_AGAIN_S, FrameFeed
from reactor_zmq.errors import ConnectionLost


class Frames:
    """An iterator over one track's frames; live from the moment that it is returned.

    Every frame that the runtime sends after that is seen, or counts in a ``gap``. It is iterated
    by one thread at a time; :meth:`close` may be called from any. The end of the client ends the
    iteration: quietly after ``client.close()``, with the error if the runtime was lost.
    """

    def __init__(
        self,
        feed: FrameFeed,
        timeout: float | None,
        is_open: Callable[[], bool],
        on_close: Callable[[Frames], None],
    ) -> None:
        self._feed = feed
        self._timeout = timeout
        self._is_open = is_open
        self._on_close = on_close
        self._lock = threading.Lock()
        self._closed = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._watched = feed.fileno()
        self._poll.register(self._watched, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    @property
    def track(self) -> str:
        """Name of the track."""
        return self._feed.track

    @property
    def live(self) -> bool:
        """Whether the runtime has seen the subscription."""
        return self._feed.live

    @property
    def transport(self) -> str:
        """``lane`` while frames are mapped, ``socket`` while they are received."""
        return self._feed.transport

    @property
    def malformed(self) -> int:
        """Multiparts that were no frame of this track."""
        return self._feed.malformed

    def go_live(self, timeout: float) -> None:
        """Wait until the runtime has seen the subscription.

        Raises:
            ConnectionLost: It did not answer within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self.live:
            with self._lock:
                self._feed.synchronise()
                self._watch()
            until = min(deadline, time.monotonic() + SYNC_AGAIN_S)
            while not self.live and self._wait(until - time.monotonic()):
                with self._lock:
                    self._feed.look()
                if not self._is_open():
                    raise ConnectionLost("this client is closed")
            if not self.live and time.monotonic() >= deadline:
                raise ConnectionLost(f"the frames socket did not answer within {timeout:g} s")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            frame = self._take()
            if frame is not None:
                return frame
            if not self._is_open():
                raise StopIteration
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"no frame of {self.track!r} within {self._timeout:g} s")
            self._wait(left)

    def _take(self) -> Frame | None:
        """Return what is to be shown, after a backlog has run out."""
        self._fill(self._feed.begin)
        if self._feed.behind:
            settle_until = time.monotonic() + SETTLE_MOST_S
            while self._feed.behind and time.monotonic() < settle_until:
                if not self._wait(self._feed.settle_s):
                    break
                self._fill(self._feed.fill)
            self._feed.settled()
        with self._lock:
            if self._closed:
                return None
            frame = self._feed.take()
            self._watch()
            return frame

    def _watch(self) -> None:
        """Wait on the feed's socket from here on, if it is another one."""
        if self._watched != (fileno := self._feed.fileno()):
            self._poll.unregister(self._watched)
            self._poll.register(fileno, select.POLLIN)
            self._watched = fileno

    def _fill(self, fill: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                raise StopIteration
            fill()

    def _wait(self, timeout: float | None) -> bool:
        """Wait for the socket or a wake-up; return whether there was one."""
        if timeout is not None and timeout <= 0:
            return False
        return bool(self._poll.poll(None if timeout is None else timeout * 1000))

    def interrupt(self) -> None:
        """Let the iterating thread look whether the client is still there."""
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """End the iteration and close the socket; frames handed out stay valid."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._feed.close()
        self.interrupt()
        self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # The descriptor may be waited on until nobody holds the iterator any more.
        os.close(self._wake)
