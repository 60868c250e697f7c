"""The newest array of a numeric track in a few words: its last axis, named where it has names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

# More than a terminal has room for.
MOST = 12


def numbers(array: NDArray[Any], names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return name and value of the first places along the last axis.

    Of an array with more axes, such as a chunk of actions, these are the first row's.

    Args:
        array: Any shape of at least one axis, any number type.
        names: Of those places; their indices stand in where there are none.
    """
    row = array.reshape(-1, array.shape[-1])[0][:MOST]
    labels = names if len(names) == array.shape[-1] else [f"[{i}]" for i in range(len(row))]
    return [(label, told(value)) for label, value in zip(labels, row, strict=False)]


def numbers_line(array: NDArray[Any], names: Sequence[str] = ()) -> str:
    """Return the same as one line, with a mark where it is not all of it."""
    words = [f"{name}={value}" if names else value for name, value in numbers(array, names)]
    more = " …" if array.size > len(words) else ""
    return " ".join(words) + more


def told(value: Any) -> str:
    """Return one number, four digits of it where it is a fraction."""
    return f"{float(value):+.4g}" if value.dtype.kind == "f" else str(value)
