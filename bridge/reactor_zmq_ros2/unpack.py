"""MessagePack, read only: a frame's header, where ROS's Python has no library for it."""

from __future__ import annotations

import struct
from typing import Any

_FIXED = {
    0xCA: ">f", 0xCB: ">d",
    0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_BYTES = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I"}
_TEXTS = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}
_ARRAYS = {0xDC: ">H", 0xDD: ">I"}
_MAPS = {0xDE: ">H", 0xDF: ">I"}
_DEPTH = 32


def unpack(data: bytes) -> Any:
    """Return the value that the bytes are.

    Raises:
        ValueError: They are no MessagePack value, or more than one.
    """
    reader = _Reader(data)
    try:
        value = reader.value(0)
    except (struct.error, IndexError, TypeError) as error:
        raise ValueError(f"not MessagePack: {error}") from error
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes behind the value")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def value(self, depth: int) -> Any:
        if depth > _DEPTH:
            raise ValueError(f"nested deeper than {_DEPTH}")
        code = self._take(1)[0]
        if code < 0x80:  # noqa: PLR2004 - the format's own ranges, here and below
            return code
        if code >= 0xE0:  # noqa: PLR2004
            return code - 0x100
        if code < 0xC0:  # noqa: PLR2004
            return self._short(code, depth)
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code in _FIXED:
            return self._number(_FIXED[code])
        return self._long(code, depth)

    def _short(self, code: int, depth: int) -> Any:
        if code >= 0xA0:  # noqa: PLR2004
            return self._take(code & 0x1F).decode()
        if code >= 0x90:  # noqa: PLR2004
            return self._array(code & 0x0F, depth)
        return self._map(code & 0x0F, depth)

    def _long(self, code: int, depth: int) -> Any:
        if code in _BYTES:
            return self._take(self._number(_BYTES[code]))
        if code in _TEXTS:
            return self._take(self._number(_TEXTS[code])).decode()
        if code in _ARRAYS:
            return self._array(self._number(_ARRAYS[code]), depth)
        if code in _MAPS:
            return self._map(self._number(_MAPS[code]), depth)
        raise ValueError(f"no value begins with 0x{code:02x}")

    def _array(self, count: int, depth: int) -> list[Any]:
        return [self.value(depth + 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[Any, Any]:
        return {self.value(depth + 1): self.value(depth + 1) for _ in range(count)}

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _take(self, count: int) -> bytes:
        taken = self._data[self.at : self.at + count]
        if len(taken) != count:
            raise ValueError(f"{count} bytes are wanted, {len(taken)} are left")
        self.at += count
        return taken
