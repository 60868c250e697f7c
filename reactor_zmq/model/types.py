"""The types that events and state may have, and how plain values become values of them."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.model.annotations import Scope, resolve
from reactor_zmq.model.fields import NO_INFO, FieldInfo
from reactor_zmq.model.plain import to_plain
from reactor_zmq.model.records import Member, RecordError, members
from reactor_zmq.model.upload import Resolve, UploadedFile, build_upload
from reactor_zmq.wire.contract import EventContract, ParamSpec, TypeSpec
from reactor_zmq.wire.validate import EventValidator

Build = Callable[[Any, Resolve], Any]

_SCALARS: dict[Any, Literal["int", "float", "str", "bool"]] = {
    int: "int",
    float: "float",
    str: "str",
    bool: "bool",
}
_ALLOWED = (
    "int, float, str, bool, Literal, Optional, list[T], dict[str, T], Enum, dataclass, "
    "msgspec.Struct or UploadedFile"
)
_NOT_SUPPORTED_META = ("gt", "lt", "multiple_of", "pattern", "tz")


@dataclass(frozen=True)
class ValueType:
    """One supported type.

    Attributes:
        spec: What the front end enforces.
        build: Turns a validated plain value into the author's; None where they are the same.
    """

    spec: TypeSpec
    build: Build | None = None

    def finish(self, value: Any, find: Resolve) -> Any:
        """Return the author's value for a validated plain one; None stays None."""
        return value if self.build is None or value is None else self.build(value, find)

    def checked(self, value: Any, what: str) -> Any:
        """Return a default or a choice as a plain value of this type; None is always allowed.

        Raises:
            TypeError: It breaks the type or a bound.
        """
        if value is None:
            return None
        # A file stays a file here, and is refused: the wire has no form for one that is not there.
        plain = to_plain(value, lambda file: file)
        contract = EventContract("default", (ParamSpec("value", self.spec, required=True),))
        try:
            return EventValidator(contract).check({"value": plain})["value"]
        except RemoteProtocolError as error:
            raise TypeError(f"{what} {value!r} does not fit: {error.text}") from error


def value_type(
    annotation: Any,
    scope: Scope,
    where: str,
    info: FieldInfo = NO_INFO,
    path: tuple[type, ...] = (),
) -> ValueType:
    """Return the supported type that a resolved annotation stands for.

    Args:
        annotation: A type, not a text.
        scope: Where nested classes look up their own annotations.
        where: Class and member, for the error's text.
        info: Bounds.
        path: The classes that this one is nested in.

    Raises:
        TypeError: Not a supported type, or bounds that do not belong to it.
    """
    nullable, kind, info = _unwrap(annotation, where, info)
    plain = _base_type(kind, scope, where, path)
    spec = _bounded(plain, info, where)
    nullable = nullable or spec.nullable
    return ValueType(msgspec.structs.replace(spec, nullable=nullable), plain.build)


def _unwrap(annotation: Any, where: str, info: FieldInfo) -> tuple[bool, Any, FieldInfo]:
    """Take off Optional and Annotated."""
    nullable = False
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            annotation, info = arguments[0], _with_meta(info, arguments[1:], where)
        elif origin in (typing.Union, types.UnionType):
            rest = [argument for argument in arguments if argument is not type(None)]
            if len(rest) != 1:
                raise _unsupported(annotation, where)
            nullable, annotation = True, rest[0]
        else:
            return nullable, annotation, info


def _with_meta(info: FieldInfo, extras: tuple[Any, ...], where: str) -> FieldInfo:
    """Take over the bounds of msgspec.Meta, as a Struct's fields have them."""
    for meta in extras:
        if not isinstance(meta, Meta):
            continue
        for name in _NOT_SUPPORTED_META:
            if getattr(meta, name) is not None:
                raise TypeError(f"{where}: msgspec.Meta({name}=…) is not supported")
        given = {name: getattr(meta, name) for name in ("ge", "le", "min_length", "max_length")}
        given["description"] = meta.description
        news = {n: v for n, v in given.items() if v is not None and not getattr(info, n)}
        info = dataclasses.replace(info, **news)
    return info


def _base_type(kind: Any, scope: Scope, where: str, path: tuple[type, ...]) -> ValueType:
    origin = typing.get_origin(kind)
    if origin is Literal:
        return _literal(typing.get_args(kind), where)
    if origin in (list, dict):
        return _collection(kind, scope, where, path)
    if origin is not None or not isinstance(kind, type):
        raise _unsupported(kind, where)
    if kind in _SCALARS:
        return ValueType(TypeSpec(_SCALARS[kind]))
    return _class_type(kind, scope, where, path)


def _class_type(kind: type[Any], scope: Scope, where: str, path: tuple[type, ...]) -> ValueType:
    if issubclass(kind, UploadedFile):
        return ValueType(TypeSpec("upload"), build_upload)
    if issubclass(kind, enum.Enum):
        return _enum(kind, where)
    if issubclass(kind, Struct) or dataclasses.is_dataclass(kind):
        return _record(kind, scope, where, path)
    raise _unsupported(kind, where)


def _unsupported(kind: Any, where: str) -> TypeError:
    name = kind.__name__ if isinstance(kind, type) else repr(kind)
    return TypeError(f"{where}: the type {name} is not supported; use {_ALLOWED}")


def _literal(values: tuple[Any, ...], where: str) -> ValueType:
    for value in values:
        if type(value) not in (str, int, bool, type(None)):
            raise TypeError(f"{where}: the Literal value {value!r} has no form on the wire")
    choices = tuple(value for value in values if value is not None)
    return ValueType(TypeSpec("choice", choices=choices, nullable=len(choices) < len(values)))


def _enum(kind: type[enum.Enum], where: str) -> ValueType:
    choices = tuple(member.value for member in kind)
    if not choices:
        raise TypeError(f"{where}: {kind.__name__} has no members")
    for value in choices:
        if type(value) not in (str, int, float, bool):
            text = f"the value {value!r} of {kind.__name__} has no form on the wire"
            raise TypeError(f"{where}: {text}")
    return ValueType(
        TypeSpec("choice", choices=choices, name=kind.__name__), lambda value, _: kind(value)
    )


def _collection(kind: Any, scope: Scope, where: str, path: tuple[type, ...]) -> ValueType:
    arguments = typing.get_args(kind)
    items = value_type(arguments[-1], scope, where, path=path)

    def build_list(value: list[Any], find: Resolve) -> list[Any]:
        return [items.finish(item, find) for item in value]

    def build_dict(value: dict[str, Any], find: Resolve) -> dict[str, Any]:
        return {key: items.finish(item, find) for key, item in value.items()}

    if typing.get_origin(kind) is list:
        return ValueType(TypeSpec("list", items=items.spec), build_list if items.build else None)
    if arguments[0] is not str:
        raise TypeError(f"{where}: the keys of a dict must be str, not {arguments[0]!r}")
    return ValueType(TypeSpec("dict", items=items.spec), build_dict if items.build else None)


def _record(kind: type[Any], scope: Scope, where: str, path: tuple[type, ...]) -> ValueType:
    if kind in path:
        raise TypeError(f"{where}: {kind.__name__} contains itself")
    steps: list[tuple[str, str, ValueType]] = []
    params: list[ParamSpec] = []
    for member in members(kind, where):
        inner, there = f"{where}.{member.name}", scope.of(member.owner)
        annotation = resolve(member.annotation, there, inner)
        found = value_type(annotation, there, inner, member.info, (*path, kind))
        steps.append((member.name, member.wire_name, found))
        params.append(_member_param(member, found, inner))
    spec = TypeSpec("struct", fields=tuple(params), name=kind.__name__)
    return ValueType(spec, _record_builder(kind, steps))


def _member_param(member: Member, kind: ValueType, where: str) -> ParamSpec:
    required = member.default is MISSING
    default = None if required else kind.checked(member.default, f"{where}: the default")
    return ParamSpec(member.wire_name, kind.spec, required, default, member.info.description)


def _record_builder(kind: type[Any], steps: list[tuple[str, str, ValueType]]) -> Build:
    def build(value: Mapping[str, Any], find: Resolve) -> Any:
        values = {name: member.finish(value[key], find) for name, key, member in steps}
        try:
            return kind(**values)
        except (TypeError, ValueError) as error:  # its __post_init__ is the author's own check
            raise RecordError(f"not a valid {kind.__name__}") from error

    return build


def _bounded(plain: ValueType, info: FieldInfo, where: str) -> TypeSpec:
    info.check(plain.spec.kind, where)
    spec = msgspec.structs.replace(plain.spec, **info.bounds)
    if not info.choices:
        return spec
    choices = tuple(plain.checked(choice, f"{where}: the choice") for choice in info.choices)
    return msgspec.structs.replace(spec, choices=choices)
