"""vidgear NetGear: raw frames over ZeroMQ with its own handshake, one way (PAIR)."""

from __future__ import annotations

import socket

from drawing import Pump, Rotation
from vidgear.gears import NetGear

_OPTIONS = {"jpeg_compression": False, "max_retries": 100, "request_timeout": 2}


class Producer:
    """``NetGear`` in send mode; made when a reader is there, which it waits for."""

    def __init__(self, _folder: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = str(probe.getsockname()[1])
        self.address = {"port": self._port}
        self._gear = NetGear(
            address="127.0.0.1", port=self._port, protocol="tcp", pattern=2, **_OPTIONS
        )
        self._frames = Rotation()

    def send(self, order, number, gallery) -> None:
        self._gear.send(self._frames.drawn(order, number, gallery))

    def close(self) -> None:
        self._gear.close()


class Reader:
    """``NetGear`` in receive mode, which has a queue and a thread of its own."""

    def __init__(self, address, _place: int) -> None:
        self._gear = NetGear(
            address="127.0.0.1", port=address["port"], protocol="tcp", pattern=2,
            receive_mode=True, **_OPTIONS,
        )  # fmt: skip
        self._pump = Pump(self._gear.recv)

    def take(self, timeout_s: float):
        return self._pump.take(timeout_s)

    def close(self) -> None:
        """Do nothing: its own close waits for a frame, and the process ends with this reader."""
