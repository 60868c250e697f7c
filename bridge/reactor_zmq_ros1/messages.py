"""Messages between CDR or plain data, which the skeleton speaks, and rospy's classes."""
# pyright: basic, reportMissingImports=false
# genpy is not there where types are checked.

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import genpy
from genpy.message import fill_message_args, get_message_class

from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.ros1 import from_ros1, short_type, to_ros1


@cache
def ros_class(type_name: str) -> Any:
    """Return the class of a message, ``sensor_msgs/msg/Image``."""
    found = get_message_class(short_type(type_name))
    if found is None:
        raise ImportError(f"this ROS has no {short_type(type_name)}")
    return found


def from_cdr(type_name: str, cdr: bytes) -> Any:
    """Return a message of rospy's."""
    made = ros_class(type_name)()
    fill_message_args(made, [_filling(to_ros1(type_name, decode(type_name, cdr)))])
    return made


def fields_of_message(type_name: str, message: Any) -> dict[str, Any]:
    """Return one of rospy's messages as ``decode`` would have, octets as they are."""
    return from_ros1(type_name, _plain(message))


def _filling(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _filling(inner) for name, inner in value.items()}
    if isinstance(value, memoryview):
        return bytes(value)
    return [_filling(inner) for inner in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, genpy.TVal):
        return {"secs": value.secs, "nsecs": value.nsecs}
    if isinstance(value, genpy.Message):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
