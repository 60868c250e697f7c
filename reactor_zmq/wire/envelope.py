"""The first part of every message on the events socket: type, data, id.

MessagePack, or JSON when it starts with ``{``; a peer is answered in the encoding it spoke.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.codes import Code

PROTOCOL_VERSION = 1
MAX_ENVELOPE_NBYTES = 65_536
MAX_ATTACHMENTS = 8

# What msgspec raises on hostile bytes: the last two are no MsgspecError.
DECODE_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError, MemoryError)

T = TypeVar("T")

EventId = Annotated[int, Meta(ge=0, le=2**63 - 1)] | Annotated[str, Meta(max_length=64)]


class Encoding(StrEnum):
    """How a peer writes its envelopes."""

    JSON = "json"
    MSGPACK = "msgpack"


class Envelope(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One event, message, reply or control word.

    Attributes:
        type: Event or message name; control words start with ``$``.
        data: Undecoded map, in the envelope's own encoding; empty when the peer sent none.
        id: Chosen by the client; the one reply carries it back.
        seq: Position among this client's events, from 1; makes a resend harmless.
    """

    type: Annotated[str, Meta(min_length=1, max_length=128)]
    data: Raw = Raw(b"")
    id: EventId | None = None
    seq: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None


_EMPTY_MAP = {Encoding.JSON: b"{}", Encoding.MSGPACK: b"\x80"}
_json_decoder = msgspec.json.Decoder(Envelope)
_msgpack_decoder = msgspec.msgpack.Decoder(Envelope)
_json_encoder = msgspec.json.Encoder()
_msgpack_encoder = msgspec.msgpack.Encoder()


def sniff(part: bytes | memoryview) -> Encoding:
    """Return the encoding that the first byte announces."""
    return Encoding.JSON if part[:1] == b"{" else Encoding.MSGPACK


def decode(
    part: bytes | memoryview, max_nbytes: int = MAX_ENVELOPE_NBYTES
) -> tuple[Encoding, Envelope]:
    """Decode an envelope from a peer.

    Args:
        part: The first part.
        max_nbytes: Clients allow the front end, whom they trust, more than it allows them.

    Raises:
        RemoteProtocolError: The bytes are no envelope of docs/protocol.md.
    """
    if len(part) > max_nbytes:
        text = f"the envelope has {len(part)} bytes, at most {max_nbytes} are allowed"
        raise RemoteProtocolError(Code.TOO_LARGE, text)
    encoding = sniff(part)
    decoder = _json_decoder if encoding is Encoding.JSON else _msgpack_decoder
    try:
        return encoding, decoder.decode(part)
    except DECODE_ERRORS as error:
        raise RemoteProtocolError(Code.BAD_MESSAGE, explain(error)) from error


def decode_data(encoding: Encoding, raw: bytes | Raw, kind: type[T]) -> T:
    """Decode a control word's data into its own Struct; no data counts as an empty map.

    Raises:
        RemoteProtocolError: The data does not fit.
    """
    decoder = msgspec.json.decode if encoding is Encoding.JSON else msgspec.msgpack.decode
    try:
        return decoder(bytes(raw) or _EMPTY_MAP[encoding], type=kind)
    except DECODE_ERRORS as error:
        raise RemoteProtocolError(Code.INVALID_DATA, explain(error), blamed(error)) from error


def encode(
    encoding: Encoding,
    kind: str,
    data: object = None,
    id: EventId | None = None,  # noqa: A002 - the wire's own word
    seq: int | None = None,
) -> bytes:
    """Encode one envelope; ``data`` is a Struct, a mapping, or None for an empty map."""
    out: dict[str, object] = {"type": kind, "data": {} if data is None else data}
    if id is not None:
        out["id"] = id
    if seq is not None:
        out["seq"] = seq
    encoder = _json_encoder if encoding is Encoding.JSON else _msgpack_encoder
    return encoder.encode(out)


def encode_packed(
    encoding: Encoding,
    kind: str,
    packed: bytes,
    id: EventId | None = None,  # noqa: A002 - the wire's own word
) -> bytes:
    """Encode one envelope around data that our own side has already packed as MessagePack."""
    if encoding is Encoding.MSGPACK:
        return encode(encoding, kind, Raw(packed), id)
    return encode(encoding, kind, msgspec.msgpack.decode(packed), id)


_UNEXPECTED = re.compile(r"unknown field `(?P<field>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<field>[^`]*)`")
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")


def blamed(error: BaseException) -> str | None:
    """Return the path of the field that a decoding error is about, such as ``size.width``."""
    text = str(error)
    at = _PATH.search(text)
    path = at["path"].lstrip(".") if at else ""
    named = _UNEXPECTED.search(text) or _MISSING.search(text)
    if named:
        return f"{path}.{named['field']}" if path else named["field"][:128]
    return path or None


def explain(error: BaseException) -> str:
    """Return one sentence for the peer, with the field and the bound but not the value."""
    if isinstance(error, msgspec.ValidationError):
        text = _PATH.sub("", str(error)).replace("`", "")
        return text[:1].lower() + text[1:]
    if isinstance(error, UnicodeDecodeError):
        return "a text is not valid UTF-8"
    if isinstance(error, RecursionError):
        return "the data is nested too deeply"
    if isinstance(error, MemoryError):
        return "the data announces more than can be held"
    return "the bytes are neither MessagePack nor JSON"
