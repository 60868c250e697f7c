"""CBOR, written only: what rosbridge clients ask for where JSON would be too slow."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
_LITERALS = {False: b"\xf4", True: b"\xf5", None: b"\xf6"}
_SIZES = ((24, ""), (2**8, "B"), (2**16, ">H"), (2**32, ">I"), (2**64, ">Q"))


def encode_cbor(value: object) -> bytes:
    """Return plain data as CBOR; buffers become byte strings, floats 64 bits.

    Raises:
        TypeError: A value that is no plain data.
        OverflowError: An integer beyond 64 bits.
    """
    parts: list[bytes | memoryview] = []
    _write(value, parts.append)
    return b"".join(parts)


def _write(value: Any, add: Callable[[bytes | memoryview], None]) -> None:
    match value:
        case bool() | None:
            add(_LITERALS[value])
        case int():
            add(_head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value))
        case float():
            add(b"\xfb" + struct.pack(">d", value))
        case str():
            data = value.encode()
            add(_head(_TEXT, len(data)) + data)
        case bytes() | bytearray() | memoryview():
            view = memoryview(value)  # pyright: ignore[reportUnknownArgumentType]
            add(_head(_BYTES, view.nbytes))
            add(view)
        case Mapping():
            _write_map(value, add)  # pyright: ignore[reportUnknownArgumentType]
        case Sequence():
            _write_array(value, add)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            raise TypeError(f"{type(value).__name__} has no form in CBOR")


def _write_map(value: Mapping[Any, Any], add: Callable[[bytes | memoryview], None]) -> None:
    add(_head(_MAP, len(value)))
    for key, inner in value.items():
        _write(key, add)
        _write(inner, add)


def _write_array(value: Sequence[Any], add: Callable[[bytes | memoryview], None]) -> None:
    add(_head(_ARRAY, len(value)))
    for inner in value:
        _write(inner, add)


def _head(major: int, count: int) -> bytes:
    for place, (bound, form) in enumerate(_SIZES):
        if count < bound:
            if not form:
                return bytes([major << 5 | count])
            return bytes([major << 5 | 23 + place]) + struct.pack(form, count)
    raise OverflowError(f"{count} does not fit into 64 bits")
