"""The same-host lane's end in the front end: announcements, and the slots kept for readers."""

from __future__ import annotations

import os
import time

from reactor_zmq.config import RingConfig
from reactor_zmq.machines.lane_holds import LaneHolds
from reactor_zmq.memory.lease_page import LeasePage, LeaseRow
from reactor_zmq.memory.ring import Ring
from reactor_zmq.sockets.xpub import FramesSocket
from reactor_zmq.wire.link import Frame
from reactor_zmq.wire.slot import Lane, SlotReference, encode_reference

# Beside the reserve below which frames are sent by copy, so that lane readers never cause that.
_SPARE = 2
# Slots that are written, or under way to the front end, while others are shown.
_MOVING = 2
_SWEEP_S = 0.1
# Readers' words are looked at no more often, unless the ring runs low.
_LOOK_NS = 100_000


class FrontEndLane:
    """Belongs to the front end's thread.

    Args:
        socket: Where announcements go out.
        endpoint: Of that socket; empty where it could not be bound.
        config: Of the ring that carries the model's frames.

    Attributes:
        links: How many links subscribe to each track's announcements.
    """

    def __init__(self, socket: FramesSocket, endpoint: str, config: RingConfig) -> None:
        self.socket = socket
        self._endpoint = endpoint
        self._enough = enough = config.low_slots + _SPARE
        self._page = LeasePage.create(config.slots - enough - _MOVING)
        self._holds = LaneHolds(enough)
        self._swept_s = 0.0
        self._look_ns = 0
        self.links: tuple[int, ...] = ()
        self._given_up = False
        self._pid = os.getpid()

    @property
    def where(self) -> Lane | None:
        """What clients are told."""
        if not self._endpoint:
            return None
        return Lane(self._endpoint, self._pid, self._page.fd, self._page.key)

    def announce(self, topic: bytes, header: bytes, ring: Ring, frame: Frame) -> int:
        """Tell readers where a frame lies and keep it for them; return its order."""
        order = self._holds.announce(frame.track, time.monotonic_ns())
        self._page.announce(order)
        reference = SlotReference(
            pid=self._pid,
            fd=ring.fd,
            key=ring.key,
            generation=ring.generation,
            slots=ring.slots,
            slot_nbytes=ring.slot_nbytes,
            slot=frame.slot,
            stamp=ring.stamp(frame.slot),
            order=order,
            track=frame.track,
        )
        self.socket.announce(topic, header, encode_reference(reference))
        return order

    def holds(self, order: int) -> bool:
        """Return whether a frame's slot is still kept for readers."""
        return order in self._holds

    def collect(self, free: int) -> bool:
        """Give up the slots that no reader needs; ``free`` slots are free already.

        Returns:
            Whether any was given up since the last call.
        """
        now_ns = time.monotonic_ns()
        if len(self._holds) and (free < self._enough or now_ns >= self._look_ns):
            self._look_ns = now_ns + _LOOK_NS
            rows = self._rows()
            self._release(self._holds.passed(rows, self.links))
            if self._holds.may_release(free, now_ns):
                self._release(self._holds.to_release(rows, free, now_ns))
        given_up, self._given_up = self._given_up, False
        return given_up

    def _release(self, orders: list[int]) -> None:
        if orders:
            kept = self._page.withdraw(orders)
            for order in orders:
                if order not in kept:
                    self._holds.release(order)
                    self._given_up = True

    def forget_all(self) -> None:
        """Give up everything: the rings are gone. What readers show stays as it is."""
        self._page.withdraw(self._holds.forget_all())
        self._given_up = True

    def close(self) -> None:
        """Close the page; readers keep what they have mapped."""
        self._page.close()

    def _rows(self) -> list[LeaseRow]:
        now = time.monotonic()
        if now - self._swept_s > _SWEEP_S:
            self._swept_s = now
            self._page.sweep()
        return self._page.rows()
