"""The state that clients may change."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import MISSING
from typing import Any, ClassVar, cast, dataclass_transform

import msgspec

from reactor_zmq.model.annotations import own_annotations, scope_of
from reactor_zmq.model.fields import InputField, plain_default
from reactor_zmq.model.params import FieldSpec, field_spec
from reactor_zmq.model.plain import pack_plain

_CHANGED = "_InputState__changed"
_FIELDS = "_InputState__fields"


class _Unset:
    """Stands where a required field has no value yet."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __get__(self, instance: object, owner: type) -> _Unset:
        if instance is None:
            return self
        raise AttributeError(f"{self.where} is required and nobody has set it yet")


@dataclass_transform(kw_only_default=True, field_specifiers=(InputField,))
class InputState:
    """Base of an author's state: each public field is a ``set_<field>`` event.

    Subclassing makes a dataclass. An instance lives as long as its session, belongs to the
    model's own thread, and remembers which public fields were assigned (``take_changes``).
    """

    __fields: ClassVar[dict[str, FieldSpec]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if _FIELDS in vars(cls):  # dataclass(slots=True) makes the class anew
            return
        cls.__fields = {**cls.__fields, **_own_fields(cls, cls.__fields)}
        cls.__repr__ = InputState.__repr__
        dataclasses.dataclass(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, _Unset):
            return
        object.__setattr__(self, name, value)
        if name in self.__fields:
            vars(self).setdefault(_CHANGED, {})[name] = None

    def __repr__(self) -> str:
        shown = (f"{k}={v!r}" for k, v in vars(self).items() if k != _CHANGED)
        return f"{type(self).__name__}({', '.join(shown)})"


def state_fields(cls: type[InputState]) -> dict[str, FieldSpec]:
    """Return the public fields of a state class, the required ones first."""
    found = cast("dict[str, FieldSpec]", getattr(cls, _FIELDS))
    return dict(sorted(found.items(), key=lambda item: not item[1].required))


def take_changes(state: InputState) -> dict[str, Any]:
    """Return the public fields assigned since the last call, in order of assignment.

    The first call returns every public field that has a value.
    """
    changed: dict[str, None] = vars(state).pop(_CHANGED, {})
    return {name: getattr(state, name) for name in changed}


def missing_required(state: InputState) -> tuple[str, ...]:
    """Return the required fields that nobody has set, in order of declaration."""
    fields = state_fields(type(state))
    return tuple(n for n, f in fields.items() if f.required and n not in vars(state))


def pack_value(value: Any) -> bytes:
    """Return a public field's value as MessagePack; a file as its reference, an Enum by value.

    Raises:
        TypeError: An array or anything else that has no form on the wire.
    """
    return pack_plain(value, "state")


def _own_fields(cls: type, inherited: dict[str, FieldSpec]) -> dict[str, FieldSpec]:
    """Read the fields that this class declares, and move the ones without default first."""
    scope = scope_of(cls)
    annotations = own_annotations(cls)
    for name in inherited.keys() & vars(cls).keys() - annotations.keys():
        raise TypeError(f"{cls.__name__}.{name}: a field is redeclared with its annotation")
    public: dict[str, FieldSpec] = {}
    for name, annotation in annotations.items():
        where = f"{cls.__name__}.{name}"
        default = vars(cls).get(name, MISSING)
        value = plain_default(default, where)
        _refuse_mutable(value, where)
        if name.startswith("_"):
            _refuse_missing(value, where)
            continue
        public[name] = spec = _slot(field_spec(name, annotation, default, scope, where))
        setattr(cls, name, _Unset(where) if spec.required else spec.default)
    required = {name: annotations[name] for name, spec in public.items() if spec.required}
    cls.__annotations__ = {**required, **inspect.get_annotations(cls)}
    return public


def _slot(spec: FieldSpec) -> FieldSpec:
    """Give an upload slot its default, None."""
    if not (spec.required and spec.param.type.kind == "upload"):
        return spec
    return dataclasses.replace(spec, param=msgspec.structs.replace(spec.param, required=False))


def _refuse_mutable(default: Any, where: str) -> None:
    try:
        hash(default)
    except TypeError:
        text = f"{where}: the mutable default {default!r} would be shared by all sessions"
        raise TypeError(text) from None


def _refuse_missing(default: Any, where: str) -> None:
    if default is MISSING:
        raise TypeError(f"{where}: a private field needs a default")
