"""One browser's view: its flow machine, the lines it drinks from, and its way out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from reactor_zmq_bridge.codecs.encoder import Recipe
from reactor_zmq_bridge.flow import ViewerFlow
from reactor_zmq_bridge.flow_words import (
    Attached,
    Detached,
    Follow,
    Hungry,
    KeyWanted,
    Made,
    Piece,
    Stimulus,
    Tick,
    Transmit,
    Unfollow,
    Written,
)
from reactor_zmq_bridge.line import Line
from reactor_zmq_bridge.patience import Patience
from reactor_zmq_bridge.record import Record
from reactor_zmq_bridge.sinks import Sink
from reactor_zmq_bridge.source import Sources
from reactor_zmq_bridge.tracks import Track


@dataclass(frozen=True, slots=True)
class Showing:
    """How one track is shown."""

    track: Track
    recipe: Recipe
    rule: Follow


class Viewer:
    """Sends the tracks that are shown; belongs to the loop's thread.

    Attributes:
        flow: Its machine; reading it is free to all.
        showing: What is shown, by track index.
    """

    def __init__(
        self,
        sources: Sources,
        *,
        send_s: float,
        keep_alive_s: float,
        on_unsuitable: Callable[[Track, Recipe, str], None],
    ) -> None:
        self.flow = ViewerFlow(keep_alive_s)
        self.showing: dict[int, Showing] = {}
        self._sources = sources
        self._send_s = send_s
        self._on_unsuitable = on_unsuitable
        self._lines: dict[int, Line] = {}
        self._sink: Sink | None = None
        self._writes: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    # --- what is shown ------------------------------------------------------------------------

    def show(self, showing: Showing) -> None:
        """Show a track, or show it in another way."""
        index = showing.track.index
        before = self.showing.get(index)
        if before == showing:
            return
        if before is not None:
            self._sources.part(index, before.recipe, self)
        self.showing[index] = showing
        self.apply(showing.rule)
        every = showing.track.kind == "audio"
        self._lines[index] = self._sources.join(
            index, showing.track.name, showing.recipe, self, every=every
        )
        self._lines[index].look()

    def hide(self, index: int) -> None:
        """Show a track no more."""
        showing = self.showing.pop(index, None)
        if showing is not None:
            del self._lines[index]
            self._sources.part(index, showing.recipe, self)
            self.apply(Unfollow(index))

    def want_key(self, index: int) -> None:
        """Begin anew with a track."""
        self.apply(KeyWanted(index))

    # --- the way out --------------------------------------------------------------------------

    def attach(self, sink: Sink) -> None:
        """Send this way from here on."""
        self._sink = sink
        self.apply(Attached(sink.keep_alive))

    def detach(self, sink: Sink | None = None) -> None:
        """Send nothing, if this is still the way."""
        if sink is None or self._sink is sink:
            self._sink = None
            self.apply(Detached())

    @property
    def sink(self) -> Sink | None:
        """Where records go."""
        return self._sink

    def close(self) -> None:
        """Show nothing, send nothing."""
        for index in tuple(self.showing):
            self.hide(index)
        if self._sink is not None:
            self._sink.abort()
        self.detach()
        if self._timer is not None:
            self._timer.cancel()

    # --- what lines call ----------------------------------------------------------------------

    def hungry(self, track: int) -> bool:
        """Whether a frame that is made now would be sent at once."""
        return self.flow.hungry(track)

    def deliver(self, piece: Piece) -> None:
        """Take an encoded frame."""
        self.apply(Made(piece))

    def unsuitable(self, track: int, reason: str) -> None:
        """Hear that this codec can't carry the track."""
        showing = self.showing.get(track)
        if showing is not None:
            self._on_unsuitable(showing.track, showing.recipe, reason)

    def encode_ms(self, index: int) -> float:
        """Mean time in which a shown track is encoded."""
        return self._lines[index].encode_ms

    # --- the machine --------------------------------------------------------------------------

    def apply(self, stimulus: Stimulus) -> None:
        """Tell the machine, and do what it asks for."""
        for instruction in self.flow.handle(stimulus, time.monotonic()):
            if isinstance(instruction, Transmit):
                self._begin_write(instruction.record)
                continue
            line = self._lines.get(instruction.track)
            if line is None:
                continue
            if isinstance(instruction, Hungry):
                line.look()
            else:
                line.want_key()
        self._set_timer()

    def _begin_write(self, record: Record) -> None:
        sink = self._sink
        assert sink is not None  # noqa: S101 - the machine sends only while attached
        task = asyncio.create_task(self._write(sink, record))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _write(self, sink: Sink, record: Record) -> None:
        # A send is never cancelled half-way: the connection is broken instead.
        try:
            with Patience(sink.transport, self._send_s, sink.abort):
                await sink.write(record)
        except (ConnectionError, RuntimeError):
            self.detach(sink)
            return
        if self._sink is sink:
            self.apply(Written())

    def _set_timer(self) -> None:
        deadline = self.flow.deadline
        if deadline is None or self._timer is not None:
            return
        delay = max(0.0, deadline - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.apply(Tick())
