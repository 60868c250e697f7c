"""A ZMTP 3.0 peer written by hand: with the token it gets in, and sends what no library would."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Self

_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"PLAIN".ljust(20, b"\0") + bytes(32)
_MORE, _LONG, _COMMAND = 1, 2, 4
_SHORT_NBYTES = 255


class ZmtpPeer:
    """A connection that has shaken hands.

    Args:
        kind: The socket type that it claims to have.
        metadata: More properties, encoded.
        turn: Called while it waits for the other side's thread, which may be the caller's own.
    """

    def __init__(
        self,
        endpoint: str,
        token: str,
        kind: bytes,
        turn: Callable[[], object],
        metadata: bytes = b"",
    ) -> None:
        host, port = endpoint.removeprefix("tcp://").split(":")
        self._turn = turn
        self._socket = socket.create_connection((host, int(port)), timeout=5)
        self._socket.settimeout(0.01)
        self._socket.sendall(_GREETING)
        self._receive(len(_GREETING))
        secret = token.encode()
        self._command(b"\x05HELLO\x07reactor" + bytes([len(secret)]) + secret)
        self._answer()
        self._command(
            b"\x08INITIATE\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind + metadata
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *parts: bytes) -> None:
        """Send one multipart."""
        last = len(parts) - 1
        frames = (_frame(_MORE if n < last else 0, part) for n, part in enumerate(parts))
        self._socket.sendall(b"".join(frames))

    def _command(self, body: bytes) -> None:
        self._socket.sendall(_frame(_COMMAND, body))

    def _answer(self) -> bytes:
        flags, size = self._receive(2)
        if flags & _LONG:
            size = int.from_bytes(bytes([size]) + self._receive(7))
        return self._receive(size)

    def _receive(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            self._turn()
            try:
                chunk = self._socket.recv(size - len(found))
            except TimeoutError:
                continue
            assert chunk, "the other side closed"
            found += chunk
        return found


def _frame(flags: int, body: bytes) -> bytes:
    if len(body) <= _SHORT_NBYTES:
        return bytes([flags, len(body)]) + body
    return bytes([flags | _LONG]) + struct.pack(">Q", len(body)) + body
