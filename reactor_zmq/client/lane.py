"""Frames by reference: rings mapped read-only (docs/adr/0007-same-host-lane.md)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory.lease_holder import LeaseHolder, SlotPlace
from reactor_zmq.memory.lease_page import NAME as LEASES
from reactor_zmq.memory.lease_page import LeasePage
from reactor_zmq.memory.neighbour import open_memory
from reactor_zmq.memory.ring import NAME as RING
from reactor_zmq.memory.ring import Ring
from reactor_zmq.wire.header import FrameHeader
from reactor_zmq.wire.slot import Lane, SlotReference

# One ring may have gone before we came to it; several in a row mean that none can be had.
_MOST_FAILURES = 8
# Mapped rings: the newest, and the one whose last frames may still be announced.
_KEPT_RINGS = 2

_RingName = tuple[int, int, int, int, int, int]


class LaneReader:
    """One viewer's way to the frames of a front end on this machine; used by one thread at a time.

    Attributes:
        endpoint: Where frames are announced.
        reused: Frames whose slots had been used again before they could be shown; each is a gap.
        broken: Whether rings can't be had, so that the socket has to serve.
    """

    def __init__(self, lane: Lane, *, every: bool) -> None:
        self.endpoint = lane.endpoint
        self.reused = 0
        self.broken = False
        self._failures = 0
        self._rings: dict[_RingName, Ring] = {}
        fd = open_memory(lane.pid, lane.fd, LEASES, writable=True)
        try:
            self._holder = LeaseHolder(LeasePage.attach(fd, lane.key), every=every)
        except BaseException:
            os.close(fd)
            raise

    def array(self, header: FrameHeader, reference: SlotReference) -> NDArray[Any] | None:
        """Return a frame as a read-only array that stays as it is, or None if it is gone."""
        ring = self._ring(reference)
        array = None
        if ring is not None:
            place = SlotPlace(reference.slot, reference.stamp, reference.order)
            array = self._holder.array(ring, place, header.shape, np.dtype(header.dtype))
            self.reused += array is None
        # Only when it is leased or copied: the front end does not keep it for us from here on.
        self._holder.took(reference.track, reference.order)
        return array

    def close(self) -> None:
        """Close what was opened; arrays handed out stay valid."""
        self._holder.close()
        self._drop_rings(0)

    def _ring(self, reference: SlotReference) -> Ring | None:
        name = (
            reference.pid,
            reference.fd,
            reference.key,
            reference.generation,
            reference.slots,
            reference.slot_nbytes,
        )
        ring = self._rings.get(name)
        if ring is None:
            ring = _observe(reference)
            if ring is None:
                self._failures += 1
                self.broken = self._failures >= _MOST_FAILURES
                return None
            self._rings[name] = ring
            self._drop_rings(_KEPT_RINGS)
        self._failures = 0
        return ring

    def _drop_rings(self, kept: int) -> None:
        while len(self._rings) > kept:
            self._rings.pop(next(iter(self._rings))).close()


def open_lane(lane: Lane | None, *, every: bool) -> LaneReader | str:
    """Return the way to a front end's frames, or in words why there is none."""
    if lane is None:
        return "the runtime offers none"
    try:
        return LaneReader(lane, every=every)
    except (OSError, ValueError) as error:
        return f"its memory can't be opened from here: {error}"


def _observe(reference: SlotReference) -> Ring | None:
    try:
        fd = open_memory(reference.pid, reference.fd, RING)
    except OSError:
        return None
    try:
        ring = Ring.observe(fd, reference.slots, reference.slot_nbytes, reference.generation)
    except (OSError, ValueError):
        os.close(fd)
        return None
    if ring.key != reference.key:
        ring.close()
        return None
    return ring
