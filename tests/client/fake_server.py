"""A small scripted front end: real sockets, PLAIN and ZAP, as docs/protocol.md says."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import zmq

from reactor_zmq.wire.envelope import PROTOCOL_VERSION
from reactor_zmq.wire.header import FrameHeader, encode_header, frame_topic

TOKEN = "let-me-in"
TICK_MS = 5


@dataclass
class Member:
    """One client as the fake knows it."""

    id: str
    token: str
    peer: bytes | None
    name: str = ""
    scope: str = "steer"
    last_seq: int = 0
    replies: dict[int, dict[str, Any]] = field(default_factory=dict)


Answer = dict[str, Any] | None
Handler = Callable[["FakeServer", Member, dict[str, Any]], Answer]


def ok(envelope: dict[str, Any]) -> dict[str, Any]:
    """Return the bare acknowledgement of an event."""
    return {"type": "$ok", "data": {}, "id": envelope.get("id")}


def refusal(
    envelope: dict[str, Any], code: str, text: str = "", field: str | None = None
) -> Answer:
    """Return the refusal of an event."""
    data = {"code": code, "text": text, "field": field, "event": envelope["type"]}
    return {"type": "$error", "data": data, "id": envelope.get("id")}


def echo(_: FakeServer, __: Member, envelope: dict[str, Any]) -> Answer:
    """Answer an event with its own data, as the message ``echoed``."""
    return {"type": "echoed", "data": envelope["data"], "id": envelope["id"]}


class FakeServer:
    """Runs in a thread of its own until it is closed.

    Attributes:
        on: What answers an event, by its type; events not named here get ``$ok``.
        applied: Events in the order in which they were applied.
        heard: Every envelope that came, control words included.
        status: As told in ``$welcome``.
        published: Frames for input tracks: data and bytes.
        ahead_ns: So far its clock is ahead of everybody's; untold without ``tells_time``.
        swallow: Envelopes for which this is true are lost on the way in.
    """

    def __init__(self, token: str = TOKEN, events: str = "tcp://127.0.0.1:*") -> None:
        self.token = token
        self.on: dict[str, Handler] = {"echo": echo}
        self.applied: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        self.published: list[tuple[dict[str, Any], bytes]] = []
        self.members: dict[str, Member] = {}
        self.uploads: dict[str, dict[str, Any]] = {}
        self.cancelled: list[str] = []
        self.status: dict[str, Any] = {"state": "ready", "epoch": 1}
        self.fields: dict[str, Any] = {"prompt": "a sunny meadow"}
        self.topics = [{"track": "main", "kind": "video", "topic": "frame/main/"}]
        self.inputs = ["camera"]
        self.schema_hash = "abc"
        self.resumable = True
        self.tells_time = True
        self.ahead_ns = 0
        self.reply_to_hello: Callable[[dict[str, Any]], Answer | bytes] | None = None
        self.swallow: Callable[[dict[str, Any]], bool] = lambda _: False
        self.syncs_to_ignore = 0
        self.topics_asked: list[bytes] = []
        self._made = 0
        self._jobs: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._zap = self._context.socket(zmq.REP)
        self._zap.bind("inproc://zeromq.zap.01")
        self._router = self._bind_router(events)
        self._xpub = self._context.socket(zmq.XPUB)
        self._xpub.setsockopt(zmq.SNDHWM, 100)
        self._xpub.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._guard(self._xpub)
        self._xpub.bind(_twin(events))
        self.events = self._router.getsockopt_string(zmq.LAST_ENDPOINT)
        self.frames = self._xpub.getsockopt_string(zmq.LAST_ENDPOINT)
        self._over = False
        self._thread = threading.Thread(target=self._run, name="fake server", daemon=True)
        self._thread.start()

    # --- what tests do, from their own thread -------------------------------------------------

    def do(self, job: Callable[[], object]) -> None:
        """Do something in the server's thread and wait until it is done."""
        done = threading.Event()
        failed: list[BaseException] = []

        def run() -> None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - raised in the test's thread
                failed.append(error)
            finally:
                done.set()

        with self._lock:
            self._jobs.append(run)
        assert done.wait(10)
        if failed:
            raise failed[0]

    def say(self, kind: str, data: dict[str, Any] | None = None, **more: Any) -> None:
        """Send an envelope to every client."""
        part = msgspec.msgpack.encode({"type": kind, "data": data or {}, **more})
        self.say_parts([part])

    def say_parts(self, parts: Sequence[bytes]) -> None:
        """Send any parts to every client."""
        peers = [m.peer for m in self.members.values() if m.peer is not None]
        self.do(lambda: [self._router.send_multipart([peer, *parts]) for peer in peers])

    def set_status(self, **changes: Any) -> None:
        """Change the status and push it."""
        self.status = {**self.status, **changes}
        self.say("$status", self.status)

    def cut(self) -> None:
        """Drop the links of all clients; the sockets listen again at once."""

        def rebind() -> None:
            self._router.close(linger=0)
            for member in self.members.values():
                member.peer = None
            self._router = self._bind_router(self.events)

        self.do(rebind)

    def hang_up(self) -> None:
        """Drop the links of all clients and listen no more."""
        self.do(lambda: self._router.close(linger=0))

    def listen_again(self) -> None:
        """Listen where it listened before."""

        def rebind() -> None:
            self._router = self._bind_router(self.events)

        self.do(rebind)

    def forget_everybody(self) -> None:
        """Be as if started anew."""
        self.do(self.members.clear)

    def send_frame(
        self,
        seq: int,
        array: np.ndarray[Any, Any] | None = None,
        track: str = "main",
        **header: Any,
    ) -> None:
        """Send one frame to whoever subscribed."""
        picture = np.full((4, 6, 3), seq % 256, np.uint8) if array is None else array
        values = {
            "version": 1, "epoch": 1, "seq": seq, "pts_ns": seq * 1000,
            "produced_ns": time.time_ns(), "sent_ns": time.time_ns(), "shape": picture.shape,
            "dtype": picture.dtype.str, "encoding": "rgb8",
        }  # fmt: skip
        part = encode_header(FrameHeader(**{**values, **header}))
        payload = np.ascontiguousarray(picture)
        self.send_parts([frame_topic(track), part, payload.tobytes()])

    def send_parts(self, parts: Sequence[bytes]) -> None:
        """Send any parts on the frames socket."""
        self.do(lambda: self._xpub.send_multipart(parts))

    def close(self) -> None:
        """End; sockets and thread are gone afterwards."""
        self._over = True
        self._thread.join(10)
        assert not self._thread.is_alive()
        for socket in (self._router, self._xpub, self._zap):
            socket.close(linger=0)
        self._context.term()

    # --- the server's thread ------------------------------------------------------------------

    def _run(self) -> None:
        while not self._over:
            self._poll()
            with self._lock:
                jobs, self._jobs = self._jobs, []
            for job in jobs:
                job()

    def _poll(self) -> None:
        poller = zmq.Poller()
        for socket in (self._zap, self._xpub, self._router):
            if not socket.closed:
                poller.register(socket, zmq.POLLIN)
        ready = dict(poller.poll(TICK_MS))
        if self._zap in ready:
            self._judge(self._zap.recv_multipart())
        if self._xpub in ready:
            self._subscribed(self._xpub.recv())
        if self._router in ready:
            peer, part, *attachments = self._router.recv_multipart()
            self._receive(peer, msgspec.msgpack.decode(part), attachments)

    def _judge(self, request: list[bytes]) -> None:
        good = request[5:8] == [b"PLAIN", b"reactor", self.token.encode()]
        code, text = (b"200", b"OK") if good else (b"400", b"refused")
        self._zap.send_multipart([b"1.0", request[1], code, text, b"", b""])

    def _subscribed(self, message: bytes) -> None:
        if message[:1] != b"\x01":
            return
        self.topics_asked.append(message[1:])
        if message[1:].startswith(b"sync/"):
            if self.syncs_to_ignore:
                self.syncs_to_ignore -= 1
            else:
                self._xpub.send(message[1:])

    def _receive(self, peer: bytes, envelope: dict[str, Any], attachments: list[bytes]) -> None:
        self.heard.append(envelope)
        if self.swallow(envelope):
            return
        if envelope["type"] == "$hello":
            self._greet(peer, envelope)
            return
        member = next((m for m in self.members.values() if m.peer == peer), None)
        if member is None:
            self._send(peer, refusal(envelope, "unauthenticated", "say $hello first"))
        elif envelope["type"].startswith("$"):
            self._send(peer, self._control(member, envelope, attachments))
        else:
            self._send(peer, self._event(member, envelope))

    def _greet(self, peer: bytes, envelope: dict[str, Any]) -> None:
        if self.reply_to_hello is not None:
            answer = self.reply_to_hello(envelope)
            if isinstance(answer, bytes):
                self._router.send_multipart([peer, answer])
            else:
                self._send(peer, answer)
            return
        data = envelope["data"]
        member = next((m for m in self.members.values() if m.peer == peer), None)
        if data.get("resume"):
            member = self.members.get(data["resume"]) if self.resumable else None
            if member is None:
                self._send(peer, refusal(envelope, "resume_refused"))
                return
        resumed = member is not None
        if member is None:
            self._made += 1
            member = Member(f"c{self._made}", f"token{self._made}", peer)
            member.name, member.scope = data.get("name", ""), data.get("scope", "steer")
            self.members[member.token] = member
        member.peer = peer
        self._send(peer, self.welcome(member, envelope.get("id"), resumed=resumed))

    def welcome(self, member: Member, request_id: Any, *, resumed: bool = False) -> dict[str, Any]:
        """Return the ``$welcome`` for a client."""
        data = {
            "protocol": PROTOCOL_VERSION, "client": member.id, "session": "s1", "epoch": 1,
            "resume": member.token, "resume_s": 5.0, "resumed": resumed, "model": "Fake",
            "frames": self.frames, "topics": self.topics, "inputs": self.inputs,
            "schema_hash": self.schema_hash, "status": self.status, "state": self.fields,
        }  # fmt: skip
        return {"type": "$welcome", "data": data, "id": request_id}

    def _event(self, member: Member, envelope: dict[str, Any]) -> Answer:
        seq = envelope["seq"]
        if seq <= member.last_seq:
            return member.replies.get(seq)
        if seq != member.last_seq + 1:
            return refusal(envelope, "out_of_order", f"{seq}, {member.last_seq + 1} was expected")
        member.last_seq = seq
        self.applied.append(envelope)
        handler = self.on.get(envelope["type"])
        answer = handler(self, member, envelope) if handler else ok(envelope)
        if answer is not None:
            member.replies[seq] = answer
        return answer

    def _control(self, member: Member, word: dict[str, Any], attachments: list[bytes]) -> Answer:
        if word["type"].startswith("$upload"):
            return self._file(word, attachments)
        match word["type"]:
            case "$ping":
                told = {"unix_ns": time.time_ns() + self.ahead_ns} if self.tells_time else {}
                return {"type": "$pong", "data": told, "id": word.get("id")}
            case "$bye":
                self.members.pop(member.token)
                return {"type": "$bye", "data": {}, "id": word.get("id")}
            case "$schema":
                return {"type": "$schema", "data": {"openapi": "3.1.0"}, "id": word.get("id")}
            case "$publish":
                return self._publish(word, attachments[0])
        return ok(word)

    def _publish(self, word: dict[str, Any], payload: bytes) -> Answer:
        if word["data"]["track"] not in self.inputs:
            return refusal(word, "publish_refused", "no such input track", "track")
        self.published.append((word["data"], payload))
        return None

    def _file(self, word: dict[str, Any], attachments: list[bytes]) -> Answer:
        match word["type"]:
            case "$upload":
                upload_id = f"u{len(self.uploads) + 1}"
                self.uploads[upload_id] = {**word["data"], "bytes": b""}
                ready = {"upload_id": upload_id, "chunk_nbytes": 1000, "credit": 3}
                return {"type": "$upload_ready", "data": ready, "id": word["id"]}
            case "$upload_chunk":
                return self._chunk(word, attachments[0])
            case "$upload_finish":
                return self._finish_upload(word)
        self.cancelled.append(word["data"]["upload_id"])
        return ok(word)

    def _chunk(self, word: dict[str, Any], data: bytes) -> Answer:
        upload = self.uploads[word["data"]["upload_id"]]
        if word["data"]["offset"] != len(upload["bytes"]):
            return refusal(word, "upload_refused", "the chunk is out of order", "offset")
        upload["bytes"] += data
        told = {
            "upload_id": word["data"]["upload_id"],
            "received": len(upload["bytes"]),
            "credit": 1,
        }
        return {"type": "$upload_credit", "data": told, "id": word["id"]}

    def _finish_upload(self, word: dict[str, Any]) -> Answer:
        upload = self.uploads[word["data"]["upload_id"]]
        if hashlib.sha256(upload["bytes"]).hexdigest() != upload["sha256"]:
            return refusal(word, "upload_corrupt", "wrong SHA-256", "sha256")
        told = {k: upload[k] for k in ("name", "mime_type", "size")}
        told["upload_id"] = word["data"]["upload_id"]
        return {"type": "$uploaded", "data": told, "id": word["id"]}

    def _send(self, peer: bytes, answer: Answer) -> None:
        if answer is not None:
            with suppress(zmq.ZMQError):
                self._router.send_multipart([peer, msgspec.msgpack.encode(answer)])

    def _bind_router(self, endpoint: str) -> zmq.Socket[bytes]:
        router = self._context.socket(zmq.ROUTER)
        self._guard(router)
        end = time.monotonic() + 10
        while True:
            try:
                router.bind(endpoint)
            except zmq.ZMQError as error:
                # The I/O thread closes the listener of the socket before in its own time.
                if error.errno != zmq.EADDRINUSE or time.monotonic() > end:
                    router.close()
                    raise
            else:
                return router

    @staticmethod
    def _guard(socket: zmq.Socket[bytes]) -> None:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.PLAIN_SERVER, 1)
        socket.setsockopt(zmq.ZAP_DOMAIN, b"reactor")
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def _twin(endpoint: str) -> str:
    return f"{endpoint}.frames" if endpoint.startswith("ipc://") else "tcp://127.0.0.1:*"
