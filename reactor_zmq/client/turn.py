"""Who reads a synchronous client's socket: the thread that waits, or else one in the background.

A thread that waits for a reply reads it itself: handing it over from a background thread costs
70 to 170 µs a round trip, about as much as the round trip (docs/adr/0010-the-caller-reads.md).
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from reactor_zmq.client.driver import Driver


class _Waiter:
    """One thread that waits until something is so."""

    __slots__ = ("_asleep", "done")

    def __init__(self, done: Callable[[], bool]) -> None:
        self.done = done
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def sleep(self, timeout: float | None) -> None:
        self._asleep.acquire(timeout=-1 if timeout is None else timeout)

    def wake(self) -> None:
        if self._asleep.locked():
            self._asleep.release()


class Turn:
    """The lock around a driver, and the turn to read for it.

    Whoever holds :attr:`lock` may use the driver. At most one thread waits on the descriptors:
    the *reader*, which is one of the waiting threads, or the background thread while none waits.
    Any thread that has used the driver wakes those whose wait is over; a reader that leaves
    hands the turn on.
    """

    def __init__(self, driver: Driver) -> None:
        self.lock = threading.Lock()
        self._driver = driver
        self._filenos = driver.filenos()
        self._closed = False
        self._waiters: list[_Waiter] = []
        self._reader: _Waiter | None = None
        # When each of the two will look at the clock by itself; 0 while it is awake.
        self._reader_until = 0.0
        self._background_until = 0.0
        self._wake_reader = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wake_background = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._reading = select.poll()
        self._background = select.epoll()
        for fd in self._filenos:
            self._reading.register(fd, select.POLLIN)
            self._background.register(fd, select.EPOLLIN)
        self._reading.register(self._wake_reader, select.POLLIN)
        self._background.register(self._wake_background, select.EPOLLIN)

    # --- threads that wait --------------------------------------------------------------------

    def wait_for(
        self,
        done: Callable[[], bool],
        timeout: float | None,
        first: Callable[[], object] | None = None,
    ) -> bool:
        """Wait until ``done()``, or return False after ``timeout`` seconds.

        Args:
            done: Called with the lock held, by any thread; it must be quick.
            timeout: None waits for ever.
            first: Done with the lock held before the wait; what it raises is raised here.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.lock:
            if first is not None:
                self._act(first)
            if done() or self._closed:
                return True
            waiter = _Waiter(done)
            self._waiters.append(waiter)
            if self._reader is None:
                self._take_turn(waiter)
        try:
            while not self._over(waiter):
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                if self._reader is waiter:
                    self._read(waiter, left)
                else:
                    waiter.sleep(left)
        finally:
            with self.lock:
                self._waiters.remove(waiter)
                self._leave(waiter)
        return True

    def use(self, action: Callable[[], object]) -> None:
        """Use the driver without waiting for anything; what it raises is raised here."""
        with self.lock:
            self._act(action)

    def _act(self, action: Callable[[], object]) -> None:
        try:
            action()
        finally:
            # Using the socket may have taken the descriptor's signal away from whoever reads.
            self._driver.pump()
            self._wake_others()
            self._wake_if_late()

    def _over(self, waiter: _Waiter) -> bool:
        with self.lock:
            return self._closed or waiter.done()

    def _read(self, me: _Waiter, timeout: float | None) -> None:
        with self.lock:
            wait_s = self._wait_s(math.inf if timeout is None else timeout)
            self._reader_until = time.monotonic() + wait_s
        ready = self._reading.poll(None if wait_s == math.inf else wait_s * 1000)
        with self.lock:
            self._reader_until = 0.0
            self._look(ready, me)

    def background(self) -> None:
        """Read while nobody waits, and keep the time; return when something happened or is due.

        For the background thread alone.
        """
        with self.lock:
            wait_s = self._wait_s(math.inf)
            self._background_until = time.monotonic() + wait_s
        ready = self._background.poll(None if wait_s == math.inf else wait_s)
        with self.lock:
            self._background_until = 0.0
            self._look(ready, None)

    def _wait_s(self, timeout: float) -> float:
        deadline = self._driver.deadline
        return timeout if deadline is None else min(timeout, max(0.0, deadline - time.monotonic()))

    def _look(self, ready: list[tuple[int, int]], me: _Waiter | None) -> None:
        for fd, _ in ready:
            if fd in (self._wake_reader, self._wake_background):
                _clear(fd)
            elif fd == self._filenos[1]:
                self._driver.watch_link()
        self._driver.pump()
        self._driver.tick()
        self._wake_others(me)

    def _take_turn(self, waiter: _Waiter) -> None:
        self._reader = waiter
        self._background.modify(self._filenos[0], 0)

    def _leave(self, waiter: _Waiter) -> None:
        if self._closed:
            self._free()
        elif self._reader is waiter:
            self._hand_on()

    def _hand_on(self) -> None:
        if self._waiters:
            self._reader = self._waiters[0]
            self._reader.wake()
            return
        self._reader = None
        self._background.modify(self._filenos[0], select.EPOLLIN)
        self._wake_if_late()

    def _wake_others(self, me: _Waiter | None = None) -> None:
        for waiter in self._waiters:
            if waiter is not me and (self._closed or waiter.done()):
                if waiter is self._reader:
                    os.eventfd_write(self._wake_reader, 1)
                else:
                    waiter.wake()

    def _wake_if_late(self) -> None:
        """Wake the thread that keeps the time if it would sleep through the next deadline."""
        deadline = self._driver.deadline
        until = self._background_until if self._reader is None else self._reader_until
        if deadline is not None and deadline < until:
            os.eventfd_write(
                self._wake_background if self._reader is None else self._wake_reader, 1
            )

    def wake_background(self) -> None:
        """Let the background thread look at once."""
        os.eventfd_write(self._wake_background, 1)

    def close(self) -> None:
        """Let nobody wait any more; the last waiter that leaves gives the descriptors back."""
        with self.lock:
            self._closed = True
            self._wake_others()
            self._free()

    def _free(self) -> None:
        if not self._waiters:
            self._background.close()
            os.close(self._wake_reader)
            os.close(self._wake_background)


def _clear(eventfd: int) -> None:
    # Several wake-ups are taken by one read.
    with suppress(BlockingIOError):
        os.eventfd_read(eventfd)
