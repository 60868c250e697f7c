"""Numeric tracks: joint states, twists, and arrays of any shape."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.frames import Header, header_of, ns_of, numbers_layout

JOINTS = ("position", "velocity", "effort")
JOINT_STATE = "sensor_msgs/msg/JointState"
TWIST = "geometry_msgs/msg/Twist"
AUDIO: Mapping[str, Any] = {"dtype": "<i2", "shape": [None, None]}

# dtype: (struct's code, the message that holds it; None where ROS has none of that kind)
_ITEMS = {
    "|u1": ("B", "UInt8"), "|b1": ("B", "UInt8"), "|i1": ("b", None), "<u2": ("H", None),
    "<i2": ("h", "Int16"), "<u4": ("I", None), "<i4": ("i", "Int32"), "<u8": ("Q", None),
    "<i8": ("q", "Int64"), "<f2": ("e", None), "<f4": ("f", "Float32"), "<f8": ("d", "Float64"),
}  # fmt: skip
_OTHERWISE = "Float64"  # what has no message of its own goes as these


def topics_of(track: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what stands behind a numeric or audio track's name, and the message there."""
    if track.get("kind", "video") == "video":
        return []
    tensor: Mapping[str, Any] = AUDIO if track["kind"] == "audio" else track.get("tensor") or {}
    found = [("", _array_type(tensor["dtype"]))] if tensor else []
    if _is_joints(tensor):
        found.append(("/joint_states", JOINT_STATE))
    elif tensor.get("quantity") == "twist":
        found.append(("/twist", TWIST))
    return found


def message(
    suffix: str,
    tensor: Mapping[str, Any],
    header: Header,
    payload: Any,
    stamp_ns: int,
    frame_id: str,
) -> bytes:
    """Return one numeric frame as the message of a topic; the newest row where there are several.

    An array keeps all of it, its axes in the layout, the last one's label naming its places.
    """
    numbers = _numbers(header.dtype, payload)
    if suffix == "/joint_states":
        row = numbers[: len(tensor["names"])]
        fields = {"header": header_of(stamp_ns, frame_id), "name": tensor["names"]}
        return encode(JOINT_STATE, {**fields, tensor["quantity"]: row})
    if suffix == "/twist":
        linear, angular = numbers[:3], numbers[3:6]
        named = {"linear": _vector(linear), "angular": _vector(angular)}
        return encode(TWIST, named)
    layout = numbers_layout(header.shape, _labels(header.shape, tensor))
    type_name = _array_type(header.dtype)
    code, message_type = _ITEMS[header.dtype]
    octets: Any = memoryview(payload).cast("B")
    data = octets.cast(code) if message_type else numbers
    return encode(type_name, {"layout": layout, "data": data})


def taken(
    type_name: str, tensor: Mapping[str, Any], heard: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """Return a decoded message as what `$publish` takes for a numeric track.

    Raises:
        ValueError: A joint that the track names is missing, or the numbers do not fit the shape.
    """
    if type_name == JOINT_STATE:
        places = dict(zip(heard["name"], heard[tensor["quantity"]], strict=False))
        if missing := [name for name in tensor["names"] if name not in places]:
            raise ValueError(f"no {tensor['quantity']} of {', '.join(missing)}")
        numbers: Sequence[Any] = [places[name] for name in tensor["names"]]
        pts_ns = ns_of(heard["header"]["stamp"])
    elif type_name == TWIST:
        parts = (heard["linear"], heard["angular"])
        numbers, pts_ns = [part[axis] for part in parts for axis in "xyz"], 0
    else:
        numbers, pts_ns = heard["data"], 0
    shape = _shape(tensor.get("shape"), heard, len(numbers))
    code = _ITEMS[tensor["dtype"]][0]
    fields = {"shape": shape, "dtype": tensor["dtype"], "pts_ns": pts_ns}
    return fields, struct.pack(f"<{len(numbers)}{code}", *_fitting(code, numbers))


def _is_joints(tensor: Mapping[str, Any]) -> bool:
    shape: Sequence[int | None] | None = tensor.get("shape")
    names = tensor.get("names") or ()
    return bool(tensor.get("quantity") in JOINTS and names and shape and len(shape) == 1)


def _array_type(dtype: str) -> str:
    return f"std_msgs/msg/{_ITEMS[dtype][1] or _OTHERWISE}MultiArray"


def _numbers(dtype: str, payload: Any) -> tuple[Any, ...]:
    code = _ITEMS[dtype][0]
    view = memoryview(payload).cast("B")
    return struct.unpack(f"<{len(view) // struct.calcsize(code)}{code}", view)


def _labels(shape: Sequence[int], tensor: Mapping[str, Any]) -> list[str]:
    return [*([""] * (len(shape) - 1)), ",".join(tensor.get("names") or ())]


def _vector(numbers: Sequence[float]) -> dict[str, float]:
    return dict(zip("xyz", numbers, strict=True))


def _shape(
    declared: Sequence[int | None] | None, heard: Mapping[str, Any], count: int
) -> list[int]:
    told = [dimension["size"] for dimension in heard.get("layout", {}).get("dim", ())]
    if told and _product(told) == count:
        return told
    known = [size for size in declared or () if size is not None]
    if not declared or len(declared) - len(known) > 1:
        return [count]
    rest = count // max(_product(known), 1)
    shape = [rest if size is None else size for size in declared]
    if _product(shape) != count:
        raise ValueError(f"{count} numbers do not fit the shape {list(declared)}")
    return shape


def _product(sizes: Sequence[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def _fitting(code: str, numbers: Sequence[Any]) -> Sequence[Any]:
    return numbers if code in "efd" else [int(number) for number in numbers]
