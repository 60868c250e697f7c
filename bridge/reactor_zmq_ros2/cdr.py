"""ROS messages as CDR: the bytes that rclpy, bags, MCAP and Foxglove all take.

A message is a mapping of field names to values; fields that are not given are zero or empty, as in
a message that ROS has just made. Little-endian XCDR1, with the four bytes that say so in front.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from reactor_zmq_ros2.definitions import PRIMITIVES, Field, fields_of

ENCAPSULATION = b"\0\1\0\0"  # plain CDR, little-endian, no options
SECOND_NS = 1_000_000_000

Message = Mapping[str, Any]


def encode(type_name: str, message: Message) -> bytes:
    """Return a message as bytes, identical to what ``rclpy.serialization`` gives.

    Args:
        type_name: Long name, ``sensor_msgs/msg/Image``.
        message: Values by field. Numeric arrays may be any buffer of that item type (bytes, array,
            numpy), which is copied once, or a sequence of numbers; messages are mappings.

    Raises:
        KeyError: No such message.
        ValueError: An unknown field, an array of the wrong length, a buffer of another item type.
        struct.error: A number that does not fit its field.
    """
    writer = _Writer()
    writer.message(type_name, message)
    return b"".join(writer.parts)


def time_of(unix_ns: int) -> dict[str, int]:
    """Return Unix nanoseconds as a ``builtin_interfaces/msg/Time``."""
    return {"sec": unix_ns // SECOND_NS, "nanosec": unix_ns % SECOND_NS}


class _Writer:
    """Collects the parts of one message; positions count from behind the encapsulation."""

    def __init__(self) -> None:
        self.parts: list[bytes | memoryview] = [ENCAPSULATION]
        self._at = 0

    def message(self, type_name: str, message: Message) -> None:
        fields = fields_of(type_name)
        if unknown := message.keys() - {field.name for field in fields}:
            raise ValueError(f"{type_name} has no field {', '.join(sorted(unknown))}")
        for field in fields:
            value = message.get(field.name)
            if field.length is None:
                self._one(field.type, value)
            elif field.type in PRIMITIVES:
                self._numbers(field, () if value is None else value)
            else:
                self._many(field.type, value or ())

    def _one(self, type_name: str, value: Any) -> None:
        if type_name == "string":
            data = (value or "").encode() + b"\0"
            self._pack("I", len(data))
            self._add(data)
        elif code := PRIMITIVES.get(type_name):
            self._pack(code, value or 0)
        else:
            self.message(type_name, value or {})

    def _many(self, type_name: str, values: Sequence[Any]) -> None:
        self._pack("I", len(values))
        for value in values:
            self._one(type_name, value)

    def _numbers(self, field: Field, values: Any) -> None:
        code = PRIMITIVES[field.type]
        data = _buffer(field, code, values)
        count = data.nbytes // struct.calcsize(code)
        if not field.length:
            self._pack("I", count)
        elif count != field.length:
            if count:
                raise ValueError(f"{field.name} has {count} values; it takes {field.length}")
            data = memoryview(bytes(field.length * struct.calcsize(code)))
        if data.nbytes:
            self._align(struct.calcsize(code))
            self._add(data)

    def _pack(self, code: str, value: Any) -> None:
        self._align(struct.calcsize(code))
        self._add(struct.pack(f"<{code}", value))

    def _align(self, size: int) -> None:
        if missing := -self._at % size:
            self._add(bytes(missing))

    def _add(self, data: bytes | memoryview) -> None:
        self.parts.append(data)
        self._at += len(data)


def _buffer(field: Field, code: str, values: Any) -> memoryview:
    """Return numbers as little-endian bytes, without a copy where they lie in a buffer."""
    try:
        view = memoryview(values)
    except TypeError:
        return memoryview(struct.pack(f"<{len(values)}{code}", *values))
    if not view.nbytes:
        return memoryview(b"")
    if view.itemsize != struct.calcsize(code) or not _alike(view.format, code):
        raise ValueError(f"{field.name} takes {field.type}; got a buffer of {view.format!r}")
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def _alike(buffer_format: str, code: str) -> bool:
    """Say whether a buffer of this format holds such numbers, bytes being anybody's octets."""
    kind = buffer_format.lstrip("<=@")
    if kind == code or code in "Bb?":
        return True
    integers, unsigned = "bhilq", "BHILQ"
    return any(kind in kinds and code in kinds for kinds in (integers, unsigned))
