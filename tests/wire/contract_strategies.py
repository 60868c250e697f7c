"""Hypothesis strategies for contracts and the values that fit them, or nearly."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from reactor_zmq.wire.contract import EventContract, ParamSpec, TypeSpec

NAMES = st.text("abcdefghij_-é", min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
INTS = st.integers(-50, 50)
FLOATS = st.floats(-50, 50, allow_nan=False, width=32)


@st.composite
def numbers(draw: st.DrawFn) -> TypeSpec:
    """Draw an int or float, bounded or not."""
    low, high = sorted((draw(INTS), draw(INTS)))
    return TypeSpec(
        draw(st.sampled_from(["int", "float"])),
        nullable=draw(st.booleans()),
        ge=draw(st.sampled_from([None, low])),
        le=draw(st.sampled_from([None, high])),
    )


@st.composite
def texts(draw: st.DrawFn) -> TypeSpec:
    """Draw a text, with bounds or choices or neither."""
    low, high = sorted((draw(st.integers(0, 5)), draw(st.integers(0, 5))))
    return TypeSpec(
        "str",
        nullable=draw(st.booleans()),
        min_length=draw(st.sampled_from([None, low])),
        max_length=draw(st.sampled_from([None, high])),
        choices=draw(st.lists(TEXTS, max_size=3).map(tuple)),
    )


CHOICES = st.lists(
    st.one_of(INTS, TEXTS, st.booleans(), FLOATS), min_size=1, max_size=4, unique_by=repr
).map(tuple)
CHOICE_SPECS = st.builds(TypeSpec, st.just("choice"), st.booleans(), choices=CHOICES)
FLAGS = st.builds(TypeSpec, st.just("bool"), st.booleans())


def params(types: st.SearchStrategy[TypeSpec]) -> st.SearchStrategy[tuple[ParamSpec, ...]]:
    """Return parameters with different names; the optional ones may be null, their default."""
    optional = types.map(lambda spec: msgspec.structs.replace(spec, nullable=True))
    one = st.one_of(
        st.builds(ParamSpec, NAMES, types, st.just(value=True)),
        st.builds(ParamSpec, NAMES, optional, st.just(value=False)),
    )
    return st.lists(one, max_size=3, unique_by=lambda param: param.name).map(tuple)


def _nested(types: st.SearchStrategy[TypeSpec]) -> st.SearchStrategy[TypeSpec]:
    length = st.sampled_from([None, 0, 2])
    return st.one_of(
        st.builds(TypeSpec, st.just("list"), st.booleans(), items=types, max_length=length),
        st.builds(TypeSpec, st.just("dict"), st.booleans(), items=types, min_length=length),
        st.builds(TypeSpec, st.just("struct"), st.booleans(), fields=params(types)),
    )


TYPES = st.recursive(st.one_of(numbers(), texts(), CHOICE_SPECS, FLAGS), _nested, max_leaves=4)
EVENTS = st.builds(EventContract, NAMES, params(TYPES))


def fitting(spec: TypeSpec) -> st.SearchStrategy[Any]:
    """Return values that come close to a type: most fit, some miss a bound or a kind."""
    found = st.one_of(_of_kind(spec), _of_kind(spec), _of_kind(spec), ANYTHING)
    return st.one_of(found, st.none()) if spec.nullable else found


def event_data(event: EventContract) -> st.SearchStrategy[dict[str, Any]]:
    """Return data that comes close to what an event takes."""
    return _record(event.params)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), INTS, FLOATS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=4,
)


def _record(fields: tuple[ParamSpec, ...]) -> st.SearchStrategy[dict[str, Any]]:
    given = {p.name: fitting(p.type) for p in fields if p.required}
    return st.fixed_dictionaries(
        given, optional={p.name: fitting(p.type) for p in fields if not p.required}
    )


def _of_kind(spec: TypeSpec) -> st.SearchStrategy[Any]:
    if spec.choices:
        return st.sampled_from(spec.choices)
    simple = {
        "int": st.one_of(INTS, INTS.map(float), FLOATS),
        "float": st.one_of(INTS, FLOATS),
        "str": TEXTS,
        "bool": st.booleans(),
    }
    if spec.kind in simple:
        return simple[spec.kind]
    if spec.items is not None:
        items = fitting(spec.items)
        if spec.kind == "list":
            return st.lists(items, max_size=3)
        return st.dictionaries(NAMES, items, max_size=3)
    return _record(spec.fields)
