"""The state that clients may change."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import MISSING
from typing import Any, ClassVar, dataclass_transform

import msgspec

from reactor_zmq.model.annotations import own_annotations, scope_of
from reactor_zmq.model.fields import InputField, plain_default
from reactor_zmq.model.params import FieldSpec, field_spec
from reactor_zmq.model.plain import pack_plain

_CHANGED = "_InputState__changed"


class _Unset:
    """Stands where a required field has no value yet."""

    def __init__(self, owner: str, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, instance: object, owner: type) -> _Unset:
        if instance is None:
            return self
        raise AttributeError(f"{self.owner}.{self.name} is required and nobody has set it yet")


@dataclass_transform(kw_only_default=True, field_specifiers=(InputField,))
class InputState:
    """Base of an author's state: each public field is a ``set_<field>`` event.

    Subclassing makes a dataclass. An instance lives as long as its session, belongs to the
    model's own thread, and remembers which public fields were assigned (``take_changes``).
    """

    __fields: ClassVar[dict[str, FieldSpec]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "_InputState__fields" in cls.__dict__:  # dataclass(slots=True) makes the class anew
            return
        cls.__fields = {**cls.__fields, **_own_fields(cls)}
        cls.__repr__ = InputState.__repr__
        dataclasses.dataclass(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, _Unset):
            return
        object.__setattr__(self, name, value)
        if name in type(self).__fields:
            self.__dict__.setdefault(_CHANGED, {})[name] = None

    def __repr__(self) -> str:
        shown = (f"{k}={v!r}" for k, v in vars(self).items() if k != _CHANGED)
        return f"{type(self).__name__}({', '.join(shown)})"


def state_fields(cls: type[InputState]) -> dict[str, FieldSpec]:
    """Return the public fields of a state class, the required ones first."""
    found: dict[str, FieldSpec] = getattr(cls, "_InputState__fields")  # noqa: B009 - private here
    return dict(sorted(found.items(), key=lambda item: not item[1].required))


def take_changes(state: InputState) -> dict[str, Any]:
    """Return the public fields assigned since the last call, in order of assignment.

    The first call returns every public field that has a value.
    """
    changed: dict[str, None] = state.__dict__.pop(_CHANGED, {})
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


def _own_fields(cls: type) -> dict[str, FieldSpec]:
    """Read the fields that this class declares, the ones without default moved first."""
    scope = scope_of(cls)
    annotations = own_annotations(cls)
    public: dict[str, FieldSpec] = {}
    for name, annotation in annotations.items():
        where = f"{cls.__name__}.{name}"
        default = cls.__dict__.get(name, MISSING)
        _refuse_mutable(_plain(default, where), where)
        if name.startswith("_"):
            if default is MISSING:
                raise TypeError(f"{where}: a private field needs a default")
            continue
        public[name] = spec = _slot(field_spec(name, annotation, default, scope, where))
        setattr(cls, name, _Unset(cls.__name__, name) if spec.required else spec.default)
    every = inspect.get_annotations(cls)
    first = {n: a for n, a in every.items() if n in public and public[n].required}
    cls.__annotations__ = {**first, **every}
    return public


def _slot(spec: FieldSpec) -> FieldSpec:
    """Give an upload slot its default, None."""
    if not (spec.required and spec.param.type.kind == "upload"):
        return spec
    param = msgspec.structs.replace(spec.param, required=False)
    return dataclasses.replace(spec, param=param)


def _plain(default: Any, where: str) -> Any:
    try:
        return plain_default(default)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None


def _refuse_mutable(default: Any, where: str) -> None:
    try:
        hash(default)
    except TypeError:
        text = f"{where}: the mutable default {default!r} would be shared by all sessions"
        raise TypeError(text) from None
