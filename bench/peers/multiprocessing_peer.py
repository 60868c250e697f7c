"""multiprocessing: arrays pickled through a Unix socket, as ``Pipe`` and ``Queue`` do it."""

from __future__ import annotations

import threading
from multiprocessing.connection import Client, Connection, Listener

from drawing import drawn


class Producer:
    """``Connection.send``, to whoever connected last."""

    def __init__(self, folder: str) -> None:
        self.address = {"at": f"{folder}/pipe"}
        self._listener = Listener(self.address["at"], "AF_UNIX")
        self._reader: Connection | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self._reader = self._listener.accept()
            except OSError:
                return

    def send(self, order, number, gallery) -> None:
        try:
            if self._reader is not None:
                self._reader.send(drawn(order, number, gallery))
        except OSError:
            self._reader = None

    def close(self) -> None:
        self._listener.close()


class Reader:
    """``Connection.recv``."""

    def __init__(self, address, _place: int) -> None:
        self._pipe = Client(address["at"], "AF_UNIX")

    def take(self, timeout_s: float):
        return self._pipe.recv() if self._pipe.poll(timeout_s) else None

    def close(self) -> None:
        self._pipe.close()
