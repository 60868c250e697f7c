"""The two sockets of one link to a front end; used by the link's thread alone."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import zmq

from reactor_zmq_ros2.discovery import Run
from reactor_zmq_ros2.viewer import Shown, Viewer, received

BACKLOG = 8  # published frames that wait for the front end; more would be old news
GOODBYE_MS = 200

Envelopes = deque[tuple[dict[str, Any], Any]]
Given = dict[str, tuple[dict[str, Any], Any]]


class Sockets:
    """A DEALER, and a viewer for as long as there is a track to watch."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], run: Run) -> None:
        self.run = run
        self._context = context
        self._events = self._socket(zmq.DEALER)
        self._events.sndhwm = BACKLOG
        self._events.connect(run.events)
        self._viewer: Viewer | None = None

    def close(self) -> None:
        """Close both."""
        self._events.close(linger=GOODBYE_MS)
        self._unwatch()

    def wait(self, wake: socket.socket, timeout_ms: int, *, blocked: bool) -> None:
        """Return when something came, when ``wake`` has bytes, or when ``blocked`` is over."""
        interest = zmq.POLLIN | zmq.POLLOUT if blocked else zmq.POLLIN
        polled: list[Any] = [(wake, zmq.POLLIN), (self._events, interest)]
        if self._viewer is not None:
            polled.append((self._viewer.socket, zmq.POLLIN))
        zmq.zmq_poll(polled, timeout_ms)

    def send(self, waiting: Envelopes) -> bool:
        """Send what waits; False when the link takes no more for now."""
        while waiting:
            envelope, attachment = waiting[0]
            if not self._put(envelope, attachment):
                return False
            waiting.popleft()
        return True

    def give(self, frames: Given) -> bool:
        """Send the newest frame of each input track; False when the link takes no more for now."""
        for track in list(frames):
            data, samples = frames[track]
            if not self._put({"type": "$publish", "data": data}, samples):
                return False
            if frames[track][0] is data:  # else another thread has given a newer one
                del frames[track]
        return True

    def heard(self) -> list[dict[str, Any]]:
        """Return every envelope that is there."""
        return [json.loads(parts[0]) for parts in received(self._events, copy=True)]

    def follow(self, endpoint: str, lane: Mapping[str, Any] | None, tracks: frozenset[str]) -> None:
        """Subscribe to exactly these tracks; without any, be no viewer at all.

        ``endpoint`` and ``lane`` are those of the `$welcome`, empty before it.
        """
        if not tracks or not endpoint:
            self._unwatch()
            return
        if self._viewer is None:
            self._viewer = Viewer(self._subscriber, endpoint, lane)
        self._viewer.follow(tracks)

    def recent(self) -> Iterator[Shown]:
        """Yield the last frames that have come of each track, oldest first."""
        if self._viewer is not None:
            yield from self._viewer.recent()

    def _unwatch(self) -> None:
        if self._viewer is not None:
            self._viewer.close()
        self._viewer = None

    def _subscriber(self, endpoint: str, queue_limit: int) -> zmq.Socket[bytes]:
        made = self._socket(zmq.SUB)
        made.rcvhwm = queue_limit
        made.connect(endpoint)
        return made

    def _put(self, envelope: dict[str, Any], attachment: Any) -> bool:
        parts: list[Any] = [json.dumps(envelope, ensure_ascii=False).encode()]
        if attachment is not None:
            parts.append(attachment)
        try:
            self._events.send_multipart(parts, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        made = self._context.socket(kind)
        made.linger = 0
        made.plain_username, made.plain_password = b"reactor", self.run.token.encode()
        return made
