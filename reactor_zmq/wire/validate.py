"""Validators built from a contract: each event's data is decoded once, by its own Struct."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import Meta, Raw, Struct

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.contract import Contract, EventContract, ParamSpec, TypeSpec
from reactor_zmq.wire.envelope import DECODE_ERRORS, Encoding, blamed, explain

# Integers beyond 64 bits have no MessagePack form, and a 4,300-digit JSON integer is an attack.
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_FLOAT_MAX = sys.float_info.max
_NO_NUL = r"\A[^\x00]*\Z"

Normalise = Callable[[Any, str], Any]


class UploadRef(Struct, frozen=True, forbid_unknown_fields=True):
    """How an event names an uploaded file."""

    upload_id: Annotated[str, Meta(min_length=1, max_length=64)]


class EventValidator:
    """Decodes and checks one event's data; holds no state between calls."""

    def __init__(self, event: EventContract) -> None:
        self.event = event
        self._struct = _struct_type(event.name, event.params)
        self._json = msgspec.json.Decoder(self._struct)
        self._msgpack = msgspec.msgpack.Decoder(self._struct)
        self._normalise = _struct_normaliser(event.params)
        self._uploads = tuple(p.name for p in event.params if _has_upload(p.type))

    def decode(self, encoding: Encoding, raw: bytes | Raw) -> dict[str, Any]:
        """Return the event's values with defaults filled in; integers are ints, uploads UploadRefs.

        Raises:
            RemoteProtocolError: ``invalid_data``, naming the field and the bound.
        """
        decoder = self._json if encoding is Encoding.JSON else self._msgpack
        empty = b"{}" if encoding is Encoding.JSON else b"\x80"
        try:
            return self._finish(decoder.decode(bytes(raw) or empty))
        except DECODE_ERRORS as error:
            raise _refused(error) from error

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check values that are Python objects already, as :meth:`decode` does for bytes.

        Raises:
            RemoteProtocolError: ``invalid_data``, naming the field and the bound.
        """
        try:
            return self._finish(msgspec.convert(dict(values), self._struct))
        except DECODE_ERRORS as error:
            raise _refused(error) from error

    def upload_ids(self, values: Mapping[str, Any]) -> list[str]:
        """Return the uploads that decoded values refer to, in order."""
        return [i for name in self._uploads for i in _walk_uploads(values[name])]

    def _finish(self, data: Struct) -> dict[str, Any]:
        return self._normalise(data, "")


def compile_contract(contract: Contract) -> dict[str, EventValidator]:
    """Return a validator for each event of the contract."""
    return {event.name: EventValidator(event) for event in contract.events}


def _refused(error: BaseException) -> InvalidData:
    if isinstance(error, _FieldError):
        return InvalidData(error.text, error.field, bound=error.bound)
    text = explain(error)
    if "matching regex" in text:
        return InvalidData("expected text without NUL characters", blamed(error), bound=True)
    typed = ", got " in text or "unknown field" in text or "missing required field" in text
    return InvalidData(text, blamed(error), bound=not typed)


class InvalidData(RemoteProtocolError):
    """An event's data does not fit.

    Attributes:
        bound: Whether a value of the right type broke a bound.
    """

    def __init__(self, text: str, field: str | None, *, bound: bool) -> None:
        super().__init__(Code.INVALID_DATA, text, field)
        self.bound = bound


class _FieldError(ValueError):
    def __init__(self, field: str, text: str, *, bound: bool) -> None:
        super().__init__(field, text)
        self.field = field
        self.text = text
        self.bound = bound


def _struct_type(name: str, params: tuple[ParamSpec, ...]) -> type[Struct]:
    required = [(p.name, _annotation(p.type)) for p in params if p.required]
    optional = [(p.name, _annotation(p.type), _default(p)) for p in params if not p.required]
    return msgspec.defstruct(
        name, [*required, *optional], forbid_unknown_fields=True, kw_only=True, frozen=True
    )


def _default(param: ParamSpec) -> Any:
    """Return the default as the Struct holds it; a map or list is made anew for each event."""
    if param.default is None:
        return None
    kind = _annotation(param.type)
    if isinstance(param.default, (list, dict)):
        return msgspec.field(default_factory=lambda: msgspec.convert(param.default, kind))
    return param.default


def _annotation(spec: TypeSpec) -> Any:
    kind = _plain_annotation(spec)
    return Union[kind, None] if spec.nullable else kind  # noqa: UP007 - kind is a runtime value


def _plain_annotation(spec: TypeSpec) -> Any:
    length = Meta(min_length=spec.min_length, max_length=spec.max_length)
    match spec.kind:
        case "int":
            low = _INT_MIN if spec.ge is None else int(spec.ge)
            high = _INT_MAX if spec.le is None else int(spec.le)
            # A float is let in here and sent back by the normaliser unless it is integral.
            return Union[
                Annotated[int, Meta(ge=low, le=high)], Annotated[float, Meta(ge=low, le=high)]
            ]
        case "float":
            # Finite bounds keep NaN and the infinities out, which MessagePack can carry.
            low, high = spec.ge, spec.le
            return Annotated[
                float,
                Meta(
                    ge=-_FLOAT_MAX if low is None else low, le=_FLOAT_MAX if high is None else high
                ),
            ]
        case "str":
            return Annotated[
                str,
                Meta(min_length=spec.min_length, max_length=spec.max_length, pattern=_NO_NUL),
            ]
        case "bool":
            return bool
        case "choice":
            return _choice_annotation(spec)
        case "list":
            return Annotated[list[_annotation(_items(spec))], length]
        case "dict":
            return Annotated[dict[str, _annotation(_items(spec))], length]
        case "struct":
            return _struct_type(spec.name or "Struct", spec.fields)
        case "upload":
            return UploadRef
        case "any":
            raise ValueError("a client can't be offered a value of any type")


def _choice_annotation(spec: TypeSpec) -> Any:
    kinds = {type(c) for c in spec.choices}
    if kinds <= {str, int, type(None)}:
        return Literal[tuple(spec.choices)]
    return Union[tuple(kinds)]


def _items(spec: TypeSpec) -> TypeSpec:
    if spec.items is None:
        raise ValueError(f"a {spec.kind} without an item type")
    return spec.items


def _struct_normaliser(params: tuple[ParamSpec, ...]) -> Normalise:
    steps = [(p.name, _normaliser(p.type)) for p in params]

    def normalise(value: Any, path: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, step in steps:
            item = getattr(value, name)
            out[name] = item if step is None or item is None else step(item, _join(path, name))
        return out

    return normalise


def _normaliser(spec: TypeSpec) -> Normalise | None:
    """Return what turns a decoded value into the final one, None where nothing has to be done."""
    choices = spec.choices
    if spec.kind == "int":
        return lambda value, path: _chosen(choices, _integral(value, path), path)
    if spec.kind in ("float", "str", "choice") and choices:
        return lambda value, path: _chosen(choices, value, path)
    if spec.kind == "struct":
        return _struct_normaliser(spec.fields)
    if spec.kind == "list":
        each = _normaliser(_items(spec))
        return each and (lambda value, path: [each(v, f"{path}[{i}]") for i, v in enumerate(value)])
    if spec.kind == "dict":
        each = _normaliser(_items(spec))
        return each and (lambda value, path: {k: each(v, _join(path, k)) for k, v in value.items()})
    return None


def _integral(value: int | float, path: str) -> int:
    if isinstance(value, float):
        if not value.is_integer():
            raise _FieldError(path, "expected int, got a number with a fraction", bound=False)
        return int(value)
    return value


def _chosen(choices: tuple[Any, ...], value: Any, path: str) -> Any:
    if choices and not any(value == c and type(value) is type(c) for c in choices):
        allowed = ", ".join(repr(c) for c in choices)
        raise _FieldError(path, f"expected one of {allowed}", bound=True)
    return value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _has_upload(spec: TypeSpec) -> bool:
    return (
        spec.kind == "upload"
        or (spec.items is not None and _has_upload(spec.items))
        or any(_has_upload(f.type) for f in spec.fields)
    )


def _walk_uploads(value: Any) -> Iterator[str]:
    if isinstance(value, UploadRef):
        yield value.upload_id
    elif isinstance(value, dict):
        for item in value.values():  # type: ignore[reportUnknownVariableType]
            yield from _walk_uploads(item)
    elif isinstance(value, list):
        for item in value:  # type: ignore[reportUnknownVariableType]
            yield from _walk_uploads(item)
