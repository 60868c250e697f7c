"""Finds the tracks and messages of a model where its class does not name them.

A model's class names its tracks by ``output: MyOutput`` and ``input: MyInput``, or by what
``inference`` is annotated to yield. Without these the code of its methods and the module around
it are looked at, so that a model of one file needs no ceremony.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType
from typing import Any, TypeVar, get_args

from reactor_zmq.model.annotations import Scope, resolve
from reactor_zmq.model.declare import annotated_class, is_author, own_functions
from reactor_zmq.model.messages import ModelMessage, message_name
from reactor_zmq.model.tracks import Input, Output, track_specs

C = TypeVar("C")
T = TypeVar("T", bound=Output | Input)
Outputs = tuple[type[Output], ...]
Inputs = tuple[type[Input], ...]


def find_tracks(cls: type, scope: Scope) -> tuple[Outputs, Inputs]:
    """Return a model's Output and Input classes.

    Raises:
        TypeError: Two of them declare one track in different ways.
        ValueError: A track is both in and out.
    """
    outputs, inputs = _outputs(cls, scope), _inputs(cls, scope)
    _refuse_both_ways(cls, outputs, inputs)
    return outputs, inputs


def check_annotated_tracks(cls: type, scope: Scope) -> None:
    """Check the tracks that the class names, as early as its class statement.

    Raises:
        TypeError: They are not named by an Output or Input class.
        ValueError: A track is both in and out.
    """
    output = annotated_class(cls, "output", Output, scope)
    given = annotated_class(cls, "input", Input, scope)
    if output and given:
        _refuse_both_ways(cls, (output,), (given,))


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
    for message in (*_local(scope, ModelMessage), *_defined_beside(cls, ModelMessage)):
        found.setdefault(message_name(message), message)
    return tuple(found.values())


def _refuse_both_ways(cls: type, outputs: Outputs, inputs: Inputs) -> None:
    names = {track.name for track in track_specs(*outputs)}
    for track in track_specs(*inputs):
        if track.name in names:
            raise ValueError(f"{cls.__name__}: the track {track.name!r} is both in and out")


def _outputs(cls: type, scope: Scope) -> Outputs:
    annotated = annotated_class(cls, "output", Output, scope)
    if annotated:
        return (annotated,)
    candidates = (_yielded(cls, scope), _named(cls, Output), *_around(cls, scope, Output))
    return _first(candidates)


def _inputs(cls: type, scope: Scope) -> Inputs:
    annotated = annotated_class(cls, "input", Input, scope)
    if annotated:
        return (annotated,)
    found = _first(_around(cls, scope, Input))
    # A module may hold several models; the one that never says `input` takes none of theirs.
    return found if len(found) <= 1 or "input" in _names(cls) else ()


def _first(candidates: Iterable[tuple[type[T], ...]]) -> tuple[type[T], ...]:
    """Return the first group that declares tracks, its abstract bases left out."""
    for classes in candidates:
        found = tuple(c for c in classes if track_specs(c))
        if found:
            return found
    return ()


def _yielded(cls: type, scope: Scope) -> Outputs:
    """Return the Output classes of ``inference``'s return annotation."""
    for name, owner, method in own_functions(cls):
        if name == "inference" and "return" in getattr(method, "__annotations__", {}):
            try:
                kind = resolve(method.__annotations__["return"], scope.of(owner), name)
            except TypeError:  # names that are imported for type checkers alone
                return ()
            return tuple(k for k in _mentioned(kind) if issubclass(k, Output) and k is not Output)
    return ()


def _mentioned(kind: Any) -> Iterator[type]:
    """Yield the classes in ``AsyncIterator[A | B]``."""
    if isinstance(kind, type) and not get_args(kind):
        yield kind
    for argument in get_args(kind):
        yield from _mentioned(argument)


def _around(
    cls: type, scope: Scope, base: type[C]
) -> tuple[tuple[type[C], ...], tuple[type[C], ...]]:
    return _local(scope, base), _defined_beside(cls, base)


def _local(scope: Scope, base: type[C]) -> tuple[type[C], ...]:
    """Return the subclasses defined in the function that holds the class statement."""
    return _subclasses(scope.names.values(), base, {scope.module})


def _defined_beside(cls: type, base: type[C]) -> tuple[type[C], ...]:
    """Return the subclasses defined in the modules of the class and of its bases."""
    modules = {owner.__module__ for owner in filter(is_author, cls.__mro__)}
    values = [v for m in modules if m in sys.modules for v in list(vars(sys.modules[m]).values())]
    return _subclasses(values, base, modules)


def _subclasses(values: Any, base: type[C], modules: set[str]) -> tuple[type[C], ...]:
    return tuple(
        dict.fromkeys(
            value
            for value in values
            if isinstance(value, type)
            and issubclass(value, base)
            and value is not base
            and value.__module__ in modules
        )
    )


def _named(cls: type, base: type[C]) -> tuple[type[C], ...]:
    """Return the subclasses that the code of the class's methods names."""
    found: dict[type[C], None] = {}
    for method in _functions(cls):
        for value in _values_named(method):
            if isinstance(value, type) and issubclass(value, base) and value is not base:
                found[value] = None
    return tuple(found)


def _functions(cls: type) -> Iterator[FunctionType]:
    for _, _, member in own_functions(cls):
        function = inspect.unwrap(getattr(member, "__func__", member))
        if isinstance(function, FunctionType):
            yield function


def _values_named(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # the name has no value yet
            continue
    for code in _codes(function.__code__):
        for name in code.co_names:
            if name in function.__globals__:
                yield function.__globals__[name]


def _names(cls: type) -> set[str]:
    return {n for f in _functions(cls) for code in _codes(f.__code__) for n in code.co_names}


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
