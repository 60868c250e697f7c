"""The paths that every event and every frame takes, one step at a time, in one process.

Each is made once and then called; a call is one event or one frame. No sockets, no clocks, no
waiting: what is left is the project's own work and that of msgspec and numpy for it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable

import msgspec
import numpy as np

from reactor_zmq.client.frame import make_frame
from reactor_zmq.config import Limits
from reactor_zmq.machines.access import Grant
from reactor_zmq.machines.client_frames import FrameOrder
from reactor_zmq.machines.frontend import FrontEnd
from reactor_zmq.machines.frontend_state import FrontEndSettings
from reactor_zmq.machines.frontend_vocabulary import (
    ActorSaid,
    ActorStarted,
    Instruction,
    PeerArrived,
    PeerSaid,
    Tell,
)
from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.writer import FrameWriter, Stored
from reactor_zmq.wire import link
from reactor_zmq.wire.contract import Contract, EventContract, ParamSpec, TypeSpec, encode_contract
from reactor_zmq.wire.header import FrameHeader, decode_header, encode_header
from reactor_zmq.wire.slot import SlotReference, decode_reference, encode_reference

SHAPE = (48, 64, 3)
_PEER = b"peer"
_STRENGTH = ParamSpec("strength", TypeSpec("int", ge=0, le=10**9), required=True)
_CONTRACT = Contract(
    model="Micro", events=(EventContract("set_strength", (_STRENGTH,), sets="strength"),)
)

Step = Callable[[], object]


def event_path() -> Step:
    """An event with an id: decoded, validated, handed on; its reply encoded for the peer."""
    ids = (f"id{n}" for n in itertools.count())
    brain = FrontEnd(FrontEndSettings("micro", "tcp://frames", 5.0, Limits()), lambda: next(ids))
    tokens: list[int] = []

    def do(stimulus: object) -> list[Instruction]:
        out = brain.handle(stimulus, 1.0)  # type: ignore[arg-type]
        for told in out:
            if isinstance(told, Tell) and isinstance(told.message, link.Join):
                brain.handle(ActorSaid(link.Joined(told.message.client_id)), 1.0)
            if isinstance(told, Tell) and isinstance(told.message, link.EventIn):
                tokens.append(told.message.token)
        return out

    do(ActorStarted(1))
    do(ActorSaid(link.Ready(encode_contract(_CONTRACT))))
    do(PeerArrived(_PEER, Grant("micro", "admin")))
    do(PeerSaid(_PEER, (_packed("$hello", {"protocol": 1}, 0),)))
    said = PeerSaid(_PEER, (_packed("set_strength", {"strength": 7}, 1),))

    def step() -> object:
        do(said)
        return do(ActorSaid(link.Reply(tokens.pop())))

    assert step(), "the event was not answered"
    return step


def frame_out_path() -> Step:
    """A small frame into the ring, its word to the front end, its header; the slot given back."""
    reader = RingReader()
    kept: list[Stored] = []

    def announce(ring: Ring) -> None:
        fd = os.dup(ring.fd)
        reader.add(Ring.attach(fd, ring.slots, ring.slot_nbytes, ring.generation))

    writer = FrameWriter(Slots(8), announce)
    picture = np.zeros(SHAPE, np.uint8)

    def step() -> object:
        assert writer.submit(picture, kept.append)
        stored = kept.pop()
        word = link.Frame(
            0, stored.generation, stored.slot, 1, stored.shape, stored.dtype, "rgb8", 1, 1, 1
        )
        packed = link.encode_link(word), encode_header(_HEADER)
        reader.release(stored.generation, stored.slot)
        return packed

    return step


def frame_in_path() -> Step:
    """A frame by reference: header and reference decoded, its place in the order, a ``Frame``."""
    order = FrameOrder()
    picture = np.zeros(SHAPE, np.uint8)
    header = encode_header(_HEADER)
    reference = encode_reference(SlotReference(1, 2, 3, 4, 8, 4096 * 3, 1, 1, 1, 0))
    seqs = itertools.count()

    def step() -> object:
        found = decode_header(header)
        decode_reference(reference, found.nbytes)
        gap = order.show(1, next(seqs))
        return make_frame("main", found, picture, gap or 0, 1)

    return step


def yardstick() -> Step:
    """Plain Python and msgspec, none of the project: what an interpreter makes of such work."""
    encoder, decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder()

    def step() -> object:
        out: list[object] = []
        for n in range(20):
            row = {"type": "set", "data": {"value": n}, "id": n}
            out.append(decoder.decode(encoder.encode(row))["data"])
        return out

    return step


_HEADER = FrameHeader(1, 1, 7, 10**9, 10**18, 10**18, SHAPE, "|u1", "rgb8")
HOT_PATHS: dict[str, Callable[[], Step]] = {
    "event": event_path,
    "frame_out": frame_out_path,
    "frame_in": frame_in_path,
}


def _packed(kind: str, data: dict[str, int], number: int) -> bytes:
    return msgspec.msgpack.encode({"type": kind, "data": data, "id": number})
