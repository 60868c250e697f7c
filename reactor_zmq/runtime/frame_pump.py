"""Frames on their way out: from the ring, at their time, to whoever watches."""

from __future__ import annotations

import heapq
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from reactor_zmq.config import RingConfig
from reactor_zmq.memory.board import Board
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.sockets.xpub import FramesSocket
from reactor_zmq.wire.contract import Contract
from reactor_zmq.wire.envelope import PROTOCOL_VERSION
from reactor_zmq.wire.header import ITEMSIZE, FrameHeader, encode_header, frame_topic
from reactor_zmq.wire.link import Frame

# pyzmq copies payloads below this anyway: lending them would only delay their slot.
_LEND_FROM_NBYTES = 65_536
# Subscriptions kept until the model's tracks are known.
_KEPT_BEFORE_LOAD = 256


@dataclass(slots=True)
class Counts:
    """What happened to the frames so far."""

    sent: int = 0
    sent_by_copy: int = 0


@dataclass(order=True, slots=True)
class _Due:
    due_ns: int
    order: int
    frame: Frame = field(compare=False)


class _Tracker(Protocol):
    @property
    def done(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Lent:
    rings: RingReader
    generation: int
    slot: int
    tracker: _Tracker


class FramePump:
    """Sends due frames and gives their slots back; belongs to the front end's thread."""

    def __init__(self, socket: FramesSocket, config: RingConfig) -> None:
        self._socket = socket
        self._config = config
        self._rings = RingReader()
        self._board: Board | None = None
        self._due: list[_Due] = []
        self._order = 0
        self._in_flight: deque[_Lent] = deque()
        self._prefixes: set[bytes] = set()
        self._topics: list[bytes] = []
        self._epoch = 0
        self.counts = Counts()

    def actor_started(self, epoch: int, board: Board) -> None:
        """Begin a new epoch: frames that the last actor left behind are not sent any more."""
        self._due.clear()
        self._rings.close()
        self._rings = RingReader()
        self._epoch, self._board = epoch, board
        self._mark_wanted()

    def model_loaded(self, contract: Contract) -> None:
        """Take over the model's tracks."""
        self._topics = [frame_topic(track.name) for track in contract.outputs]
        self._prefixes = {p for p in self._prefixes if self._concerns(p)}
        self._mark_wanted()

    def flush(self) -> None:
        """Forget the frames that are not due yet."""
        for due in self._due:
            self._rings.release(due.frame.generation, due.frame.slot)
        self._due.clear()

    def add_ring(self, ring: Ring) -> None:
        """Take over a ring that the actor has opened."""
        self._rings.add(ring)

    def subscriptions_changed(self) -> None:
        """Read what peers subscribed to, and tell the actor which tracks are watched."""
        changed = False
        for subscribed, topic in self._socket.subscriptions():
            if subscribed and self._concerns(topic):
                self._prefixes.add(topic)
                changed = True
            elif topic in self._prefixes:
                self._prefixes.discard(topic)
                changed = True
        if changed:
            self._mark_wanted()

    def _concerns(self, prefix: bytes) -> bool:
        """Whether a subscription can match a track; what can't is a flood's and not kept."""
        if not self._topics:
            return len(self._prefixes) < _KEPT_BEFORE_LOAD
        return any(topic.startswith(prefix) for topic in self._topics)

    def _mark_wanted(self) -> None:
        if self._board is not None:
            for index, topic in enumerate(self._topics):
                self._board.set_wanted(index, any(topic.startswith(p) for p in self._prefixes))

    def take(self, frame: Frame) -> None:
        """Send a frame that the actor has put into a slot, at once or when it is due."""
        if frame.due_ns <= time.monotonic_ns():
            self._send(frame)
            return
        self._order += 1
        heapq.heappush(self._due, _Due(frame.due_ns, self._order, frame))

    def send_due(self) -> None:
        """Send the frames whose time has come."""
        while self._due and self._due[0].due_ns <= time.monotonic_ns():
            self._send(heapq.heappop(self._due).frame)

    def next_due_ns(self) -> int | None:
        """Return when the next frame is due, in monotonic nanoseconds."""
        return self._due[0].due_ns if self._due else None

    def collect(self) -> None:
        """Give back the slots that no peer's pipe holds any more.

        Pipes finish out of order: one stalled viewer must not keep the slots behind its own.
        """
        for _ in range(len(self._in_flight)):
            lent = self._in_flight.popleft()
            if not lent.tracker.done:
                self._in_flight.append(lent)
            elif lent.rings is self._rings:
                lent.rings.release(lent.generation, lent.slot)

    @property
    def in_flight(self) -> int:
        """Slots that libzmq holds."""
        return len(self._in_flight)

    def _send(self, frame: Frame) -> None:
        nbytes = ITEMSIZE[frame.dtype]
        for size in frame.shape:
            nbytes *= size
        payload = self._rings.view(frame.generation, frame.slot, nbytes)
        lend = nbytes >= _LEND_FROM_NBYTES and self._rings.free_slots() > self._config.low_slots
        tracker = self._socket.send(
            self._topics[frame.track], self._header(frame), payload, lend=lend
        )
        self.counts.sent += 1
        if tracker is None:
            self.counts.sent_by_copy += 1
            self._rings.release(frame.generation, frame.slot)
        else:
            self._in_flight.append(_Lent(self._rings, frame.generation, frame.slot, tracker))

    def _header(self, frame: Frame) -> bytes:
        return encode_header(
            FrameHeader(
                version=PROTOCOL_VERSION,
                epoch=self._epoch,
                seq=frame.seq,
                pts_ns=frame.pts_ns,
                produced_ns=frame.produced_ns,
                sent_ns=time.time_ns(),
                shape=frame.shape,
                dtype=frame.dtype,  # type: ignore[arg-type]
                encoding=frame.encoding,
                metadata=frame.metadata,
                rate_hz=frame.rate_hz,
            )
        )
