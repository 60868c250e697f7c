"""A ZMTP 3 peer written by hand: it gets in with the token, and sends what no library would.

For tests of how a runtime takes hostile or broken peers; see https://rfc.zeromq.org/spec/23/.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Callable
from typing import Self

MORE, LONG, COMMAND = 1, 2, 4
_SHORT_NBYTES = 255
_GREETING_NBYTES = 64
DEADLINE_S = 10.0


def greeting(mechanism: bytes = b"PLAIN", version: tuple[int, int] = (3, 0)) -> bytes:
    """Return the 64 bytes with which a ZMTP 3 peer begins."""
    head = b"\xff" + bytes(8) + b"\x7f" + bytes(version)
    return head + mechanism.ljust(20, b"\0") + bytes(32)


def frame(body: bytes, flags: int = 0) -> bytes:
    """Return one part, or with ``COMMAND`` a command, as it goes over the wire."""
    if len(body) <= _SHORT_NBYTES:
        return bytes([flags, len(body)]) + body
    return bytes([flags | LONG]) + struct.pack(">Q", len(body)) + body


def multipart(*parts: bytes) -> bytes:
    """Return one message as it goes over the wire."""
    last = len(parts) - 1
    return b"".join(frame(part, MORE if n < last else 0) for n, part in enumerate(parts))


def command(name: bytes, body: bytes = b"") -> bytes:
    """Return one command."""
    return frame(bytes([len(name)]) + name + body, COMMAND)


def hello(token: str, user: bytes = b"reactor") -> bytes:
    """Return PLAIN's HELLO with these credentials."""
    secret = token.encode()
    return command(b"HELLO", bytes([len(user)]) + user + bytes([len(secret)]) + secret)


def initiate(**properties: bytes) -> bytes:
    """Return PLAIN's INITIATE with these properties; ``_`` in a name stands for ``-``."""
    body = b""
    for name, value in properties.items():
        key = name.replace("_", "-").encode()
        body += bytes([len(key)]) + key + struct.pack(">I", len(value)) + value
    return command(b"INITIATE", body)


class RawPeer:
    """One connection, as bytes; nothing is said that isn't asked for.

    Args:
        endpoint: ``tcp://HOST:PORT``.
        turn: Called while it waits for the other side's thread, where that is the caller's own.
    """

    def __init__(self, endpoint: str, turn: Callable[[], object] | None = None) -> None:
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self._turn = turn or (lambda: None)
        self.socket = socket.create_connection((host, int(port)), timeout=DEADLINE_S)
        if turn is not None:
            self.socket.settimeout(0.01)
        self._patience = 1000 if turn is not None else 1

    @classmethod
    def greeted(
        cls,
        endpoint: str,
        token: str,
        kind: bytes,
        turn: Callable[[], object] | None = None,
        **properties: bytes,
    ) -> Self:
        """Return a peer that has shaken hands as a socket of this kind."""
        peer = cls(endpoint, turn)
        try:
            peer.write(greeting())
            peer.read(_GREETING_NBYTES)
            peer.write(hello(token))
            peer.read_frame()
            peer.write(initiate(Socket_Type=kind, **properties))
            peer.read_frame()
        except BaseException:
            peer.close()
            raise
        return peer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Send bytes as they are.

        Raises:
            OSError: The other side has closed, or takes nothing for 10 s.
        """
        self.socket.sendall(data)

    def send(self, *parts: bytes) -> None:
        """Send one message."""
        self.write(multipart(*parts))

    def flood(self, data: bytes) -> bool:
        """Send bytes as they are and drop what comes; return False once the other side has closed.

        Raises:
            TimeoutError: It takes and sends nothing for 10 s.
        """
        view = memoryview(data)
        with contextlib.suppress(ConnectionError):
            while view:
                comes, goes, _ = select.select([self.socket], [self.socket], [], DEADLINE_S)
                if comes and not self.socket.recv(65_536):
                    return False
                if goes:
                    view = view[self.socket.send(view) :]
                elif not comes:
                    raise TimeoutError("nothing was taken for 10 s")
        return not view

    def read(self, nbytes: int) -> bytes:
        """Return so many bytes.

        Raises:
            ConnectionError: The other side closed before.
            TimeoutError: Nothing came for 10 s.
        """
        found = b""
        while len(found) < nbytes:
            chunk = self._chunk(nbytes - len(found))
            if not chunk:
                raise ConnectionError("the other side has closed")
            found += chunk
        return found

    def read_frame(self) -> tuple[int, bytes]:
        """Return the flags and the body of the next part or command."""
        flags, size = self.read(2)
        if flags & LONG:
            size = int.from_bytes(bytes([size]) + self.read(7))
        return flags, self.read(size)

    def receive(self) -> list[bytes]:
        """Return the next message; commands are skipped."""
        parts: list[bytes] = []
        while True:
            flags, body = self.read_frame()
            if flags & COMMAND:
                continue
            parts.append(body)
            if not flags & MORE:
                return parts

    def read_to_end(self) -> bytes:
        """Return all that comes until the other side closes.

        Raises:
            TimeoutError: It does not close.
        """
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := self._chunk(65_536):
                found += chunk
        return found

    def reset(self) -> None:
        """Close so that the other side sees a reset, whatever is under way."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def _chunk(self, nbytes: int) -> bytes:
        for _ in range(self._patience):
            self._turn()
            with contextlib.suppress(TimeoutError):
                return self.socket.recv(nbytes)
        raise TimeoutError("nothing came for 10 s")
