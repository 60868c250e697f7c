"""portal: numpy arrays as the results of calls over tcp."""

from __future__ import annotations

import collections
import contextlib
import socket

import portal
from drawing import Waiting, drawn

_AHEAD = 4


class Producer:
    """A server whose method waits for the next frame."""

    def __init__(self, _folder: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = {"port": str(port)}
        self._frames = Waiting()
        self._server = portal.Server(port, "bench")
        self._server.bind("frame", self._frame)
        self._server.start(block=False)

    def _frame(self):
        frame = None
        while frame is None:
            frame = self._frames.get(0.05)
        return frame

    def send(self, order, number, gallery) -> None:
        self._frames.put(drawn(order, number, gallery).copy())

    def close(self) -> None:
        with contextlib.suppress(Exception):  # its threads are daemons
            self._server.close(timeout=1)


class Reader:
    """A client that has four calls under way."""

    def __init__(self, address, _place: int) -> None:
        self._client = portal.Client(f"127.0.0.1:{address['port']}", "bench")
        self._calls: collections.deque = collections.deque()

    def take(self, timeout_s: float):
        while len(self._calls) < _AHEAD:
            self._calls.append(self._client.frame())
        try:
            frame = self._calls[0].result(timeout=timeout_s)
        except TimeoutError:
            return None
        self._calls.popleft()
        return frame

    def close(self) -> None:
        with contextlib.suppress(Exception):  # calls are still under way
            self._client.close(timeout=1)
