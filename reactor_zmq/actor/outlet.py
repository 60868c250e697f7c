"""The link and the ring as the model's host sees them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from reactor_zmq.errors import ActorGone
from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.board import Board
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.writer import FrameWriter
from reactor_zmq.model.messages import ModelMessage, message_name, pack_message
from reactor_zmq.sockets.link import Link
from reactor_zmq.wire import link as wire

FLUSH_LIMIT_S = 1.0


class LinkOutlet:
    """The way out through the link; nothing here blocks, what the front end does not take waits.

    ``post`` may be called from any thread, the rest belongs to the event loop's.

    Attributes:
        frames: Frame memory, shared with the front end.
    """

    def __init__(
        self, link: Link[wire.ToActor], board: Board, slots: Slots, orphaned: Callable[[], None]
    ) -> None:
        """Set up the way out; needs a running event loop.

        Args:
            link: To the front end.
            board: Where it says which tracks are wanted.
            slots: The ring's bookkeeping.
            orphaned: Called when the front end has gone, instead of an error in the author's code.
        """
        self.frames = FrameWriter(slots, self._announce)
        self._link = link
        self._board = board
        self._orphaned = orphaned
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._flushing = False

    def post(self, message: wire.FromActor) -> None:
        """Say something to the front end, in the order of calls."""
        self._send(message)

    def say(self, message: ModelMessage, client_id: str) -> None:
        """Send a message to one client, or to all when the id is empty.

        Raises:
            TypeError: A field has no form on the wire.
        """
        self.post(wire.Message(client_id, message_name(type(message)), pack_message(message)))

    def wanted(self, track: int) -> bool:
        """Return whether anybody looks at an output track."""
        return self._board.wanted(track)

    def flush(self) -> None:
        """Hand on what waits, as far as the front end takes it."""
        try:
            done = self._link.flush()
        except ActorGone:
            self._orphaned()
            return
        if done and self._flushing:
            self._flushing = False
            self._loop.remove_writer(self._link.fileno())

    async def drained(self) -> None:
        """Return when everything was taken, or the front end takes nothing more."""
        end_s = self._loop.time() + FLUSH_LIMIT_S
        while self._link.backlog and self._loop.time() < end_s:
            await asyncio.sleep(0.001)
            self.flush()

    def _announce(self, ring: Ring) -> None:
        self._send(wire.Ring(ring.generation, ring.slots, ring.slot_nbytes), ring.fd)

    def _send(self, message: wire.FromActor, fd: int | None = None) -> None:
        try:
            self._link.send(message, fd)
        except ActorGone:
            self._orphaned()
            return
        if self._link.backlog and not self._flushing:
            if threading.get_ident() == self._thread:
                self._flush_later()
            else:
                self._loop.call_soon_threadsafe(self._flush_later)

    def _flush_later(self) -> None:
        if self._link.backlog and not self._flushing:
            self._flushing = True
            self._loop.add_writer(self._link.fileno(), self.flush)
