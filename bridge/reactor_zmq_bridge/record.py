"""Frame records: the bytes of one frame on their way to or from a browser (docs/bridge.md).

The same bytes stand in the body of ``/stream`` and in one binary WebSocket message.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TypeVar

from reactor_zmq_bridge.errors import BadRecordError

VERSION = 1
HEADER = struct.Struct("<IBBBBHHIQdIIII")
MAX_METADATA_NBYTES = 65_536
_LENGTH_NBYTES = 4
Word = TypeVar("Word", bound=IntEnum)


class Kind(IntEnum):
    """What a record carries."""

    VIDEO = 1
    AUDIO = 2
    TENSOR = 3
    KEEP_ALIVE = 4


class Codec(IntEnum):
    """How the payload of a record is to be read."""

    RGBA = 0
    I420 = 1
    JPEG = 2
    H264 = 3
    PCM_S16 = 4
    TENSOR = 5


class Flag(IntFlag):
    """What is special about a record."""

    NONE = 0
    KEY = 1
    DISCONTINUITY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One frame record.

    Attributes:
        track: Index in ``$welcome.tracks``.
        made_ms: When the model made it, Unix milliseconds on the bridge's clock.
        width: Pixels; for audio samples per second; else 0.
        height: Pixels; for audio channels; else 0.
        missing: Frames since the previous record of this track that this viewer was not sent.
        metadata: JSON, or empty.
        payload: As ``codec`` says; shared with other viewers' records, never written to.
    """

    kind: Kind
    codec: Codec = Codec.RGBA
    flags: Flag = Flag.NONE
    track: int = 0
    epoch: int = 0
    seq: int = 0
    made_ms: float = 0.0
    width: int = 0
    height: int = 0
    missing: int = 0
    metadata: bytes = b""
    payload: bytes | bytearray | memoryview = b""


def encode_head(record: Record) -> bytes:
    """Return all of a record that stands before its payload."""
    length = HEADER.size - _LENGTH_NBYTES + len(record.metadata) + len(record.payload)
    return (
        HEADER.pack(
            length,
            VERSION,
            record.kind,
            record.codec,
            record.flags,
            record.track,
            0,
            record.epoch,
            record.seq,
            record.made_ms,
            record.width,
            record.height,
            record.missing,
            len(record.metadata),
        )
        + record.metadata
    )


def decode_record(data: bytes | bytearray | memoryview) -> Record:
    """Decode one whole record; the payload is a view into ``data``.

    Raises:
        BadRecordError: These bytes are no record of this version; the text names the field.
    """
    view = memoryview(data)
    if len(view) < HEADER.size:
        raise BadRecordError(f"a record has at least {HEADER.size} bytes, {len(view)} came")
    (length, version, kind, codec, flags, track, reserved, epoch, seq, made_ms, width, height,
     missing, metadata_nbytes) = HEADER.unpack_from(view)  # fmt: skip
    if version != VERSION:
        raise BadRecordError(f"version {version} of the record is not known, only {VERSION} is")
    if reserved:
        raise BadRecordError("the reserved field of a record is 0")
    if length != len(view) - _LENGTH_NBYTES:
        raise BadRecordError(f"length says {length} bytes, {len(view) - _LENGTH_NBYTES} follow it")
    if metadata_nbytes > min(MAX_METADATA_NBYTES, len(view) - HEADER.size):
        raise BadRecordError(f"metadata of {metadata_nbytes} bytes does not fit into the record")
    start = HEADER.size + metadata_nbytes
    return Record(
        kind=_known(Kind, "kind", kind),
        codec=_known(Codec, "codec", codec),
        flags=Flag(flags & (Flag.KEY | Flag.DISCONTINUITY)),
        track=track,
        epoch=epoch,
        seq=seq,
        made_ms=made_ms,
        width=width,
        height=height,
        missing=missing,
        metadata=bytes(view[HEADER.size : start]),
        payload=view[start:],
    )


def _known(kind: type[Word], field: str, value: int) -> Word:
    try:
        return kind(value)
    except ValueError:
        raise BadRecordError(f"{field} {value} of the record is not known") from None
