"""Topics and headers of the frames socket: ``[topic, header, payload]``."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.envelope import DECODE_ERRORS, PROTOCOL_VERSION, explain

FRAME_TOPIC = "frame/"
SLOT_TOPIC = "slot/"
INPUT_TOPIC = "input/"
SYNC_TOPIC = "sync/"
MAX_METADATA_NBYTES = 65_536

_Size = Annotated[int, Meta(ge=0, le=2**31)]
_Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Dtype = Literal["|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8", "|b1"]

ITEMSIZE: dict[str, int] = {name: int(name[2:]) for name in Dtype.__args__}  # type: ignore[attr-defined]


class FrameHeader(Struct, frozen=True, array_like=True):
    """The second part of a frame's multipart; grows only at its end, with defaults.

    Attributes:
        version: Protocol version, 1.
        epoch: Generation of the actor that made the frame; grows by one at each restart.
        seq: Position among this track's frames in this epoch, from 0; a hole is a gap.
        pts_ns: Media time since the session's start.
        produced_ns: Unix time at which the model yielded the frame.
        sent_ns: Unix time at which the front end gave it to the socket.
        shape: ``(height, width, channels)`` for video, ``(channels, samples)`` for audio.
        dtype: numpy's array-interface name, little-endian.
        encoding: ROS name of the sample layout (``rgb8``, ``rgba8``, ``mono8``), ``s16`` for audio,
            ``raw`` for anything else.
        metadata: The author's bytes for this frame, or empty.
        rate_hz: Sample rate of audio; 0 for video.
    """

    version: int
    epoch: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    pts_ns: _Nanoseconds
    produced_ns: _Nanoseconds
    sent_ns: _Nanoseconds
    shape: Annotated[tuple[_Size, ...], Meta(max_length=8)]
    dtype: Dtype
    encoding: Annotated[str, Meta(max_length=32)]
    metadata: Annotated[bytes, Meta(max_length=MAX_METADATA_NBYTES)] = b""
    rate_hz: Annotated[float, Meta(ge=0, le=1e9)] = 0.0

    @property
    def nbytes(self) -> int:
        """Size of the payload that this header describes."""
        return math.prod(self.shape) * ITEMSIZE[self.dtype]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FrameHeader)


def encode_header(header: FrameHeader) -> bytes:
    """Return the header part."""
    return _encoder.encode(header)


def decode_header(part: bytes | memoryview, payload_nbytes: int | None = None) -> FrameHeader:
    """Decode a header part and hold it against its payload, where one came with it.

    Raises:
        RemoteProtocolError: Not a header of this protocol, or not this payload's.
    """
    try:
        header = _decoder.decode(part)
    except DECODE_ERRORS as error:
        raise RemoteProtocolError(Code.BAD_MESSAGE, f"frame header: {explain(error)}") from error
    if header.version != PROTOCOL_VERSION:
        text = f"the frame speaks protocol {header.version}, this side {PROTOCOL_VERSION}"
        raise RemoteProtocolError(Code.PROTOCOL_MISMATCH, text)
    if payload_nbytes is not None and header.nbytes != payload_nbytes:
        what = f"shape {header.shape} of {header.dtype}"
        text = f"{what} is {header.nbytes} bytes, {payload_nbytes} came"
        raise RemoteProtocolError(Code.BAD_MESSAGE, text)
    return header


def frame_topic(track: str) -> bytes:
    """Return the topic that a viewer of this track subscribes to.

    The closing slash keeps ``main`` from matching ``main_video``.
    """
    return f"{FRAME_TOPIC}{track}/".encode()


def input_topic(track: str) -> bytes:
    """Return the topic on which what clients publish to an input track is to be seen."""
    return f"{INPUT_TOPIC}{track}/".encode()


def sample_encoding(kind: str, shape: tuple[int, ...], dtype: str) -> str:
    """Return the name of a frame's sample layout by the kind of its track."""
    known = {"audio": "s16", "tensor": "tensor"}
    return known.get(kind) or video_encoding(shape, dtype)


def video_encoding(shape: tuple[int, ...], dtype: str) -> str:
    """Return the ROS name for a video frame's layout, ``raw`` where ROS has none."""
    names = {("|u1", 1): "mono8", ("|u1", 3): "rgb8", ("|u1", 4): "rgba8", ("<u2", 1): "mono16"}
    channels = shape[2] if len(shape) == 3 else 1  # noqa: PLR2004 - (height, width, channels)
    return names.get((dtype, channels), "raw")
