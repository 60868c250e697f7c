"""imagezmq: OpenCV images over ZeroMQ, PUB/SUB or REQ/REP."""

from __future__ import annotations

import socket

import imagezmq
import zmq
from drawing import Rotation


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Producer:
    """``ImageSender``; in REQ/REP the hub answers each image, so one is under way at a time."""

    def __init__(self, _folder: str, pattern: str) -> None:
        self._port = _free_port()
        self._asks = pattern == "reqrep"
        self.address = {"connect": f"tcp://127.0.0.1:{self._port}", "pattern": pattern}
        where = f"tcp://127.0.0.1:{self._port}"
        self._sender = imagezmq.ImageSender(connect_to=where, REQ_REP=self._asks)
        self._sender.zmq_socket.linger = 0
        # A reader that has gone must not hold the producer for ever.
        self._sender.zmq_socket.setsockopt(zmq.RCVTIMEO, 1000)
        self._sender.zmq_socket.setsockopt(zmq.REQ_RELAXED, 1) if self._asks else None
        self._frames = Rotation()

    def send(self, order, number, gallery) -> None:
        try:
            self._sender.send_image("bench", self._frames.drawn(order, number, gallery))
        except zmq.Again:
            return

    def close(self) -> None:
        self._sender.zmq_socket.close()


class Reader:
    """``ImageHub``; it answers an image when the next one is wanted."""

    def __init__(self, address, _place: int) -> None:
        self._asks = address["pattern"] == "reqrep"
        where = address["connect"]
        if self._asks:
            where = where.replace("127.0.0.1", "*")
        self._hub = imagezmq.ImageHub(open_port=where, REQ_REP=self._asks)
        self._hub.zmq_socket.linger = 0

    def take(self, timeout_s: float):
        if not self._hub.zmq_socket.poll(int(timeout_s * 1000)):
            return None
        _, image = self._hub.recv_image()
        if self._asks:
            self._hub.send_reply(b"OK")
        return image

    def close(self) -> None:
        self._hub.zmq_socket.close()
