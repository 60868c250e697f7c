"""What an author may say about a field besides its type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field
from typing import Any, cast

_KEY = "reactor_zmq"

_BOUNDS_OF: dict[str, tuple[str, ...]] = {
    "int": ("ge", "le", "choices"),
    "float": ("ge", "le", "choices"),
    "str": ("min_length", "max_length", "choices"),
    "list": ("min_length", "max_length"),
    "dict": ("min_length", "max_length"),
}


@dataclass(frozen=True)
class FieldInfo:
    """Bounds and description of one field or parameter; every bound is inclusive."""

    description: str = ""
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    choices: tuple[Any, ...] = ()
    moderate: bool = False

    @property
    def bounds(self) -> dict[str, Any]:
        """The bounds that were given, by name; choices left out."""
        names = ("ge", "le", "min_length", "max_length")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def check(self, kind: str, where: str) -> None:
        """Hold the bounds against the kind of value.

        Raises:
            TypeError: A bound that this kind does not have, or bounds that leave nothing.
        """
        for name in (*self.bounds, *(("choices",) if self.choices else ())):
            if name not in _BOUNDS_OF.get(kind, ()):
                raise TypeError(f"{where}: {name} does not belong to a {kind}")
        for name, bound in self.bounds.items():
            _check_bound(name, bound, where)
        _check_order("ge", self.ge, "le", self.le, where)
        _check_order("min_length", self.min_length, "max_length", self.max_length, where)


NO_INFO = FieldInfo()


def InputField(  # noqa: N802 - reads like the type that it stands beside
    default: Any = MISSING,
    *,
    description: str = "",
    ge: float | None = None,
    le: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    choices: Sequence[Any] | None = None,
    moderate: bool = False,
) -> Any:
    """Describe a state field or an event's parameter; all bounds are inclusive.

    Args:
        default: Without one the field is required.
        description: For the schema.
        ge: Lower bound of a number; NaN and the infinities fail every bound.
        le: Upper bound of a number.
        min_length: Least length of a text, list or map.
        max_length: Greatest length of a text, list or map.
        choices: The only values allowed.
        moderate: Asks, in the schema, that texts given here be moderated.
    """
    info = FieldInfo(
        description, ge, le, min_length, max_length, tuple(choices or ()), moderate=moderate
    )
    return field(default=default, metadata={_KEY: info})


def MessageField(default: Any = MISSING, description: str = "") -> Any:  # noqa: N802 - as above
    """Describe a field of a message; without a default it must be given."""
    return field(default=default, metadata={_KEY: FieldInfo(description)})


def info_of(default: Any) -> FieldInfo:
    """Return what the author said beside the default, which may be a plain value."""
    return default.metadata.get(_KEY, NO_INFO) if isinstance(default, Field) else NO_INFO


def plain_default(default: Any, where: str) -> Any:
    """Return the default itself, MISSING where there is none.

    Raises:
        TypeError: A default_factory, which neither the schema nor a reset could show.
    """
    if not isinstance(default, Field):
        return default
    given = cast("Field[Any]", default)
    if given.default_factory is not MISSING:
        raise TypeError(f"{where}: default_factory is not supported; give a plain default")
    return given.default


def _check_bound(name: str, bound: Any, where: str) -> None:
    whole = name.endswith("length")
    fits = isinstance(bound, int if whole else int | float) and not isinstance(bound, bool)
    if not fits or not math.isfinite(bound) or (whole and bound < 0):
        kind = "a length" if whole else "a finite number"
        raise TypeError(f"{where}: {name} must be {kind}, not {bound!r}")


def _check_order(
    low_name: str, low: float | None, high_name: str, high: float | None, where: str
) -> None:
    if low is not None and high is not None and low > high:
        raise TypeError(f"{where}: {low_name}={low} and {high_name}={high} leave no value")
