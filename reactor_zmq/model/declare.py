"""What a model class declares, read when its class statement runs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import msgspec

from reactor_zmq.model.annotations import Scope, resolve, scope_of
from reactor_zmq.model.events import EventSpec, event_mark, handler_spec, setter_spec
from reactor_zmq.model.hooks import HookSpec, hook_kind, hook_spec
from reactor_zmq.model.state import InputState, state_fields

_BOUND = (staticmethod, classmethod)
_KEPT = "_reactor_handler_"


@dataclass(frozen=True)
class Declared:
    """A model class's declarations, its bases' included.

    Attributes:
        scope: The class's module, and the classes that stood around its statement.
    """

    scope: Scope
    state_class: type[InputState] | None
    events: dict[str, EventSpec]
    hooks: dict[str, HookSpec]


def read_declarations(cls: type) -> Declared:
    """Read a model class.

    Raises:
        TypeError: A declaration that can't be honoured, naming class and member.
        ValueError: Two handlers of one event, or a rate or size out of bounds.
    """
    scope = scope_of(cls)
    _check_pacing(cls)
    state_class = annotated_class(cls, "state", InputState, scope)
    fields = state_fields(state_class) if state_class else {}
    events = {spec.contract.name: spec for spec in map(setter_spec, fields.values())}
    for name, spec in _handlers(cls, scope).items():
        sets = events[name].contract.sets if name in events else ""
        events[name] = replace(spec, contract=msgspec.structs.replace(spec.contract, sets=sets))
    return Declared(scope.classes(), state_class, events, _hooks(cls))


def is_author(cls: type) -> bool:
    """Return whether a class of a model's MRO is an author's, not this package's."""
    return cls is not object and not cls.__module__.startswith("reactor_zmq.model")


def annotated_class(cls: type, name: str, base: type, scope: Scope) -> Any:
    """Return the class that the nearest annotation of this name stands for, None without one.

    Raises:
        TypeError: It is no subclass of ``base``.
    """
    for owner in filter(is_author, cls.__mro__):
        annotation = inspect.get_annotations(owner).get(name)
        if annotation is None:
            continue
        where = f"{owner.__name__}.{name}"
        kind = resolve(annotation, scope.of(owner), where)
        if not (isinstance(kind, type) and issubclass(kind, base)):
            raise TypeError(f"{where}: expected a subclass of {base.__name__}, not {annotation!r}")
        return kind
    return None


def own_functions(cls: type) -> Iterator[tuple[str, type, Any]]:
    """Yield name, owner and member of each function in an author's class or its bases."""
    for owner in filter(is_author, cls.__mro__):
        for name, member in list(vars(owner).items()):
            is_function = inspect.isfunction(member)
            if (is_function or isinstance(member, _BOUND)) and not name.startswith(_KEPT):
                yield name, owner, member


def _handlers(cls: type, scope: Scope) -> dict[str, EventSpec]:
    found: dict[str, EventSpec] = {}
    claimed: dict[str, str] = {}
    for name, owner, method in own_functions(cls):
        mark = event_mark(method)
        if mark is None:
            continue
        where = f"{cls.__name__}.{name}"
        if claimed.setdefault(mark.name, name) != name:
            text = f"{cls.__name__}.{claimed[mark.name]} handles the event {mark.name!r} already"
            raise ValueError(f"{where}: {text}")
        if mark.name not in found:
            spec = handler_spec(mark, method, scope.of(owner), where)
            found[mark.name] = replace(spec, method=_kept(cls, owner, name))
    return found


def _hooks(cls: type) -> dict[str, HookSpec]:
    found: dict[str, HookSpec] = {}
    claimed: dict[str, str] = {}
    for name, owner, method in own_functions(cls):
        kind = hook_kind(method)
        if kind is None:
            continue
        where = f"{cls.__name__}.{name}"
        if claimed.setdefault(kind, name) != name:
            text = f"{cls.__name__}.{claimed[kind]} is the @{kind} hook already"
            raise TypeError(f"{where}: {text}")
        if kind not in found:
            found[kind] = hook_spec(kind, _kept(cls, owner, name), method, where)
    return found


def _kept(cls: type, owner: type, name: str) -> str:
    """Return the attribute under which a marked method of ``owner`` is called.

    An undecorated method of the same name does not override it: the decorator is what declares.
    """
    method = vars(owner)[name]
    if inspect.getattr_static(cls, name) is method:
        return name
    kept = f"{_KEPT}{owner.__name__}_{name}"
    setattr(cls, kept, method)
    return kept


def _check_pacing(cls: type) -> None:
    fps, buffer_size = getattr(cls, "fps", None), getattr(cls, "buffer_size", 1)
    if fps is not None:
        if isinstance(fps, bool) or not isinstance(fps, Real):
            raise TypeError(f"{cls.__name__}.fps: expected a number or None, not {fps!r}")
        if not 0 < float(fps) < math.inf:
            raise ValueError(f"{cls.__name__}.fps: expected more than 0 frames per second")
    if not isinstance(buffer_size, int) or isinstance(buffer_size, bool):
        raise TypeError(f"{cls.__name__}.buffer_size: expected an int, not {buffer_size!r}")
    if buffer_size < 1:
        raise ValueError(f"{cls.__name__}.buffer_size: expected at least 1 frame")
