"""The newest array of a numeric track in a few words: its last axis, named where it has names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

# More than a terminal has room for.
MOST = 12


def numbers(array: NDArray[Any], names: Sequence[str] = ()) -> list[tuple[str, float]]:
    """Return name and value of the first places along the last axis.

    Of an array with more axes, such as a chunk of actions, these are the first row's.

    Args:
        array: Any shape of at least one axis, any number type.
        names: Of those places; their indices stand in where there are none.
    """
    row = array.reshape(-1, array.shape[-1])[0][:MOST].tolist()
    labels = names if len(names) == array.shape[-1] else [f"[{i}]" for i in range(len(row))]
    return list(zip(labels, row, strict=False))


def numbers_line(array: NDArray[Any], names: Sequence[str] = ()) -> str:
    """Return the same as one line, with a mark where it is not all of it."""
    found = numbers(array, names)
    words = [f"{name}={told(value)}" if names else told(value) for name, value in found]
    more = " …" if array.size > len(words) else ""
    return " ".join(words) + more


def told(value: float) -> str:
    """Return one number, four digits of it where it is a fraction."""
    return f"{value:+.4g}" if isinstance(value, float) else str(value)
