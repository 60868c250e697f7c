"""Frames on their way out: from the ring, at their time, to whoever watches."""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from reactor_zmq.config import RingConfig
from reactor_zmq.memory.board import Board
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.runtime.input_echo import InputEcho
from reactor_zmq.runtime.lane import FrontEndLane
from reactor_zmq.runtime.outbox import Outbox
from reactor_zmq.sockets.xpub import FramesSocket
from reactor_zmq.wire.contract import Contract
from reactor_zmq.wire.envelope import PROTOCOL_VERSION
from reactor_zmq.wire.header import ITEMSIZE, FrameHeader, encode_header, frame_topic
from reactor_zmq.wire.link import Frame
from reactor_zmq.wire.slot import slot_topic

# pyzmq copies payloads below this anyway: lending them would only delay their slot.
_LEND_FROM_NBYTES = 65_536


@dataclass(slots=True)
class Counts:
    """What happened to the frames so far."""

    sent: int = 0
    sent_by_copy: int = 0
    announced: int = 0


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
    tracker: _Tracker | None
    order: int


@dataclass(frozen=True, slots=True)
class _Track:
    """A track's topics, and which of them somebody subscribes to."""

    frame: bytes
    slot: bytes
    on_socket: bool = False
    on_lane: bool = False


class FramePump:
    """Sends due frames and gives their slots back; belongs to the front end's thread.

    Attributes:
        inputs: Shows what clients publish.
    """

    def __init__(self, socket: FramesSocket, config: RingConfig, lane: FrontEndLane) -> None:
        self._socket = socket
        self.inputs = InputEcho(socket)
        self._lane = lane
        self._config = config
        self._rings = RingReader()
        self._board: Board | None = None
        self._outbox = Outbox(socket)
        self._due: list[_Due] = []
        self._order = 0
        self._in_flight: deque[_Lent] = deque()
        self._tracked = 0  # of those, how many libzmq may still hold
        self._tracks: list[_Track] = []
        self._epoch = 0
        self.counts = Counts()

    def actor_started(self, epoch: int, board: Board) -> None:
        """Begin a new epoch: frames that the last actor left behind are not sent any more."""
        self._due.clear()
        self._outbox.clear()
        self._lane.forget_all()
        self._rings.close()
        self._rings = RingReader()
        self._epoch, self._board = epoch, board
        self.inputs.actor_started(epoch)
        self._mark_wanted()

    def model_loaded(self, contract: Contract) -> None:
        """Take over the model's tracks."""
        self._tracks = [
            _Track(frame_topic(track.name), slot_topic(track.name)) for track in contract.outputs
        ]
        self.inputs.model_loaded(contract)
        self._mark_wanted()

    def flush(self) -> None:
        """Forget the frames that are not due yet."""
        for due in self._due:
            self._rings.release(due.frame.generation, due.frame.slot)
        self._due.clear()

    def add_ring(self, ring: Ring) -> None:
        """Take over a ring that the actor has opened."""
        self._rings.add(ring)

    def tidy(self) -> None:
        """Forget what viewers that went had subscribed to."""
        changed = [socket.tidy() for socket in (self._socket, self._lane.socket)]
        if any(changed):
            self._mark_wanted()

    def read_subscriptions(self) -> None:
        """Read what peers subscribed to, and tell the actor which tracks are watched."""
        changed = [socket.read_subscriptions() for socket in (self._socket, self._lane.socket)]
        if any(changed):
            self._mark_wanted()

    def _mark_wanted(self) -> None:
        self._tracks = [
            replace(
                track,
                on_socket=self._socket.wants(track.frame),
                on_lane=self._lane.socket.wants(track.slot),
            )
            for track in self._tracks
        ]
        self.inputs.mark_wanted()
        self._lane.links = tuple(self._lane.socket.count(track.slot) for track in self._tracks)
        self._outbox.patient = self._socket.watched_by_one
        if self._board is not None:
            for index, track in enumerate(self._tracks):
                self._board.set_wanted(index, track.on_socket or track.on_lane)

    def take(self, frame: Frame) -> None:
        """Send a frame that the actor has put into a slot, at once or when it is due."""
        late = frame.due_ns <= time.monotonic_ns()
        if late and not self._due:
            self._send(frame)
            return
        self._order += 1
        heapq.heappush(self._due, _Due(frame.due_ns, self._order, frame))
        if late:
            self.send_due()  # the time of those before it may have come meanwhile

    def send_due(self) -> None:
        """Send the frames whose time has come."""
        while self._due and self._due[0].due_ns <= time.monotonic_ns():
            self._send(heapq.heappop(self._due).frame)

    def retry(self) -> None:
        """Send what waits for room, right before the frames socket's descriptor is waited on."""
        self._outbox.retry()

    def next_due_ns(self) -> int | None:
        """Return when the next frame is due, or has waited long enough; monotonic nanoseconds."""
        room_ns = self._outbox.next_ns()
        due_ns = self._due[0].due_ns if self._due else room_ns
        return due_ns if room_ns is None or due_ns is None else min(due_ns, room_ns)

    def collect(self) -> None:
        """Give back the slots that no peer's pipe holds any more, and no same-host reader.

        Pipes finish out of order: one stalled viewer must not keep the slots behind its own.
        """
        if not self._in_flight:
            return
        given_up = self._lane.collect(self._rings.free_slots())
        if not given_up and not self._tracked:
            return
        for _ in range(len(self._in_flight)):
            lent = self._in_flight.popleft()
            if (lent.tracker and not lent.tracker.done) or self._lane.holds(lent.order):
                self._in_flight.append(lent)
                continue
            self._tracked -= lent.tracker is not None
            if lent.rings is self._rings:
                lent.rings.release(lent.generation, lent.slot)

    @property
    def in_flight(self) -> int:
        """Slots that libzmq or same-host readers hold."""
        return len(self._in_flight)

    def _send(self, frame: Frame) -> None:
        track = self._tracks[frame.track]
        order = self._announce(track, frame) if track.on_lane else 0
        if track.on_socket:
            self._outbox.put(track.frame, partial(self._send_payload, frame, order))
        else:
            self._keep(frame, None, order)

    def _announce(self, track: _Track, frame: Frame) -> int:
        self.counts.announced += 1
        ring = self._rings.ring(frame.generation)
        return self._lane.announce(track.slot, self._header(frame), ring, frame)

    def _send_payload(self, frame: Frame, order: int) -> None:
        nbytes = ITEMSIZE[frame.dtype] * math.prod(frame.shape)
        payload = self._rings.view(frame.generation, frame.slot, nbytes)
        lend = nbytes >= _LEND_FROM_NBYTES and self._rings.free_slots() > self._config.low_slots
        tracker = self._socket.finish(self._header(frame), payload, lend=lend)
        self.counts.sent += 1
        if tracker is None:
            self.counts.sent_by_copy += 1
        self._keep(frame, tracker, order)

    def _keep(self, frame: Frame, tracker: _Tracker | None, order: int) -> None:
        """Keep a frame's slot for as long as anybody reads it."""
        if tracker is None and not order:
            self._rings.release(frame.generation, frame.slot)
            return
        self._tracked += tracker is not None
        self._in_flight.append(_Lent(self._rings, frame.generation, frame.slot, tracker, order))

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
