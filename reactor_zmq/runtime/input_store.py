"""Published frames on their way in: one copy, from the socket's message into the input ring."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from reactor_zmq.config import RingConfig
from reactor_zmq.machines.frontend_vocabulary import Buffer
from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.writer import FrameWriter, Stored
from reactor_zmq.wire.control import Publish
from reactor_zmq.wire.link import InputFrame, InputRing, ToActor


class Send(Protocol):
    """How the actor is told."""

    def __call__(self, message: ToActor, fd: int | None = None) -> None:
        """Send to the actor, with a duplicate of ``fd``."""
        ...


class InputStore:
    """Owns the input ring of the running actor; belongs to the front end's thread.

    Attributes:
        dropped: Frames that found no free slot because the model holds all of them.
    """

    def __init__(self, config: RingConfig) -> None:
        self._config = config
        self._writer: FrameWriter | None = None
        self._opened: list[Ring] = []
        self.dropped = 0

    def actor_started(self) -> None:
        """Begin with a ring of its own for a new actor."""
        self.close()
        self._writer = FrameWriter(Slots(self._config.input_slots), self._opened.append)

    def store(self, track: int, frame: Publish, payload: Buffer, send: Send) -> None:
        """Copy a frame into a slot and tell the actor of it; count it when there is no slot."""
        if self._writer is None:
            return
        stored: list[Stored] = []
        pixels = np.frombuffer(payload, dtype=frame.dtype).reshape(frame.shape)
        if not self._writer.submit(pixels, stored.append):
            self.dropped += 1
        for ring in self._opened:
            send(InputRing(ring.generation, ring.slots, ring.slot_nbytes), ring.fd)
        self._opened.clear()
        for place in stored:
            send(
                InputFrame(
                    track,
                    place.generation,
                    place.slot,
                    place.shape,
                    place.dtype,
                    frame.pts_ns,
                    frame.metadata,
                )
            )

    def close(self) -> None:
        """Give the ring up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
