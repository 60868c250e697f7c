"""Numeric tracks as ROS messages, and back, without a bit lost.

One array of named joints is a JointState, six numbers called a twist are a TwistStamped, and all
else is a MultiArray of the narrowest type that holds the track's numbers exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.wire.contract import TensorContract
from reactor_zmq_ros2.cdr import time_of

JOINT_STATE = "sensor_msgs/msg/JointState"
TWIST = "geometry_msgs/msg/TwistStamped"
_JOINTS = ("position", "velocity", "effort")
_AXES = ("x", "y", "z")
_TWIST_SIZE = 6
# The array's dtype: the message, and the dtype of its data.
_ARRAYS = {
    "|u1": ("UInt8", "|u1"), "|b1": ("UInt8", "|u1"), "|i1": ("Int16", "<i2"),
    "<i2": ("Int16", "<i2"), "<u2": ("Int32", "<i4"), "<i4": ("Int32", "<i4"),
    "<u4": ("Int64", "<i8"), "<i8": ("Int64", "<i8"), "<u8": ("Int64", "<i8"),
    "<f2": ("Float32", "<f4"), "<f4": ("Float32", "<f4"), "<f8": ("Float64", "<f8"),
}  # fmt: skip

Values = dict[str, Any]


def message_type(tensor: TensorContract) -> str:
    """Return the long name of the message that a numeric track's frames become."""
    flat = tensor.shape is not None and len(tensor.shape) == 1
    if flat and tensor.names and tensor.quantity in _JOINTS and tensor.dtype[1] == "f":
        return JOINT_STATE
    if tensor.shape == (_TWIST_SIZE,) and tensor.quantity == "twist" and tensor.dtype[1] == "f":
        return TWIST
    return f"std_msgs/msg/{_ARRAYS[tensor.dtype][0]}MultiArray"


def to_message(
    array: NDArray[Any], tensor: TensorContract, stamp_ns: int, frame_id: str = ""
) -> Values:
    """Return one frame as the values of its message; the array is as its track declares it."""
    header = {"stamp": time_of(stamp_ns), "frame_id": frame_id}
    match message_type(tensor):
        case "sensor_msgs/msg/JointState":
            numbers = array.astype("<f8")
            return {"header": header, "name": tensor.names, tensor.quantity: numbers}
        case "geometry_msgs/msg/TwistStamped":
            numbers = [float(n) for n in array]
            linear = dict(zip(_AXES, numbers[:3], strict=True))
            angular = dict(zip(_AXES, numbers[3:], strict=True))
            return {"header": header, "twist": {"linear": linear, "angular": angular}}
        case _:
            data = np.ascontiguousarray(array, _ARRAYS[tensor.dtype][1])
            return {"layout": _layout(array.shape, tensor.names), "data": data.reshape(-1)}


def from_message(values: Mapping[str, Any], tensor: TensorContract) -> NDArray[Any]:
    """Return the array that ``to_message`` was given."""
    match message_type(tensor):
        case "sensor_msgs/msg/JointState":
            return np.asarray(values[tensor.quantity]).astype(tensor.dtype)
        case "geometry_msgs/msg/TwistStamped":
            parts = [values["twist"][part] for part in ("linear", "angular")]
            return np.array([p[axis] for p in parts for axis in _AXES], tensor.dtype)
        case _:
            shape = [dimension["size"] for dimension in values["layout"]["dim"]]
            return np.asarray(values["data"]).astype(tensor.dtype).reshape(shape)


def _layout(shape: tuple[int, ...], names: tuple[str, ...]) -> Values:
    strides = np.cumprod(shape[::-1])[::-1].tolist()
    labels = ["" for _ in shape[1:]] + [",".join(names)]
    return {
        "dim": [
            {"label": label, "size": size, "stride": stride}
            for label, size, stride in zip(labels, shape, strides, strict=True)
        ]
    }
