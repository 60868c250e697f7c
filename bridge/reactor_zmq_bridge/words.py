"""The text messages of ``/ws``: JSON ``{"type", "data", "id"?}`` both ways (docs/bridge.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from reactor_zmq.wire.envelope import DECODE_ERRORS
from reactor_zmq.wire.scope import Scope
from reactor_zmq_bridge.errors import BadMessageError

VERSION = 1

Id = str | int | None
Word = TypeVar("Word", bound=Struct)
_Name = Annotated[str, Meta(max_length=128)]


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a browser, its data still raw.

    Attributes:
        again: It was sent before, on a link that broke: an event whose id is known is not
            applied again.
    """

    type: Annotated[str, Meta(min_length=1, max_length=128)]
    data: Raw = Raw(b"{}")
    id: Annotated[int, Meta(ge=0, le=2**53)] | Annotated[str, Meta(max_length=64)] | None = None
    again: bool = False


class _In(Struct, frozen=True, forbid_unknown_fields=True):
    """What browsers send: unknown fields are refused."""


class Hello(_In, frozen=True):
    """``$hello``: the first thing that a browser says.

    Attributes:
        resume: The ``session`` of an earlier ``$welcome``.
        follow_state: Whether ``$state`` is pushed.
        scope: To be allowed less than the token is good for.
    """

    version: int
    token: Annotated[str, Meta(max_length=512)] = ""
    name: Annotated[str, Meta(max_length=64, pattern=r"\A[^\x00-\x1f]*\Z")] = ""
    resume: Annotated[str, Meta(max_length=128)] | None = None
    follow_state: bool = True
    scope: Scope | None = None


class Ping(_In, frozen=True):
    """``$ping``: what is the time?"""

    t: float = 0.0


class ViewTrack(_In, frozen=True):
    """How one track is to be seen."""

    max_width: Annotated[int, Meta(ge=16, le=16_384)] | None = None


class Window(_In, frozen=True):
    """How many records of a track may be on their way."""

    still: Annotated[int, Meta(ge=1, le=8)] = 2
    h264: Annotated[int, Meta(ge=1, le=16)] = 3
    audio: Annotated[int, Meta(ge=1, le=64)] = 16


class View(_In, frozen=True):
    """``$view``: which tracks to send, and how."""

    tracks: Annotated[dict[_Name, ViewTrack], Meta(max_length=16)]
    transport: Literal["stream", "ws"] = "stream"
    codecs: Annotated[tuple[_Name, ...], Meta(max_length=16)] = ("jpeg",)
    window: Window = Window()


class Ack(_In, frozen=True):
    """``$ack``: a record was drawn, or thrown away."""

    track: Annotated[int, Meta(ge=0, le=65_535)]
    seq: Annotated[int, Meta(ge=0)]
    epoch: int | None = None


class DecoderFailed(_In, frozen=True):
    """``$decoder_failed``: this browser can't show this codec."""

    track: _Name
    codec: _Name
    message: Annotated[str, Meta(max_length=1024)] = ""


class KeyFrame(_In, frozen=True):
    """``$keyframe``: begin anew."""

    track: _Name


class TicketFor(_In, frozen=True):
    """``$ticket``: what the ticket is for."""

    for_: Literal["mjpeg", "recording"] = msgspec.field(name="for")


class Publish(_In, frozen=True):
    """``$publish``: frames of an input track will come."""

    track: _Name
    kind: Literal["video", "audio"] = "video"


class Unpublish(_In, frozen=True):
    """``$unpublish``: no more of them."""

    track: _Name


class RecordRun(_In, frozen=True):
    """``$record``: begin the bridge's recording, or end it."""

    on: bool


class Empty(_In, frozen=True):
    """Data of a word that takes none."""


_TEXTS = msgspec.json.Decoder(Text)
_MAPS = msgspec.json.Decoder(dict[str, Any])


def decode_text(data: str | bytes, limit_nbytes: int) -> Text:
    """Decode one text message.

    Raises:
        BadMessageError: It is not what docs/bridge.md allows.
    """
    nbytes = len(data) if isinstance(data, bytes) else len(data.encode())
    if nbytes > limit_nbytes:
        raise BadMessageError(f"a text message has at most {limit_nbytes} bytes, {nbytes} came")
    try:
        return _TEXTS.decode(data)
    except DECODE_ERRORS as error:
        raise BadMessageError(_said(error)) from error


def decode_word(text: Text, kind: type[Word]) -> Word:
    """Return a control word's data.

    Raises:
        BadMessageError: It does not fit; the error carries field and id.
    """
    try:
        return msgspec.json.decode(text.data, type=kind)
    except DECODE_ERRORS as error:
        said, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".") or None
        raise BadMessageError(f"{text.type}: {said}", field, text.id) from error


def decode_fields(text: Text) -> dict[str, Any]:
    """Return an event's data as a map.

    Raises:
        BadMessageError: It is none.
    """
    try:
        return _MAPS.decode(text.data)
    except DECODE_ERRORS as error:
        raise BadMessageError(f"{text.type}: {_said(error)}", None, text.id) from error


def encode_text(kind: str, data: object, id: Id = None) -> str:  # noqa: A002 - the wire's word
    """Return one message for a browser."""
    body: dict[str, object] = {"type": kind, "data": data}
    if id is not None:
        body["id"] = id
    return msgspec.json.encode(body).decode()


def encode_error(
    code: str,
    message: str,
    field: str | None = None,
    *,
    id: Id = None,  # noqa: A002 - the wire's word
    recoverable: bool = True,
) -> str:
    """Return an ``$error``."""
    data: dict[str, object] = {"code": code, "message": message, "recoverable": recoverable}
    if field is not None:
        data["field"] = field
    return encode_text("$error", data, id)


def _said(error: Exception) -> str:
    return f"not a message: {error}"
