"""A raw DEALER and a raw SUB: what any ZeroMQ binding can do with docs/protocol.md in hand."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from typing import Any

import msgspec
import zmq

from reactor_zmq.wire.connection_file import ConnectionFile
from reactor_zmq.wire.header import FrameHeader, decode_header

DEADLINE_MS = 10_000


class RawClient:
    """A DEALER that speaks JSON or MessagePack by hand."""

    def __init__(
        self,
        context: zmq.Context[Any],
        connection: ConnectionFile,
        *,
        packed: bool = False,
        token: str | None = None,
        kind: int = zmq.DEALER,
    ) -> None:
        self.socket = context.socket(kind)
        self.socket.linger = 500
        self.socket.plain_username = b"reactor"
        self.socket.plain_password = (connection.token if token is None else token).encode()
        self.socket.connect(connection.events)
        self.packed = packed
        self._ids = itertools.count(1)

    def say(self, kind: str, data: Any = None, *attached: bytes, **more: Any) -> None:
        envelope = {"type": kind, **({} if data is None else {"data": data}), **more}
        encode = msgspec.msgpack.encode if self.packed else msgspec.json.encode
        self.socket.send_multipart([encode(envelope), *attached])

    def hear(self, deadline_ms: int = DEADLINE_MS) -> dict[str, Any]:
        """Return the next envelope."""
        assert self.socket.poll(deadline_ms), "nothing was said in time"
        part = self.socket.recv_multipart()[-1]
        if part[:1] == b"{":
            return msgspec.json.decode(part)
        return msgspec.msgpack.decode(part)

    def hear_until(self, kind: str, **where: Any) -> dict[str, Any]:
        """Skip to the next envelope of a type whose data has these values."""
        for _ in range(10_000):
            heard = self.hear()
            if heard["type"] == kind and where.items() <= heard["data"].items():
                return heard
        raise AssertionError(f"{kind} with {where} was never said")

    def ask(self, kind: str, data: Any = None, *attached: bytes, **more: Any) -> dict[str, Any]:
        """Say something with an id and return its one reply."""
        number = next(self._ids)
        self.say(kind, data, *attached, id=number, **more)
        while True:
            heard = self.hear()
            if heard.get("id") == number:
                return heard

    def hello(self, **data: Any) -> dict[str, Any]:
        reply = self.ask("$hello", {"protocol": 1, **data})
        assert reply["type"] == "$welcome", reply
        return reply["data"]

    def wait_ready(self) -> None:
        """Return when the model takes events."""
        status = self.ask("$status")
        while status["data"]["state"] in ("loading", "restarting"):
            status = self.hear_until("$status")

    def upload(self, data: bytes, name: str = "file.bin") -> dict[str, str]:
        """Upload a file and return the reference to it."""
        digest = hashlib.sha256(data).hexdigest()
        ready = self.ask("$upload", {"name": name, "size": len(data), "sha256": digest})["data"]
        for offset in range(0, len(data), ready["chunk_nbytes"]):
            word = {"upload_id": ready["upload_id"], "offset": offset}
            self.ask("$upload_chunk", word, data[offset : offset + ready["chunk_nbytes"]])
        done = self.ask("$upload_finish", {"upload_id": ready["upload_id"]})
        assert done["type"] == "$uploaded", done
        return {"upload_id": ready["upload_id"]}


class RawViewer:
    """A SUB that decodes headers."""

    def __init__(
        self,
        context: zmq.Context[Any],
        connection: ConnectionFile,
        *topics: str,
        token: str | None = None,
        hwm: int = 1000,
        live: bool = True,
    ) -> None:
        self.socket = context.socket(zmq.SUB)
        self.socket.linger = 0
        self.socket.rcvhwm = hwm
        self.socket.plain_username = b"reactor"
        self.socket.plain_password = (connection.token if token is None else token).encode()
        self.socket.connect(connection.frames)
        for topic in topics:
            self.socket.subscribe(topic)
        if live:
            self.sync()

    def sync(self) -> None:
        """Return when every subscription made so far is live."""
        topic = b"sync/" + secrets.token_hex(8).encode()
        self.socket.subscribe(topic)
        while True:
            assert self.socket.poll(DEADLINE_MS), "the subscription never became live"
            if self.socket.recv_multipart()[0] == topic:
                self.socket.unsubscribe(topic)
                return

    def next(self, deadline_ms: int = DEADLINE_MS) -> tuple[FrameHeader, bytes]:
        """Return the next frame's header and payload."""
        assert self.socket.poll(deadline_ms), "no frame came in time"
        _, header, payload = self.socket.recv_multipart()
        return decode_header(header, len(payload)), payload
