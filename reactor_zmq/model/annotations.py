"""Annotations as types, also where ``from __future__ import annotations`` made texts of them."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType, SimpleNamespace
from typing import Any, ClassVar


@dataclass(frozen=True)
class Scope:
    """Where names are looked up: a module, and the names around a class statement inside it."""

    module: str
    names: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def globals(self) -> dict[str, Any]:
        """The module's names, as they stand at the time of asking."""
        return vars(sys.modules[self.module]) if self.module in sys.modules else {}

    def classes(self) -> Scope:
        """Return the same scope without the local values that are no classes."""
        kept = {name: value for name, value in self.names.items() if isinstance(value, type)}
        return Scope(self.module, kept)

    def of(self, other: type) -> Scope:
        """Return the scope of a class that was named in this one."""
        return Scope(other.__module__, self.names)


def scope_of(cls: type) -> Scope:
    """Return the scope of the class whose class statement is being run."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") != cls.__module__:
        frame = frame.f_back
    names: dict[str, Any] = {}
    while frame is not None and frame.f_locals is not frame.f_globals:
        names = {**frame.f_locals, **names}
        frame = _enclosing(frame)
    return Scope(cls.__module__, names)


def _enclosing(frame: FrameType) -> FrameType | None:
    """Return the running function or class body whose text holds this one's.

    A mere caller is no scope; an enclosing function that has returned is out of reach.
    """
    outer = frame.f_back
    while outer is not None and frame.f_code not in outer.f_code.co_consts:
        outer = outer.f_back
    return outer


def resolve(annotation: Any, scope: Scope, where: str) -> Any:
    """Return the type that an annotation stands for.

    Raises:
        TypeError: A name in it is not defined where the class is.
    """
    holder = SimpleNamespace(__annotations__={"it": annotation})
    names = dict(scope.names)
    try:
        return typing.get_type_hints(holder, scope.globals, names, include_extras=True)["it"]
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        text = f"{where}: the annotation {annotation!r} can't be resolved here: {error}"
        raise TypeError(text) from error


def is_class_variable(annotation: Any) -> bool:
    """Return whether the annotation says ClassVar, as a text or not."""
    if isinstance(annotation, str):
        return annotation.removeprefix("typing.").startswith("ClassVar")
    return annotation is ClassVar or typing.get_origin(annotation) is ClassVar


def own_annotations(cls: type) -> dict[str, Any]:
    """Return the annotations of this class alone, class variables left out."""
    own = inspect.get_annotations(cls)
    return {name: kind for name, kind in own.items() if not is_class_variable(kind)}
