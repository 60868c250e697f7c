"""Frames are told in the order in which they were submitted, though copies end out of order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Ticket:
    """A place in the order; made by ``Deliveries``."""

    __slots__ = ("deliver", "settled")

    def __init__(self) -> None:
        self.settled = False
        self.deliver: Callable[[], None] | None = None


class Deliveries:
    """Calls made one at a time, in the order of their tickets, from whichever thread can.

    A call may ask for further tickets. Any thread may call any method.
    """

    def __init__(self) -> None:
        self._tickets: deque[Ticket] = deque()
        self._lock = threading.RLock()

    def expect(self) -> Ticket:
        """Return the next place in the order; calls behind it wait until it is settled."""
        ticket = Ticket()
        with self._lock:
            self._tickets.append(ticket)
        return ticket

    def deliver(self, call: Callable[[], None]) -> None:
        """Take the next place in the order and settle it; at once where nothing waits."""
        with self._lock:
            if not self._tickets:
                call()
                return
            self.settle(self.expect(), call)

    def settle(self, ticket: Ticket, deliver: Callable[[], None] | None) -> None:
        """Make a call at its place in the order, or none; then all that waited behind it.

        What a call raises reaches whoever settled; calls behind it wait for the next ``settle``.
        """
        with self._lock:
            ticket.settled, ticket.deliver = True, deliver
            while self._tickets and self._tickets[0].settled:
                first = self._tickets.popleft()
                if first.deliver is not None:
                    first.deliver()
