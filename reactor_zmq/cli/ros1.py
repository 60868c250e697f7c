"""``reactor-zmq ros1``: hand over to the bridge, in a Python that has ROS 1."""

from __future__ import annotations

import argparse
from typing import NoReturn

from reactor_zmq.cli.ros2 import become


def main(options: argparse.Namespace) -> NoReturn:
    """Become the bridge's process; returns only by an error.

    Raises:
        ConfigError: No Python with rospy and pyzmq, or the bridge is not installed.
    """
    options.ros_args = options.ros_args[1:]  # ROS 1 has no word in front of its own
    become(options, "ROS 1", "rospy", "reactor_zmq_ros1")
