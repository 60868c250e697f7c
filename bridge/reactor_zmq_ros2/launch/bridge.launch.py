"""Launch the bridge: ``ros2 launch reactor_zmq_ros2 bridge.launch.py run:=automaton``."""
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# launch is not there where types are checked.

from __future__ import annotations

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(__file__).resolve().parent.parent / "config"


def generate_launch_description() -> LaunchDescription:
    """Return one node, named and configured by the launch's arguments."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("run", description="name of the run, or its connection file"),
            DeclareLaunchArgument("name", default_value="model", description="the node's name"),
            DeclareLaunchArgument("namespace", default_value="", description="its namespace"),
            DeclareLaunchArgument("params", default_value=str(CONFIG / "bridge.yaml")),
            Node(
                package="reactor_zmq_ros2",
                executable="bridge",
                name=LaunchConfiguration("name"),
                namespace=LaunchConfiguration("namespace"),
                arguments=[LaunchConfiguration("run")],
                parameters=[LaunchConfiguration("params")],
                output="screen",
            ),
        ]
    )
