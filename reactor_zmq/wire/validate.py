"""Validators built from a contract: each event's data is decoded once, by its own Struct.

Types and lengths are the Struct's; what msgspec can't say or says differently for each encoding
(integral floats, choices, NUL characters) is checked in one pass over the decoded values.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, cast

import msgspec
from msgspec import Meta, Raw, Struct

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.checks import INT_MAX, FieldError, struct_check
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.contract import Contract, EventContract, ParamSpec, TypeSpec
from reactor_zmq.wire.envelope import DECODE_ERRORS, Encoding, blamed, explain

_FLOAT_MAX = sys.float_info.max
# A peer's own words come back to it in errors; not all 64 KiB of them.
_MOST_TEXT = 256
_MOST_PATH = 128


class UploadRef(Struct, frozen=True, forbid_unknown_fields=True):
    """How an event names an uploaded file; what ``$uploaded`` told may be sent back whole."""

    upload_id: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(max_length=255)] = ""
    mime_type: Annotated[str, Meta(max_length=127)] = ""
    size: Annotated[int, Meta(ge=0, le=INT_MAX)] = 0


class InvalidDataError(RemoteProtocolError):
    """An event's data does not fit.

    Attributes:
        bound: Whether a value of the right type broke a bound.
    """

    def __init__(self, text: str, field: str | None, *, bound: bool) -> None:
        path = field[:_MOST_PATH] if field else None
        super().__init__(Code.INVALID_DATA, text[:_MOST_TEXT], path)
        self.bound = bound


class EventValidator:
    """Decodes and checks one event's data; holds no state between calls.

    Raises:
        ValueError: The contract offers clients what they may not send.
    """

    def __init__(self, event: EventContract) -> None:
        self.event = event
        self._struct = _struct_type(event.name, event.params)
        self._json = msgspec.json.Decoder(self._struct)
        self._msgpack = msgspec.msgpack.Decoder(self._struct)
        self._check = struct_check(event.params)
        self._uploads = tuple(p.name for p in event.params if _has_upload(p.type))

    def decode(self, encoding: Encoding, raw: bytes | Raw) -> dict[str, Any]:
        """Return the event's values with defaults filled in; integers are ints, uploads UploadRefs.

        A key that comes twice counts as it came last.

        Raises:
            InvalidDataError: The data does not fit; it names the field and the bound.
        """
        decoder = self._json if encoding is Encoding.JSON else self._msgpack
        empty = b"{}" if encoding is Encoding.JSON else b"\x80"
        try:
            return self._check(decoder.decode(bytes(raw) or empty), "")
        except DECODE_ERRORS as error:
            raise _refused(error) from error

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check values that are Python objects already, as :meth:`decode` does for bytes.

        Raises:
            InvalidDataError: The data does not fit; it names the field and the bound.
        """
        try:
            return self._check(msgspec.convert(dict(values), self._struct), "")
        except (*DECODE_ERRORS, OverflowError) as error:
            raise _refused(error) from error

    def upload_ids(self, values: Mapping[str, Any]) -> list[str]:
        """Return the uploads that decoded values refer to, in order."""
        return [i for name in self._uploads for i in _walk_uploads(values[name])]


def compile_contract(contract: Contract) -> dict[str, EventValidator]:
    """Return a validator for each event of the contract."""
    return {event.name: EventValidator(event) for event in contract.events}


def _refused(error: BaseException) -> InvalidDataError:
    if isinstance(error, FieldError):
        return InvalidDataError(error.text, error.field or None, bound=error.bound)
    # An int is decoded as either number, so that 3.0 may count as 3; peers need not know.
    text = explain(error).replace("expected int | float", "expected int", 1)
    text = text.replace(", got None", ", got null")  # as it says of JSON
    mistyped = ", got " in text or "unknown field" in text or "missing required field" in text
    return InvalidDataError(text, blamed(error), bound=not mistyped)


def _struct_type(name: str, params: tuple[ParamSpec, ...]) -> type[Struct]:
    """Return a Struct whose attributes are numbered: wire names need not be identifiers."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for i, param in enumerate(params):
        kind = _annotation(param.type)
        fields.append((f"f{i}", kind) if param.required else (f"f{i}", kind, _default(param, kind)))
    names = {f"f{i}": param.name for i, param in enumerate(params)}
    return msgspec.defstruct(
        name, fields, rename=names, forbid_unknown_fields=True, kw_only=True, frozen=True
    )


def _default(param: ParamSpec, kind: Any) -> Any:
    """Return the default as the Struct holds it; a map or list is made anew for each event."""
    default: object = param.default
    if isinstance(default, (list, dict)):
        return msgspec.field(default_factory=lambda: msgspec.convert(default, kind))
    return default


def _annotation(spec: TypeSpec) -> Any:
    kind = _plain_annotation(spec)
    return Union[kind, None] if spec.nullable else kind  # noqa: UP007 - kind is a runtime value


_PLAIN: dict[str, Any] = {"int": int | float, "bool": bool, "upload": UploadRef}


def _plain_annotation(spec: TypeSpec) -> Any:
    match spec.kind:
        case "int" | "bool" | "upload":
            return _PLAIN[spec.kind]
        case "list" | "dict" | "str":
            length = Meta(min_length=spec.min_length, max_length=spec.max_length)
            return Annotated[_sized(spec), length]
        case "float":
            return Annotated[float, _finite(spec)]
        case "choice":
            return _choice_annotation(spec.choices)
        case "struct":
            return _struct_type(spec.name or "Struct", spec.fields)
        case "any":
            raise ValueError("clients can't be offered a value of any type")


def _sized(spec: TypeSpec) -> Any:
    if spec.kind == "str":
        return str
    if spec.items is None:
        raise ValueError(f"a {spec.kind} without an item type")
    items = _annotation(spec.items)
    return list[items] if spec.kind == "list" else dict[str, items]


def _finite(spec: TypeSpec) -> Meta:
    """Return a float's bounds: finite, to keep out NaN and infinities, which MessagePack has."""
    low = -_FLOAT_MAX if spec.ge is None else spec.ge
    high = _FLOAT_MAX if spec.le is None else spec.le
    return Meta(ge=low, le=high)


def _choice_annotation(choices: tuple[Any, ...]) -> Any:
    kinds: list[Any] = [kind for kind in (str, bool) if any(type(c) is kind for c in choices)]
    if any(type(c) in (int, float) for c in choices):
        kinds += [int, float]
    return Union[tuple(kinds)]  # noqa: UP007 - as above


def _has_upload(spec: TypeSpec) -> bool:
    return (
        spec.kind == "upload"
        or (spec.items is not None and _has_upload(spec.items))
        or any(_has_upload(field.type) for field in spec.fields)
    )


def _walk_uploads(value: Any) -> Iterator[str]:
    if isinstance(value, UploadRef):
        yield value.upload_id
    elif isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            yield from _walk_uploads(item)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _walk_uploads(item)
