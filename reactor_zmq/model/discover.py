"""Finds the tracks and messages of a model where its class does not name them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import CodeType
from typing import Any, TypeVar, get_args

from reactor_zmq.model.annotations import Scope, resolve
from reactor_zmq.model.declare import annotated_class, methods
from reactor_zmq.model.messages import ModelMessage, message_name
from reactor_zmq.model.tracks import Input, Output, track_specs

C = TypeVar("C")


def find_tracks(
    cls: type, scope: Scope
) -> tuple[tuple[type[Output], ...], tuple[type[Input], ...]]:
    """Return a model's Output and Input classes.

    Raises:
        TypeError: There are several to choose from.
        ValueError: A track is both in and out.
    """
    outputs, inputs = _outputs(cls, scope), _inputs(cls, scope)
    names = {track.name for track in track_specs(*outputs)}
    for track in track_specs(*inputs):
        if track.name in names:
            raise ValueError(f"{cls.__name__}: the track {track.name!r} is both in and out")
    return outputs, inputs


def find_messages(
    cls: type, scope: Scope, replies: tuple[type[ModelMessage], ...]
) -> tuple[type[ModelMessage], ...]:
    """Return the messages that a model may send: replies, those it names, its module's own.

    Raises:
        ValueError: Two of the model's own have one name on the wire.
    """
    found: dict[str, type[ModelMessage]] = {}
    for message in (*replies, *_named(cls, ModelMessage)):
        name = message_name(message)
        if found.setdefault(name, message) is not message:
            raise ValueError(f"{cls.__name__}: two messages are called {name!r} on the wire")
    for message in _defined_beside(cls, scope, ModelMessage):
        found.setdefault(message_name(message), message)
    return tuple(found.values())


def _outputs(cls: type, scope: Scope) -> tuple[type[Output], ...]:
    annotated = annotated_class(cls, "output", Output, scope) or _yielded(cls, scope)
    if annotated:
        return (annotated,)
    named = _named(cls, Output)
    return named or _only(_defined_beside(cls, scope, Output), cls, "output: MyOutput")


def _inputs(cls: type, scope: Scope) -> tuple[type[Input], ...]:
    annotated = annotated_class(cls, "input", Input, scope)
    if annotated:
        return (annotated,)
    found = _defined_beside(cls, scope, Input)
    # A module may hold several models; the one that never says `input` takes none of theirs.
    if len(found) > 1 and not any("input" in c.co_names for c in _codes(cls)):
        return ()
    return _only(found, cls, "input: MyInput")


def _yielded(cls: type, scope: Scope) -> type[Output] | None:
    """Return the Output class of ``inference``'s return annotation."""
    method = getattr(cls, "inference", None)
    annotation = getattr(method, "__annotations__", {}).get("return")
    if annotation is None or getattr(method, "__module__", "").startswith("reactor_zmq.model"):
        return None
    kind = resolve(annotation, scope, f"{cls.__name__}.inference")
    found = [a for a in get_args(kind) if isinstance(a, type) and issubclass(a, Output)]
    return found[0] if found else None


def _only(found: tuple[type[C], ...], cls: type, hint: str) -> tuple[type[C], ...]:
    if len(found) > 1:
        names = ", ".join(c.__name__ for c in found)
        raise TypeError(f"{cls.__name__}: which of {names}? Annotate the class with `{hint}`")
    return found


def _defined_beside(cls: type, scope: Scope, base: type[C]) -> tuple[type[C], ...]:
    """Return the subclasses defined in the modules of the class and of its bases."""
    modules = {
        c.__module__ for c in cls.__mro__ if not c.__module__.startswith("reactor_zmq.model")
    }
    places = [scope.names, *(vars(sys.modules[m]) for m in modules if m in sys.modules)]
    found = {
        value: None
        for place in places
        for value in list(place.values())
        if isinstance(value, type)
        and issubclass(value, base)
        and value is not base
        and value.__module__ in modules
    }
    return tuple(found)


def _named(cls: type, base: type[C]) -> tuple[type[C], ...]:
    """Return the subclasses that the code of the class's methods names."""
    found: dict[type[C], None] = {}
    for _, owner, method in methods(cls):
        if owner.__module__.startswith("reactor_zmq.model"):
            continue
        for value in _values_named(method):
            if isinstance(value, type) and issubclass(value, base) and value is not base:
                found[value] = None
    return tuple(found)


def _values_named(method: Callable[..., Any]) -> Iterator[Any]:
    method = inspect.unwrap(method)
    cells = zip(method.__code__.co_freevars, method.__closure__ or (), strict=True)
    for _, cell in cells:
        try:
            yield cell.cell_contents
        except ValueError:  # the name has no value yet
            continue
    for code in _nested(method.__code__):
        for name in code.co_names:
            if name in method.__globals__:
                yield method.__globals__[name]


def _codes(cls: type) -> Iterator[CodeType]:
    for _, owner, method in methods(cls):
        if not owner.__module__.startswith("reactor_zmq.model"):
            yield from _nested(inspect.unwrap(method).__code__)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
