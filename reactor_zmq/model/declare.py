"""What a model class declares, read when its class statement runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reactor_zmq.model.annotations import Scope, resolve, scope_of
from reactor_zmq.model.events import EventSpec, event_mark, handler_spec, setter_spec
from reactor_zmq.model.hooks import HookSpec, hook_kind, hook_spec
from reactor_zmq.model.state import InputState, state_fields


@dataclass(frozen=True)
class Declared:
    """A model class's declarations, its bases' included."""

    scope: Scope
    state_class: type[InputState] | None
    events: dict[str, EventSpec]
    hooks: dict[str, HookSpec]


def read_declarations(cls: type) -> Declared:
    """Read a model class.

    Raises:
        TypeError: A declaration that can't be honoured, naming class and member.
        ValueError: Two handlers of one event.
    """
    scope = scope_of(cls)
    state_class = _state_class(cls, scope)
    events = {
        f"set_{n}": setter_spec(f)
        for n, f in (state_fields(state_class) if state_class else {}).items()
    }
    handlers = _handlers(cls, scope)
    for name, spec in handlers.items():
        sets = events[name].contract.sets if name in events else ""
        events[name] = replace(spec, contract=msgspec.structs.replace(spec.contract, sets=sets))
    return Declared(scope, state_class, events, _hooks(cls))


def annotated_class(cls: type, name: str, base: type, scope: Scope) -> Any:
    """Return the class that the nearest annotation of this name stands for, None without one.

    Raises:
        TypeError: It is no subclass of ``base``.
    """
    for owner in cls.__mro__:
        annotation = inspect.get_annotations(owner).get(name)
        if annotation is None or owner.__module__.startswith("reactor_zmq.model"):
            continue
        where = f"{owner.__name__}.{name}"
        kind = resolve(annotation, scope.of(owner), where)
        if not (isinstance(kind, type) and issubclass(kind, base)):
            raise TypeError(f"{where}: expected a subclass of {base.__name__}, not {annotation!r}")
        return kind
    return None


def _state_class(cls: type, scope: Scope) -> type[InputState] | None:
    return annotated_class(cls, "state", InputState, scope)


def methods(cls: type) -> Iterator[tuple[str, type, Callable[..., Any]]]:
    """Yield name, owner and function of each method that instances of this class have."""
    seen: set[str] = set()
    for owner in cls.__mro__:
        for name, member in vars(owner).items():
            if name not in seen and inspect.isfunction(member):
                yield name, owner, member
            seen.add(name)


def _handlers(cls: type, scope: Scope) -> dict[str, EventSpec]:
    found: dict[str, EventSpec] = {}
    for name, owner, method in methods(cls):
        mark = event_mark(method)
        if mark is None:
            continue
        where = f"{cls.__name__}.{name}"
        if mark.name in found:
            other = found[mark.name].method
            raise ValueError(
                f"{where}: {cls.__name__}.{other} handles the event {mark.name!r} already"
            )
        found[mark.name] = handler_spec(mark, name, method, scope.of(owner), where)
    return found


def _hooks(cls: type) -> dict[str, HookSpec]:
    found: dict[str, HookSpec] = {}
    for name, _, method in methods(cls):
        kind = hook_kind(method)
        if kind is None:
            continue
        where = f"{cls.__name__}.{name}"
        if kind in found:
            raise TypeError(
                f"{where}: {cls.__name__}.{found[kind].method} is the @{kind} hook already"
            )
        found[kind] = hook_spec(kind, name, method, where)
    return found
