"""What the model says to its clients."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from dataclasses import MISSING, Field
from typing import Any, ClassVar, cast, dataclass_transform

from reactor_zmq.model.annotations import Scope, own_annotations, resolve, scope_of
from reactor_zmq.model.fields import MessageField, info_of
from reactor_zmq.model.plain import pack_plain, to_plain
from reactor_zmq.model.types import value_type
from reactor_zmq.wire.contract import MessageContract, ParamSpec, TypeSpec

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass_transform(field_specifiers=(MessageField,))
class ModelMessage:
    """Base of a message; subclassing makes a dataclass.

    Its wire name is the class name in snake case; a class attribute ``name`` overrides it.
    """

    __fields: ClassVar[dict[str, ParamSpec]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "_ModelMessage__fields" in cls.__dict__:  # dataclass(slots=True) makes the class anew
            return
        described: dict[str, Any] = {n: f for n, f in vars(cls).items() if isinstance(f, Field)}
        cls.__fields = {**cls.__fields, **_own_fields(cls)}
        dataclasses.dataclass(cls)
        # A second @dataclass on top has to find what the first one found.
        for name, field in described.items():
            setattr(cls, name, field)


def snake_case(name: str) -> str:
    """Return ``HTTPStatus`` as ``http_status``."""
    return _WORD.sub("_", name).lower()


@functools.cache
def message_name(cls: type[ModelMessage]) -> str:
    """Return a message's name on the wire."""
    given = cls.__dict__.get("name")
    annotated = "name" in own_annotations(cls)
    return given if isinstance(given, str) and not annotated else snake_case(cls.__name__)


def pack_message(message: ModelMessage) -> bytes:
    """Return a message's data as a MessagePack map; numbers keep their type.

    Raises:
        TypeError: A field has no form on the wire.
    """
    return pack_plain(message, type(message).__name__)


def message_contract(cls: type[ModelMessage]) -> MessageContract:
    """Return what peers know of a message."""
    fields = cast("dict[str, ParamSpec]", vars(cls)["_ModelMessage__fields"])
    doc = cls.__dict__.get("__doc__") or ""
    # dataclass writes a signature where there is no docstring.
    description = "" if doc.startswith(f"{cls.__name__}(") else inspect.cleandoc(doc)
    return MessageContract(message_name(cls), tuple(fields.values()), description, cls.__name__)


def _own_fields(cls: type) -> dict[str, ParamSpec]:
    scope = scope_of(cls)
    return {
        name: _param(name, annotation, vars(cls).get(name, MISSING), scope)
        for name, annotation in own_annotations(cls).items()
    }


def _param(name: str, annotation: Any, default: Any, scope: Scope) -> ParamSpec:
    value = _value(default)
    required = value is MISSING
    shown = None if required else _shown(value)
    return ParamSpec(
        name, _type(annotation, scope, name), required, shown, info_of(default).description
    )


def _value(default: Any) -> Any:
    if not isinstance(default, Field):
        return default
    given = cast("Field[Any]", default)
    return given.default if given.default_factory is MISSING else given.default_factory()


def _shown(default: Any) -> Any:
    """Return a default for the schema, None where it has no form there."""
    try:
        pack_plain(default, "default")
    except TypeError:
        return None
    return to_plain(default)


def _type(annotation: Any, scope: Scope, where: str) -> TypeSpec:
    """Return a field's type for the schema, ``any`` where the schema has no word for it."""
    try:
        return value_type(resolve(annotation, scope, where), scope, where).spec
    except TypeError:
        return TypeSpec("any", nullable=True)
