"""ROS's own classes by their long names."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any


@cache
def ros_type(type_name: str) -> Any:
    """Return the class of a message, ``sensor_msgs/msg/Image``."""
    package, kind, base = type_name.split("/")
    return getattr(import_module(f"{package}.{kind}"), base)
