"""The mailbox: what waits for the next gap between turns, in arrival order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reactor_zmq.actor.clock import complete
from reactor_zmq.wire.link import EventIn, Leave, ToActor


@dataclass(slots=True)
class Letter:
    """One thing to apply.

    Attributes:
        message: What arrived.
        tokens: Of an event, every token that its reply answers: its own last, before it those of
            the events that it replaced.
    """

    message: ToActor
    tokens: list[int] = field(default_factory=list[int])


class Mailbox:
    """Letters in arrival order; belongs to the event loop's thread.

    Attributes:
        busy: A turn runs: an event of a type in ``dedupes`` replaces the earlier one of the same
            client that still waits, in its place.
    """

    def __init__(self, dedupes: Iterable[str] = ()) -> None:
        self.busy = False
        self._dedupes = frozenset(dedupes)
        self._letters: deque[Letter] = deque()
        self._latest: dict[tuple[str, str], Letter] = {}
        self._arrival: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, message: ToActor) -> None:
        """Add what arrived and wake who waits for it."""
        if not isinstance(message, EventIn):
            if isinstance(message, Leave):
                self._forget(message.client_id)
            self._letters.append(Letter(message))
        elif message.type not in self._dedupes or not self._replace(message):
            self._append(message)
        if self._arrival is not None:
            complete(self._arrival)

    def take(self) -> Letter | None:
        """Return the oldest letter, None when the mailbox is empty."""
        if not self._letters:
            return None
        letter = self._letters.popleft()
        message = letter.message
        if isinstance(message, EventIn) and message.type in self._dedupes:
            self._latest.pop((message.client_id, message.type), None)
        return letter

    def arrival(self) -> asyncio.Future[None]:
        """Return a future that is done as soon as a letter is there."""
        arrival = self._arrival = asyncio.get_running_loop().create_future()
        if self._letters:
            complete(arrival)
        return arrival

    def nudge(self) -> None:
        """Wake who waits for an arrival, though nothing has come."""
        if self._arrival is not None:
            complete(self._arrival)

    def messages(self) -> Iterator[ToActor]:
        """Yield what waits, oldest first."""
        return (letter.message for letter in self._letters)

    def _append(self, event: EventIn) -> None:
        letter = Letter(event, [event.token])
        self._letters.append(letter)
        if event.type in self._dedupes:
            self._latest[event.client_id, event.type] = letter

    def _replace(self, event: EventIn) -> bool:
        earlier = self._latest.get((event.client_id, event.type))
        if not self.busy or earlier is None:
            return False
        earlier.message = event
        earlier.tokens.append(event.token)
        return True

    def _forget(self, client_id: str) -> None:
        # What the client sends after it came back must not slip in front of its leave.
        for key in [k for k in self._latest if k[0] == client_id]:
            del self._latest[key]
