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

from reactor_zmq.model.annotations import Scope, resolve
from reactor_zmq.model.fields import NO_INFO, FieldInfo, info_of
from reactor_zmq.model.plain import to_plain
from reactor_zmq.model.upload import Resolve, UploadedFile
from reactor_zmq.wire.contract import ParamSpec, TypeSpec
from reactor_zmq.wire.validate import UploadRef

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
_BOUNDS_OF: dict[str, frozenset[str]] = {
    "int": frozenset({"ge", "le", "choices"}),
    "float": frozenset({"ge", "le", "choices"}),
    "str": frozenset({"min_length", "max_length", "choices"}),
    "list": frozenset({"min_length", "max_length"}),
    "dict": frozenset({"min_length", "max_length"}),
}


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
    found = _base_type(kind, scope, where, path)
    spec = _bounded(found.spec, info, where)
    if nullable:
        spec = msgspec.structs.replace(spec, nullable=True)
    return ValueType(spec, found.build)


def _unwrap(annotation: Any, where: str, info: FieldInfo) -> tuple[bool, Any, FieldInfo]:
    """Take off Optional and Annotated."""
    nullable = False
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            annotation, info = arguments[0], _with_meta(info, arguments[1:], where)
        elif origin in (typing.Union, types.UnionType):
            rest = [a for a in arguments if a is not type(None)]
            if len(rest) != 1 or len(rest) == len(arguments):
                raise _unsupported(annotation, where)
            nullable, annotation = True, rest[0]
        else:
            return nullable, annotation, info


def _with_meta(info: FieldInfo, extras: tuple[Any, ...], where: str) -> FieldInfo:
    for meta in extras:
        if not isinstance(meta, Meta):
            continue
        for name in ("gt", "lt", "multiple_of", "pattern", "tz"):
            if getattr(meta, name) is not None:
                raise TypeError(f"{where}: msgspec.Meta({name}=…) is not supported")
        for name in ("ge", "le", "min_length", "max_length"):
            if getattr(meta, name) is not None and getattr(info, name) is None:
                info = dataclasses.replace(info, **{name: getattr(meta, name)})
    return info


def _base_type(kind: Any, scope: Scope, where: str, path: tuple[type, ...]) -> ValueType:
    origin = typing.get_origin(kind)
    if kind in _SCALARS:
        return ValueType(TypeSpec(_SCALARS[kind]))
    if origin is Literal:
        return _literal(typing.get_args(kind), where)
    if origin in (list, dict):
        return _collection(kind, scope, where, path)
    if not isinstance(kind, type) or origin is not None:
        raise _unsupported(kind, where)
    if issubclass(kind, UploadedFile):
        return ValueType(TypeSpec("upload"), _build_upload)
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
        if not isinstance(value, (str, int, bool, type(None))):
            raise TypeError(f"{where}: the Literal value {value!r} has no form on the wire")
    choices = tuple(v for v in values if v is not None)
    return ValueType(TypeSpec("choice", choices=choices, nullable=len(choices) < len(values)))


def _enum(kind: type[enum.Enum], where: str) -> ValueType:
    choices = tuple(member.value for member in kind)
    for value in choices:
        if not isinstance(value, (str, int, float, bool)):
            raise TypeError(
                f"{where}: the value {value!r} of {kind.__name__} has no form on the wire"
            )
    spec = TypeSpec("choice", choices=choices, name=kind.__name__)
    return ValueType(spec, lambda value, _: kind(value))


def _collection(kind: Any, scope: Scope, where: str, path: tuple[type, ...]) -> ValueType:
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is dict and arguments[0] is not str:
        raise TypeError(f"{where}: the keys of a dict must be str, not {arguments[0]!r}")
    items = value_type(arguments[-1], scope, where, path=path)
    if typing.get_origin(kind) is list:
        build: Build = lambda value, find: [items.finish(v, find) for v in value]  # noqa: E731
        return ValueType(TypeSpec("list", items=items.spec), build if items.build else None)
    build = lambda value, find: {k: items.finish(v, find) for k, v in value.items()}  # noqa: E731
    return ValueType(TypeSpec("dict", items=items.spec), build if items.build else None)


def _record(kind: type, scope: Scope, where: str, path: tuple[type, ...]) -> ValueType:
    if kind in path:
        raise TypeError(f"{where}: {kind.__name__} contains itself")
    members = list(_members(kind, scope.of(kind), where, (*path, kind)))
    fields = tuple(param for _, param, _ in members)
    spec = TypeSpec("struct", fields=fields, name=kind.__name__)
    return ValueType(spec, _record_builder(kind, members))


def _members(
    kind: type, scope: Scope, where: str, path: tuple[type, ...]
) -> typing.Iterator[tuple[str, ParamSpec, ValueType]]:
    """Yield attribute name, wire form and type of each member of a dataclass or Struct."""
    for name, wire_name, annotation, default, info in _declared(kind):
        inner = f"{where}.{name}"
        member = value_type(resolve(annotation, scope, inner), scope, inner, info, path)
        required = default is MISSING
        value = None if required else to_plain(default)
        yield (
            name,
            ParamSpec(wire_name, member.spec, required, value, info.description, info.moderate),
            member,
        )


def _declared(kind: type) -> typing.Iterator[tuple[str, str, Any, Any, FieldInfo]]:
    """Yield name, wire name, annotation, default and info of each member."""
    if issubclass(kind, Struct):
        for field in msgspec.structs.fields(kind):
            default = _default(field.default, field.default_factory, msgspec.NODEFAULT)
            yield field.name, field.encode_name, field.type, default, NO_INFO
        return
    for item in dataclasses.fields(kind):
        if item.init:
            default = _default(item.default, item.default_factory, MISSING)
            yield item.name, item.name, item.type, default, info_of(item)


def _default(default: Any, factory: Any, missing: object) -> Any:
    if default is not missing:
        return default
    return MISSING if factory is missing else factory()


def _record_builder(kind: type, members: list[tuple[str, ParamSpec, ValueType]]) -> Build:
    steps = [(name, param.name, member) for name, param, member in members]

    def build(value: Mapping[str, Any], find: Resolve) -> Any:
        return kind(**{name: member.finish(value[key], find) for name, key, member in steps})

    return build


def _build_upload(value: UploadRef | Mapping[str, str], find: Resolve) -> UploadedFile:
    return find(value.upload_id if isinstance(value, UploadRef) else value["upload_id"])


def _bounded(spec: TypeSpec, info: FieldInfo, where: str) -> TypeSpec:
    bounds = info.bounds
    strange = sorted(bounds.keys() - _BOUNDS_OF.get(spec.kind, frozenset[str]()))
    if strange:
        raise TypeError(f"{where}: {strange[0]} does not belong to a {spec.kind}")
    return msgspec.structs.replace(spec, **bounds) if bounds else spec
