"""What an author may say about a field besides its type."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field
from typing import Any

_KEY = "reactor_zmq"


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
        """The bounds that were given, by name."""
        names = ("ge", "le", "min_length", "max_length")
        given = {name: getattr(self, name) for name in names}
        if self.choices:
            given["choices"] = self.choices
        return {name: bound for name, bound in given.items() if bound is not None}


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


def MessageField(default: Any = MISSING, description: str = "") -> Any:  # noqa: N802 - as InputField
    """Describe a field of a message; without a default it must be given."""
    return field(default=default, metadata={_KEY: FieldInfo(description)})


def info_of(default: Any) -> FieldInfo:
    """Return what the author said beside the default, which may be a plain value."""
    return default.metadata.get(_KEY, NO_INFO) if isinstance(default, Field) else NO_INFO


def plain_default(default: Any) -> Any:
    """Return the default itself, MISSING where there is none.

    Raises:
        TypeError: A default_factory, which neither the schema nor a reset could show.
    """
    if not isinstance(default, Field):
        return default
    if default.default_factory is not dataclasses.MISSING:
        raise TypeError("default_factory is not supported; give a plain default")
    return default.default
