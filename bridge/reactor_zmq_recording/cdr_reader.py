"""CDR bytes as values: what ``reactor_zmq_ros2.cdr`` wrote, read again."""

from __future__ import annotations

import struct
from typing import Any, cast

from reactor_zmq_ros2.cdr import ENCAPSULATION
from reactor_zmq_ros2.definitions import PRIMITIVES, Field, fields_of


def decode(type_name: str, data: bytes) -> dict[str, Any]:
    """Return a message's values by field; arrays of numbers are memoryviews of their item type.

    Raises:
        KeyError: No such message.
        ValueError: The bytes are no such message in little-endian CDR.
    """
    if data[: len(ENCAPSULATION)] != ENCAPSULATION:
        raise ValueError(f"{type_name}: not little-endian CDR: {data[:4].hex()}")
    try:
        return _Reader(memoryview(data)[len(ENCAPSULATION) :]).message(type_name)
    except (struct.error, IndexError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(f"{type_name}: {error}") from error


class _Reader:
    """Positions count from behind the encapsulation."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def message(self, type_name: str) -> dict[str, Any]:
        return {field.name: self._field(field) for field in fields_of(type_name)}

    def _field(self, field: Field) -> Any:
        if field.length is None:
            return self._one(field.type)
        count = field.length or self._number("I")
        if field.type in PRIMITIVES:
            return self._numbers(PRIMITIVES[field.type], count)
        return [self._one(field.type) for _ in range(count)]

    def _one(self, type_name: str) -> Any:
        if type_name == "string":
            return bytes(self._take(self._number("I"))[:-1]).decode()
        code = PRIMITIVES.get(type_name)
        return self._number(code) if code else self.message(type_name)

    def _numbers(self, code: str, count: int) -> memoryview:
        if not count:
            return cast("memoryview[Any]", memoryview(b"").cast(cast("Any", code)))
        self._align(struct.calcsize(code))
        numbers: Any = self._take(count * struct.calcsize(code))
        return numbers.cast(code)

    def _number(self, code: str) -> Any:
        self._align(struct.calcsize(code))
        return struct.unpack(f"<{code}", self._take(struct.calcsize(code)))[0]

    def _align(self, size: int) -> None:
        self._at += -self._at % size

    def _take(self, nbytes: int) -> memoryview:
        taken = self._data[self._at : self._at + nbytes]
        if len(taken) != nbytes:
            raise ValueError(f"{nbytes} bytes are wanted at {self._at}, {len(taken)} are left")
        self._at += nbytes
        return taken
