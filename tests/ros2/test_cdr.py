"""The CDR encoder: rclpy's bytes, and what it refuses."""

from __future__ import annotations

import json
import struct
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_cases import CASES
from mcap_ros2._dynamic import generate_dynamic  # pyright: ignore[reportPrivateUsage]

from reactor_zmq_ros2.cdr import encode, time_of
from reactor_zmq_ros2.definitions import TEXTS, fields_of, schema_text

GOLDEN = json.loads((Path(__file__).parent / "golden_cdr.json").read_text())


@pytest.mark.parametrize("place", range(len(CASES)))
def test_golden_bytes(place: int) -> None:
    """Every message is the bytes that rclpy made of it, padding as zeros."""
    case = CASES[place]
    assert encode(case["type"], case["message"]).hex() == GOLDEN[place]


def test_every_message_has_a_golden_case() -> None:
    """No definition stands unchecked by rclpy, but Foxglove's, which it does not have."""
    checked = {name for case in CASES for name in parts_of(case["type"])}
    assert {name.partition("/")[0] for name in TEXTS.keys() - checked} == {"foxglove_msgs"}


def parts_of(type_name: str) -> set[str]:
    inner = (parts_of(field.type) for field in fields_of(type_name) if field.type in TEXTS)
    return {type_name}.union(*inner)


@pytest.mark.parametrize("type_name", sorted(TEXTS))
def test_a_reader_of_mcap_takes_the_schema(type_name: str) -> None:
    """An independent reader decodes what was encoded by the definition written beside it."""
    read = generate_dynamic(type_name, schema_text(type_name))[type_name]
    filled = {"data": b"abc", "format": "jpeg"} if "CompressedImage" in type_name else {}
    decoded = read(encode(type_name, filled))
    for name, value in filled.items():
        assert getattr(decoded, name) == value


@pytest.mark.parametrize(
    "data",
    [
        b"\1\2\3",
        bytearray(b"\1\2\3"),
        np.array([1, 2, 3], np.uint8),
        array("B", [1, 2, 3]),
        [1, 2, 3],
    ],
    ids=["bytes", "bytearray", "numpy", "array", "list"],
)
def test_octets_from_any_buffer(data: Any) -> None:
    """Image data may be any buffer of octets."""
    assert encode("sensor_msgs/msg/Image", {"data": data})[-3:] == b"\1\2\3"


def test_strided_pictures() -> None:
    """A picture that does not lie in one piece is written row by row."""
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-1]
    assert encode("sensor_msgs/msg/Image", {"data": picture}).endswith(picture.tobytes())


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i2", "<i8"])
def test_number_buffers(dtype: str) -> None:
    """Buffers of numbers go as they lie into arrays of the same item type."""
    name = {"<f4": "Float32", "<f8": "Float64", "<i2": "Int16", "<i8": "Int64"}[dtype]
    values = np.array([1, -2, 3], dtype)
    assert encode(f"std_msgs/msg/{name}MultiArray", {"data": values}).endswith(values.tobytes())


def test_refuses_other_item_types() -> None:
    """Float64 in a float32 field would be nonsense: it is refused, with the field's name."""
    with pytest.raises(ValueError, match="data takes float32"):
        encode("std_msgs/msg/Float32MultiArray", {"data": np.zeros(2)})


def test_refuses_unknown_fields() -> None:
    """A slip in a field's name is not silently left out."""
    with pytest.raises(ValueError, match="no field heigth"):
        encode("sensor_msgs/msg/Image", {"heigth": 3})


def test_refuses_wrong_lengths() -> None:
    """A matrix of nine has nine values."""
    with pytest.raises(ValueError, match="k has 4 values; it takes 9"):
        encode("sensor_msgs/msg/CameraInfo", {"k": [1.0] * 4})


def test_refuses_numbers_that_do_not_fit() -> None:
    """A negative height has no bytes."""
    with pytest.raises(struct.error):
        encode("sensor_msgs/msg/Image", {"height": -1})


def test_time() -> None:
    """Nanoseconds since 1970 become seconds and the rest."""
    assert time_of(1_700_000_000_000_000_123) == {"sec": 1_700_000_000, "nanosec": 123}
