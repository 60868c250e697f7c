"""The frames of one run: by reference where its memory can be opened, else through the socket."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import zmq

from reactor_zmq_ros2.frames import Header, read_header
from reactor_zmq_ros2.lane import Lane, Samples, open_lane

RECENT = 2  # frames of a track that are shown when this side comes late; older ones are gaps
ANNOUNCED = 1000  # references are small: none waits in the sender's queue
LIVE_S = 2.0  # a lane that has not answered by then can't be reached from here
_FRAME_PARTS = 3

Shown = tuple[str, Header, Samples]
Connect = Callable[[str, int], "zmq.Socket[bytes]"]


class Viewer:
    """A SUB for the tracks that somebody watches; used by the link's thread alone.

    Args:
        connect: Return a SUB that is connected to an endpoint, with this RCVHWM.
        endpoint: Of the frames socket.
        lane: Of the front end's `$welcome`, None where it offers none.
    """

    def __init__(self, connect: Connect, endpoint: str, lane: Mapping[str, Any] | None) -> None:
        self._connect, self._endpoint = connect, endpoint
        self._tracks: frozenset[str] = frozenset()
        self._lane = open_lane(lane)
        self._live_by = time.monotonic() + LIVE_S
        if self._lane:
            self.socket = connect(self._lane.endpoint, ANNOUNCED)
            self.socket.subscribe(b"sync/" + secrets.token_hex(12).encode())
        else:
            self.socket = connect(endpoint, RECENT)

    @property
    def lane(self) -> Lane | None:
        """The way to the memory that frames are read from; None where they are received."""
        return self._lane

    def close(self) -> None:
        """Close the socket; samples stay readable."""
        self.socket.close(linger=0)

    def follow(self, tracks: frozenset[str]) -> None:
        """Subscribe to exactly these tracks."""
        for track in tracks - self._tracks:
            self.socket.subscribe(self._topic(track))
        for track in self._tracks - tracks:
            self.socket.unsubscribe(self._topic(track))
        self._tracks = tracks

    def recent(self) -> Iterator[Shown]:
        """Yield the last frames that have come of each track, oldest first."""
        found: dict[bytes, deque[Any]] = {}
        for parts in received(self.socket, copy=False):
            if len(parts) == _FRAME_PARTS:
                found.setdefault(parts[0].bytes, deque(maxlen=RECENT)).append(parts)
            else:
                self._live_by = float("inf")  # the lane has answered
        for topic, frames in found.items():
            track = topic.split(b"/")[1].decode()
            for _, header, last in frames:
                with contextlib.suppress(ValueError):  # what is no frame is left out
                    yield from self._shown(track, read_header(header.bytes), last)
        if self._lane and (self._lane.broken or time.monotonic() > self._live_by):
            self._fall_back()

    def _shown(self, track: str, header: Header, last: Any) -> Iterator[Shown]:
        if self._lane:
            samples = self._lane.samples(last.bytes, header.nbytes)
        else:
            samples = Samples(last.buffer)
        if samples:
            yield track, header, samples

    def _topic(self, track: str) -> bytes:
        return f"{'slot' if self._lane else 'frame'}/{track}/".encode()

    def _fall_back(self) -> None:
        """Go over to the socket; what is missed on the way is a gap."""
        tracks, self._tracks = self._tracks, frozenset()
        self.close()
        self._lane = None
        self.socket = self._connect(self._endpoint, RECENT)
        self.follow(tracks)


def received(source: zmq.Socket[bytes], *, copy: bool) -> Iterator[list[Any]]:
    """Yield every multipart that is there."""
    with contextlib.suppress(zmq.Again):
        while True:
            yield source.recv_multipart(zmq.NOBLOCK, copy=copy)
