"""Bare pyzmq with the runtime's own socket options: the ceilings of its socket paths.

One option differs: where the runtime lets two frames wait for a viewer, these sockets hold all
that are under way, so that a ceiling drops none.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Any

import msgspec
import numpy as np
import zmq
from msgspec import Struct

from reactor_zmq.benchmark.orders import Order
from reactor_zmq.benchmark.pictures import Gallery, Picture, stamp
from reactor_zmq.benchmark.tasks import Address

_TOPIC = b"frame/main_video/"
# As long as the runtime's header is.
_HEADER = struct.Struct("=iii48x")
_SLOTS = 8
_QUEUE = 16
ANSWER_MS = 10_000
_BIND = {"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://{folder}/{name}"}


class _Envelope(Struct):
    type: str
    data: dict[str, Any] = {}
    id: int | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Envelope)


class Publisher:
    """A PUB that sends ``[topic, header, payload]`` from where the payload lies.

    Memory is used again when its tracker is done, the last used first. An array is copied there
    first, as any sender must whose producer goes on writing into it.
    """

    def __init__(self, folder: str, scheme: str, curve: str = "") -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.sndhwm, self._socket.linger = _QUEUE, 0
        public = _serve_curve(self._socket) if curve else ""
        self._socket.bind(_BIND[scheme].format(folder=folder, name="bare-frames"))
        where = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.address = {"frames": where, "server_key": public}
        self._free: list[Picture] = []
        self._lent: deque[tuple[zmq.MessageTracker, Picture]] = deque()
        self._shape: tuple[int, ...] = ()

    def send(self, order: Order, number: int, gallery: Gallery) -> None:
        """Send one frame."""
        buffer = self._buffer(order.shape)
        if not order.lend:
            np.copyto(buffer, gallery.at(order.shape, number))
        stamp(buffer, number)
        self._socket.send(_TOPIC, zmq.SNDMORE)
        self._socket.send(_HEADER.pack(*order.shape), zmq.SNDMORE)
        tracker = self._socket.send(buffer.data, copy=False, track=True)
        self._lent.append((tracker, buffer))

    def _buffer(self, shape: tuple[int, ...]) -> Picture:
        if shape != self._shape:
            self._shape, self._free = shape, [np.zeros(shape, np.uint8) for _ in range(_SLOTS)]
            self._lent.clear()
        while self._lent and (self._lent[0][0].done or not self._free):
            tracker, buffer = self._lent.popleft()
            tracker.wait()
            self._free.append(buffer)
        return self._free.pop()

    def close(self) -> None:
        """Close the socket."""
        self._context.destroy(linger=0)


class Subscriber:
    """A SUB that receives payloads without copying them."""

    def __init__(self, address: Address, _index: int) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.rcvhwm, self._socket.linger = _QUEUE, 0
        self._socket.subscribe(_TOPIC)
        if address["server_key"]:
            _meet_curve(self._socket, address["server_key"])
        self._socket.connect(address["frames"])
        self._timeout_ms = -1

    def take(self, timeout_s: float) -> Picture | None:
        """Return the next frame as an array over the received bytes."""
        if self._timeout_ms != (timeout_ms := int(timeout_s * 1000)):
            self._timeout_ms = self._socket.rcvtimeo = timeout_ms
        try:
            _, header, payload = self._socket.recv_multipart(copy=False)
        except zmq.Again:
            return None
        return np.frombuffer(payload.buffer, np.uint8).reshape(_HEADER.unpack(header.buffer))

    def close(self) -> None:
        """Close the socket."""
        self._context.destroy(linger=0)


def _serve_curve(socket: zmq.Socket[bytes]) -> str:
    """Let a socket speak CURVE to whoever knows its public key; return that key."""
    public, secret = zmq.curve_keypair()
    socket.curve_server, socket.curve_secretkey = True, secret
    return public.decode()


def _meet_curve(socket: zmq.Socket[bytes], server_key: str) -> None:
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
    socket.curve_serverkey = server_key.encode()


class Router:
    """A ROUTER that sends every message back, in a blocking poll loop."""

    def __init__(self, folder: str, scheme: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.bind(_BIND[scheme].format(folder=folder, name="bare-events"))
        self.address = {"events": self._socket.getsockopt_string(zmq.LAST_ENDPOINT)}

    def answer(self, timeout_s: float) -> None:
        """Send back what comes, until nothing does."""
        while self._socket.poll(int(timeout_s * 1000)):
            self._socket.send_multipart(self._socket.recv_multipart())

    def close(self) -> None:
        """Close the socket."""
        self._context.destroy(linger=0)


class Dealer:
    """A DEALER that asks with an envelope as the runtime's events have."""

    def __init__(self, address: Address) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger, self._socket.rcvtimeo = 0, ANSWER_MS
        self._socket.connect(address["events"])

    def ask(self, value: int) -> int:
        """Return the value that came back."""
        self._socket.send(ping(value))
        return pong(self._socket.recv())

    def pipeline(self, count: int, window: int) -> int:
        """Keep ``window`` unanswered; return how many came back as they were sent."""
        right = 0
        for n in range(count + window):
            if n < count:
                self._socket.send(ping(n))
            if n >= window:
                right += pong(self._socket.recv()) == n - window
        return right

    def close(self) -> None:
        """Close the socket."""
        self._context.destroy(linger=0)


def ping(value: int) -> bytes:
    """Return an event as a client sends it."""
    return _encoder.encode({"type": "ping", "data": {"value": value}, "id": value})


def pong(part: bytes) -> int:
    """Return the value in a ping or its answer, -1 where it has none."""
    return _decoder.decode(part).data.get("value", -1)


def hello() -> bytes:
    """Return a client's first word."""
    return _encoder.encode({"type": "$hello", "data": {"protocol": 1}})
