"""The fields of dataclasses and msgspec Structs that stand in for values."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from dataclasses import MISSING, dataclass
from typing import Any

import msgspec
from msgspec import Struct

from reactor_zmq.model.fields import NO_INFO, FieldInfo, info_of


class RecordError(ValueError):
    """A record's own checks refused values that its types allow."""


@dataclass(frozen=True)
class Member:
    """One field of a record.

    Attributes:
        name: As its constructor knows it.
        wire_name: As the wire knows it.
        annotation: A type, or the text of one.
        owner: The class that wrote the annotation.
        default: A value, or MISSING.
        info: Bounds.
    """

    name: str
    wire_name: str
    annotation: Any
    owner: type
    default: Any
    info: FieldInfo = NO_INFO


def members(kind: type[Any], where: str) -> Iterator[Member]:
    """Yield the fields of a dataclass or Struct that its constructor takes.

    Raises:
        TypeError: Its annotations can't be resolved.
    """
    if issubclass(kind, Struct):
        try:
            fields = msgspec.structs.fields(kind)
        except NameError as error:
            raise TypeError(f"{where}: {kind.__name__} can't be read here: {error}") from error
        for field in fields:
            default = _default(field.default, field.default_factory, msgspec.NODEFAULT)
            yield Member(field.name, field.encode_name, field.type, kind, default)
        return
    for item in dataclasses.fields(kind):
        if item.init:
            default = _default(item.default, item.default_factory, MISSING)
            owner = _owner(kind, item.name)
            yield Member(item.name, item.name, item.type, owner, default, info_of(item))


def _default(default: Any, factory: Any, missing: object) -> Any:
    if default is not missing:
        return default
    return MISSING if factory is missing else factory()


def _owner(kind: type, name: str) -> type:
    return next((c for c in kind.__mro__ if name in inspect.get_annotations(c)), kind)
