"""The runtime's own readers and askers, as the benchmark drives them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal, cast

import zmq

import reactor_zmq
from reactor_zmq.benchmark.bare import ANSWER_MS, hello, ping, pong
from reactor_zmq.benchmark.pictures import Picture
from reactor_zmq.benchmark.tasks import Address
from reactor_zmq.wire.connection_file import decode_connection_file

_READY_S = 20.0
_STEP_S = 0.05


class FramesOf:
    """``Client.frames``: each frame where they are counted, the newest where they are paced."""

    def __init__(
        self, client: reactor_zmq.Client, transport: Literal["lane", "socket"], *, every: bool
    ) -> None:
        self._frames = client.frames(
            "main_video", every=every, timeout=_STEP_S, transport=transport
        )
        self._frame: Any = None
        if self._frames.transport != transport:
            raise RuntimeError(f"frames came by {self._frames.transport}, not by {transport}")

    def take(self, timeout_s: float) -> Picture | None:
        """Return the next frame's array."""
        # The slot that it lies in may be filled again from here on.
        self._frame = None
        until = time.monotonic() + timeout_s
        while True:
            try:
                self._frame = next(self._frames)
            except TimeoutError:
                if time.monotonic() >= until:
                    return None
            else:
                return self._frame.array

    def close(self) -> None:
        """Close the iterator; the client stays."""
        self._frame = None
        self._frames.close()


class ClientFrames(FramesOf):
    """The same with a client of its own."""

    def __init__(self, address: Address, _place: int) -> None:
        self._client = reactor_zmq.connect(address["file"])
        self._client.wait_ready(_READY_S)
        transport = cast("Literal['lane', 'socket']", address["transport"])
        super().__init__(self._client, transport, every=address.get("every") == "yes")

    def close(self) -> None:
        """Leave."""
        super().close()
        self._client.close()


class ClientEvents:
    """``Client.send``: an event and the reply of its handler."""

    def __init__(self, address: Address) -> None:
        self._client = reactor_zmq.connect(address["file"])
        self._client.wait_ready(_READY_S)

    def ask(self, value: int) -> int:
        """Return the value in the reply."""
        return self._client.send("ping", value=value).value

    def pipeline(self, count: int, _window: int) -> int:
        """Post, and wait for the last one's reply: the runtime answers in order."""
        for value in range(count - 1):
            self._client.post("ping", value=value)
        return count if self.ask(count - 1) == count - 1 else 0

    def close(self) -> None:
        """Leave."""
        self._client.close()


class RawEvents:
    """A DEALER that speaks the protocol without the client library."""

    def __init__(self, address: Address) -> None:
        found = decode_connection_file(Path(address["file"]).read_bytes())
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger, self._socket.rcvtimeo = 0, ANSWER_MS
        self._socket.plain_username, self._socket.plain_password = b"reactor", found.token.encode()
        self._socket.connect(found.events)
        self._socket.send(hello())
        self._socket.recv()

    def ask(self, value: int) -> int:
        """Return the value in the reply."""
        self._socket.send(ping(value))
        return self._answer()

    def pipeline(self, count: int, window: int) -> int:
        """Keep ``window`` unanswered; return how many replies are right."""
        right = 0
        for n in range(count + window):
            if n < count:
                self._socket.send(ping(n))
            if n >= window:
                right += self._answer() == n - window
        return right

    def _answer(self) -> int:
        # What has no value is no reply: a status, told unasked.
        while (value := pong(self._socket.recv())) < 0:
            pass
        return value

    def close(self) -> None:
        """Leave."""
        self._context.destroy(linger=0)
