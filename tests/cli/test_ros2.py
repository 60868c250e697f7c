"""The ros2 command: what is its own and what is ROS's."""

from __future__ import annotations

import pytest

from reactor_zmq.cli.main import main
from reactor_zmq.cli.options import parse
from reactor_zmq.cli.ros2 import package_folder


def test_ros_arguments_go_to_ros():
    """All behind --ros-args is ROS's, also what looks like an option of ours."""
    options = parse(["ros2", "eye", "--python", "p", "--ros-args", "-r", "__ns:=/a", "--token"])
    assert (options.name, options.python) == ("eye", "p")
    assert options.ros_args == ["--ros-args", "-r", "__ns:=/a", "--token"]


def test_ros_arguments_elsewhere(capsys):
    """Other commands have no ROS to give them to."""
    with pytest.raises(SystemExit):
        parse(["watch", "eye", "--ros-args"])
    assert "reactor-zmq ros2" in capsys.readouterr().err


def test_no_ros(capsys):
    """Without a Python that has ROS, one line says what to do."""
    assert main(["ros2", "eye", "--python", "/nowhere/python"]) == 2
    said = capsys.readouterr().err
    assert "needs a Python with rclpy and pyzmq" in said
    assert said.count("\n") == 1


def test_ros1(capsys):
    """The command of ROS 1 looks for rospy, and its bridge is here."""
    assert parse(["ros1", "eye", "--ros-args", "__ns:=/a"]).ros_args == ["--ros-args", "__ns:=/a"]
    assert main(["ros1", "eye", "--python", "/nowhere/python"]) == 2
    assert "ROS 1 bridge needs a Python with rospy and pyzmq" in capsys.readouterr().err
    assert (package_folder("reactor_zmq_ros1") / "__main__.py").is_file()


def test_the_bridge_is_here():
    """The folder that ROS's Python runs has its entry, launch file and configuration."""
    folder = package_folder()
    for name in ("__main__.py", "launch/bridge.launch.py", "config/bridge.yaml"):
        assert (folder / name).is_file()
