"""ROS 1's names of what both have: the same messages, but for times and calibrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor_zmq_ros2.definitions import TEXTS, fields_of

_TIME = "builtin_interfaces/msg/Time"
_RENAMED: dict[str, dict[str, str]] = {
    _TIME: {"sec": "secs", "nanosec": "nsecs"},
    "sensor_msgs/msg/CameraInfo": {"d": "D", "k": "K", "r": "R", "p": "P"},
}


def short_type(type_name: str) -> str:
    """Return a type as ROS 1 writes it, which ROS 2 understands too: ``sensor_msgs/Image``."""
    package, _, base = type_name.split("/")
    return f"{package}/{base}"


def to_ros1(type_name: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message with its fields named as in ROS 1."""
    names = _RENAMED.get(type_name, {})
    kinds = {field.name: field.type for field in fields_of(type_name)}
    return {
        names.get(name, name): _inner(to_ros1, kinds.get(name, ""), value)
        for name, value in message.items()
    }


def from_ros1(type_name: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message of ROS 1 with its fields named as in ROS 2; ``Header.seq`` is left out."""
    names = {old: new for new, old in _RENAMED.get(type_name, {}).items()}
    kinds = {field.name: field.type for field in fields_of(type_name)}
    plain = {names.get(name, name): value for name, value in message.items()}
    if type_name == "std_msgs/msg/Header":
        plain.pop("seq", None)
    return {name: _inner(from_ros1, kinds.get(name, ""), value) for name, value in plain.items()}


def _inner(rename: Any, type_name: str, value: Any) -> Any:
    if type_name not in TEXTS:
        return value
    if isinstance(value, Mapping):
        return rename(type_name, value)
    return [rename(type_name, item) for item in value]
