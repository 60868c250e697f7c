"""pynng: nanomsg next generation, a pair over ipc."""

from __future__ import annotations

import pynng
from drawing import drawn, shaped

from reactor_zmq.benchmark.pictures import shape_of

_DEPTH = 8


class Producer:
    """``Pair0``; ``send`` copies."""

    def __init__(self, folder: str) -> None:
        self.address = {"at": f"ipc://{folder}/pair"}
        self._socket = pynng.Pair0(listen=self.address["at"], send_buffer_size=_DEPTH)
        self._socket.send_timeout = 1000

    def send(self, order, number, gallery) -> None:
        try:
            self._socket.send(drawn(order, number, gallery).tobytes())
        except pynng.Timeout:
            return

    def close(self) -> None:
        self._socket.close()


class Reader:
    """``Pair0``."""

    def __init__(self, address, _place: int) -> None:
        self._socket = pynng.Pair0(dial=address["at"], recv_buffer_size=_DEPTH)
        self._socket.recv_max_size = 0
        self._shape = shape_of(address["size"])

    def take(self, timeout_s: float):
        self._socket.recv_timeout = int(timeout_s * 1000)
        try:
            data = self._socket.recv()
        except pynng.Timeout:
            return None
        return shaped(data, self._shape)

    def close(self) -> None:
        self._socket.close()
