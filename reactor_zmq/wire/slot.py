"""Slot references: ``[topic, header, reference]`` instead of a payload, for the same host."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.envelope import DECODE_ERRORS, explain
from reactor_zmq.wire.header import SLOT_TOPIC

# Keys stay exact in JavaScript's numbers too.
KEY_BITS = 53

_Pid = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_Descriptor = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Key = Annotated[int, Meta(ge=0, lt=2**KEY_BITS)]
_Word = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Lane(Struct, frozen=True):
    """Where a front end's lease page is: who can open it may take frames by reference.

    Attributes:
        endpoint: Of the socket on which ``slot/`` topics are published.
        pid: The front end's, in its own namespace.
        fd: Number of the memfd's descriptor there: ``/proc/PID/fd/FD``.
        key: Stands in the page's second word; tells it from every other one.
    """

    endpoint: Annotated[str, Meta(min_length=1, max_length=1024)]
    pid: _Pid
    fd: _Descriptor
    key: _Key


class SlotReference(Struct, frozen=True, array_like=True):
    """The third part of a ``slot/`` multipart; grows only at its end, with defaults.

    Attributes:
        pid: The front end's.
        fd: Descriptor of the ring's memfd there.
        key: Stands in the ring's fifth word; tells it from every other one.
        generation: Of the ring.
        slots: How many slots the ring has.
        slot_nbytes: Size of each.
        slot: The one that holds the frame, from 0.
        stamp: Of these very bytes; another one in the ring means that they are gone.
        order: Position among all frames announced by this front end, from 1.
        track: Place of the track among the model's outputs, from 0.
    """

    pid: _Pid
    fd: _Descriptor
    key: _Key
    generation: _Word
    slots: Annotated[int, Meta(ge=1, le=65_536)]
    slot_nbytes: Annotated[int, Meta(ge=1, le=2**40)]
    slot: Annotated[int, Meta(ge=0, lt=65_536)]
    stamp: _Word
    order: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    track: Annotated[int, Meta(ge=0, le=65_535)]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SlotReference)


def encode_reference(reference: SlotReference) -> bytes:
    """Return the reference part."""
    return _encoder.encode(reference)


def decode_reference(part: bytes | memoryview, payload_nbytes: int) -> SlotReference:
    """Decode a reference part and hold it against the payload that its header describes.

    Raises:
        RemoteProtocolError: Not a reference, or its slot can't hold that payload.
    """
    try:
        reference = _decoder.decode(part)
    except DECODE_ERRORS as error:
        raise RemoteProtocolError(Code.BAD_MESSAGE, f"slot reference: {explain(error)}") from error
    if reference.slot >= reference.slots:
        text = f"slot {reference.slot} is not within 0..{reference.slots - 1}"
        raise RemoteProtocolError(Code.BAD_MESSAGE, text)
    if payload_nbytes > reference.slot_nbytes:
        text = f"a slot of {reference.slot_nbytes} bytes can't hold {payload_nbytes}"
        raise RemoteProtocolError(Code.BAD_MESSAGE, text)
    return reference


def slot_topic(track: str) -> bytes:
    """Return the topic on which a track's frames are announced by reference."""
    return f"{SLOT_TOPIC}{track}/".encode()
