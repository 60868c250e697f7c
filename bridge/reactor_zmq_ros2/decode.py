"""CDR read back: messages that other nodes publish, without ROS's own classes."""

from __future__ import annotations

import struct
from typing import Any

from reactor_zmq_ros2.definitions import PRIMITIVES, Field, fields_of

_ORDERS = {b"\0\0": ">", b"\0\1": "<"}
_HEAD_NBYTES = 4


def decode(type_name: str, data: bytes | memoryview) -> dict[str, Any]:
    """Return a message as a mapping; arrays of octets are views of ``data``, other numbers tuples.

    Raises:
        ValueError: The bytes are no such message, or in an encapsulation that is not plain CDR.
        KeyError: No such message here.
    """
    view = memoryview(data).cast("B")
    order = _ORDERS.get(bytes(view[:2]))
    if order is None:
        raise ValueError(f"not plain CDR: it begins with {bytes(view[:_HEAD_NBYTES]).hex()}")
    try:
        return _Reader(view[_HEAD_NBYTES:], order).message(type_name)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"not a {type_name}: {error}") from error


class _Reader:
    def __init__(self, view: memoryview, order: str) -> None:
        self._view = view
        self._order = order
        self._at = 0

    def message(self, type_name: str) -> dict[str, Any]:
        return {field.name: self._field(field) for field in fields_of(type_name)}

    def _field(self, field: Field) -> Any:
        if field.length is None:
            return self._one(field.type)
        count = field.length or self._number("I")
        if field.type in PRIMITIVES:
            return self._numbers(PRIMITIVES[field.type], count)
        if count > len(self._view):
            raise ValueError(f"{field.name}: {count} items do not fit into the message")
        return [self._one(field.type) for _ in range(count)]

    def _one(self, type_name: str) -> Any:
        if type_name == "string":
            return bytes(self._take(self._number("I"), 1))[:-1].decode()
        if code := PRIMITIVES.get(type_name):
            return self._number(code)
        return self.message(type_name)

    def _numbers(self, code: str, count: int) -> Any:
        if not count:
            return memoryview(b"") if code == "B" else ()
        size = struct.calcsize(code)
        taken = self._take(count * size, size)
        return taken if code == "B" else struct.unpack(f"{self._order}{count}{code}", taken)

    def _number(self, code: str) -> Any:
        size = struct.calcsize(code)
        return struct.unpack(self._order + code, self._take(size, size))[0]

    def _take(self, nbytes: int, alignment: int) -> memoryview:
        start = self._at + (-self._at % alignment)
        taken = self._view[start : start + nbytes]
        if len(taken) != nbytes:
            raise ValueError(f"{nbytes} bytes are wanted at {start}, {len(taken)} are there")
        self._at = start + nbytes
        return taken
