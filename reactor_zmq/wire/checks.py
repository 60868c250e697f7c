"""What a decoded value is checked for after its Struct: one closure for each type.

Each takes a value and its path, and returns the final value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from reactor_zmq.wire.contract import ParamSpec, TypeSpec

# Integers beyond 64 bits have no MessagePack form, and a 4,300-digit JSON integer is an attack.
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

Check = Callable[[Any, str], Any]


class FieldError(ValueError):
    """A value at fault.

    Attributes:
        field: Its path.
        text: What was expected.
        bound: Whether a value of the right type broke a bound.
    """

    def __init__(self, field: str, text: str, *, bound: bool) -> None:
        super().__init__(field, text)
        self.field = field
        self.text = text
        self.bound = bound


def struct_check(params: tuple[ParamSpec, ...]) -> Check:
    """Return the check of a Struct whose attributes are ``f0``, ``f1``…; it makes a dict of it."""
    steps = [(f"f{i}", p.name, _optional_check(p.type)) for i, p in enumerate(params)]

    def check(value: Any, path: str) -> dict[str, Any]:
        return {
            name: step(getattr(value, slot), f"{path}.{name}" if path else name)
            for slot, name, step in steps
        }

    return check


def _optional_check(spec: TypeSpec) -> Check:
    """Return the check of a value that may be None: as a null, or as the default of any type."""
    check = _check(spec)
    return lambda value, path: None if value is None else check(value, path)


def _check(spec: TypeSpec) -> Check:
    match spec.kind:
        case "int":
            check = _integer_check(spec)
        case "str" | "choice":
            check = _text
        case "struct":
            return struct_check(spec.fields)
        case _:
            check = _items_check(spec)
    return _choice_check(spec.choices, check) if spec.choices else check


def _items_check(spec: TypeSpec) -> Check:
    if spec.items is None:
        return _as_it_is
    each = _optional_check(spec.items)
    return _list_check(each) if spec.kind == "list" else _dict_check(each)


def _as_it_is(value: Any, _path: str) -> Any:
    return value


def _text(value: Any, path: str) -> Any:
    if isinstance(value, str) and "\0" in value:
        raise FieldError(path, "expected text without NUL characters", bound=True)
    return value


def _integer_check(spec: TypeSpec) -> Check:
    low = max(INT_MIN, math.ceil(spec.ge)) if spec.ge is not None else INT_MIN
    high = min(INT_MAX, math.floor(spec.le)) if spec.le is not None else INT_MAX

    def check(value: float, path: str) -> int:
        if isinstance(value, float) and not value.is_integer():
            raise FieldError(path, "expected int, got a number with a fraction", bound=False)
        if value < low:
            raise FieldError(path, f"expected int >= {low}", bound=True)
        if value > high:
            raise FieldError(path, f"expected int <= {high}", bound=True)
        return int(value)

    return check


def _choice_check(choices: tuple[Any, ...], first: Check) -> Check:
    allowed = ", ".join(repr(choice) for choice in choices)

    def check(value: Any, path: str) -> Any:
        value = first(value, path)
        for choice in choices:
            # True == 1, yet bool is no int.
            if value == choice and isinstance(value, bool) == isinstance(choice, bool):
                return choice
        raise FieldError(path, f"expected one of {allowed}", bound=True)

    return check


def _list_check(each: Check) -> Check:
    return lambda value, path: [each(item, f"{path}[{i}]") for i, item in enumerate(value)]


def _dict_check(each: Check) -> Check:
    return lambda value, path: {
        _text(key, path): each(item, f"{path}.{key}") for key, item in value.items()
    }
