"""What is said and heard in Foxglove's WebSocket protocol: texts of JSON, and four kinds of bytes.

The two subprotocols differ in their name alone: Foxglove asks for the first one, its npm client and
its forks for the second.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from reactor_zmq_bridge.errors import BadMessageError

SUBPROTOCOLS = ("foxglove.sdk.v1", "foxglove.websocket.v1")
# What clients write in; JSON first, for it is the one that a person types.
ENCODINGS = ("json", "cdr")
LOOKING = ("parameters", "parametersSubscribe")
STEERING = (*LOOKING, "clientPublish", "services")

_MESSAGE, _SERVICE = 1, 3  # from the server
_PUBLISHED, _CALLED = 1, 2  # from clients
_MESSAGE_HEAD = struct.Struct("<BIQ")
_PUBLISHED_HEAD = struct.Struct("<BI")
_CALL_HEAD = struct.Struct("<BIII")
_MOST = 1024

_Number = Annotated[int, Meta(ge=0, le=2**32 - 1)]
_Text = Annotated[str, Meta(max_length=256)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=_MOST)]


class Level(IntEnum):
    """How bad what a status tells is."""

    INFO = 0
    WARNING = 1
    ERROR = 2


class _Said(Struct, frozen=True, tag_field="op", rename="camel"):
    """An operation of a client; fields that are not known here are left alone."""


class Subscription(Struct, frozen=True, rename="camel"):
    """A channel, and the number under which its messages are wanted."""

    id: _Number
    channel_id: _Number


class Subscribe(_Said, frozen=True, tag="subscribe"):
    """Asks for messages."""

    subscriptions: Annotated[tuple[Subscription, ...], Meta(max_length=_MOST)]


class Unsubscribe(_Said, frozen=True, tag="unsubscribe"):
    """Asks for no more of them."""

    subscription_ids: Annotated[tuple[_Number, ...], Meta(max_length=_MOST)]


class Advertised(Struct, frozen=True, rename="camel"):
    """A channel to which a client will publish."""

    id: _Number
    topic: _Text
    encoding: _Text
    schema_name: _Text = ""


class Advertise(_Said, frozen=True, tag="advertise"):
    """Announces channels of the client's own."""

    channels: Annotated[tuple[Advertised, ...], Meta(max_length=_MOST)]


class Unadvertise(_Said, frozen=True, tag="unadvertise"):
    """Takes them back."""

    channel_ids: Annotated[tuple[_Number, ...], Meta(max_length=_MOST)]


class GetParameters(_Said, frozen=True, tag="getParameters"):
    """Asks for values; for all where none is named."""

    parameter_names: _Texts = ()
    id: str | None = None


class Parameter(Struct, frozen=True):
    """A parameter to set."""

    name: _Text
    value: Any = None


class SetParameters(_Said, frozen=True, tag="setParameters"):
    """Sets values; who gives an id is told what they are afterwards."""

    parameters: Annotated[tuple[Parameter, ...], Meta(max_length=_MOST)]
    id: str | None = None


class FollowParameters(_Said, frozen=True, tag="subscribeParameterUpdates"):
    """Asks to be told of changes."""

    parameter_names: _Texts = ()


class UnfollowParameters(_Said, frozen=True, tag="unsubscribeParameterUpdates"):
    """Asks for it no more."""

    parameter_names: _Texts = ()


Operation = (
    Subscribe
    | Unsubscribe
    | Advertise
    | Unadvertise
    | GetParameters
    | SetParameters
    | FollowParameters
    | UnfollowParameters
)
_decoder = msgspec.json.Decoder(Operation)


@dataclass(frozen=True, slots=True)
class Published:
    """A message on one of the client's channels."""

    channel: int
    data: memoryview


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a service."""

    service: int
    call: int
    encoding: str
    data: memoryview


def decode_text(text: str, most_nbytes: int) -> Operation:
    """Return what a client says in a text.

    Raises:
        BadMessageError: It is too long, or no operation that is known here.
    """
    if len(text) > most_nbytes:
        raise BadMessageError(f"a text has at most {most_nbytes} bytes")
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadMessageError(f"no operation that is known here: {error}") from error


def decode_binary(data: bytes) -> Published | Called:
    """Return what a client says in bytes.

    Raises:
        BadMessageError: They are no such message.
    """
    view = memoryview(data)
    try:
        if data[:1] == bytes([_PUBLISHED]):
            return Published(_PUBLISHED_HEAD.unpack_from(data)[1], view[_PUBLISHED_HEAD.size :])
        if data[:1] == bytes([_CALLED]):
            _, service, call, size = _CALL_HEAD.unpack_from(data)
            end = _CALL_HEAD.size + size
            if end <= len(data):
                encoding = bytes(view[_CALL_HEAD.size : end]).decode()
                return Called(service, call, encoding, view[end:])
    except (struct.error, UnicodeDecodeError) as error:
        raise BadMessageError(f"a binary message in pieces: {error}") from error
    raise BadMessageError("no binary message that is known here")


def message(subscription: int, log_ns: int, data: bytes) -> bytes:
    """Return one message of a channel for one of its subscribers; the time is Unix."""
    return _MESSAGE_HEAD.pack(_MESSAGE, subscription, log_ns) + data


def answer(called: Called, data: bytes) -> bytes:
    """Return a service's answer, in JSON."""
    encoding = b"json"
    head = _CALL_HEAD.pack(_SERVICE, called.service, called.call, len(encoding))
    return head + encoding + data


def failure(called: Called, text: str) -> str:
    """Return why a service was not called, or refused."""
    told = {"serviceId": called.service, "callId": called.call, "message": text}
    return said("serviceCallFailure", **told)


def status(level: Level, text: str, id: str | None = None) -> str:  # noqa: A002 - the wire's word
    """Return a line for the client's list of problems; the id names it."""
    return said("status", level=int(level), message=text, **({"id": id} if id else {}))


def said(op: str, **fields: Any) -> str:
    """Return an operation as text."""
    return msgspec.json.encode({"op": op, **fields}).decode()
