"""Run the bridge: ``python3 reactor_zmq_ros2 NAME [--ros-args …]``, in ROS's own Python."""
# pyright: basic, reportMissingImports=false
# rclpy is not there where types are checked.

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def find_own_package() -> None:
    """Make the package importable without the folder around it.

    That folder may be a site-packages full of libraries made for another Python.
    """
    if importlib.util.find_spec("reactor_zmq_ros2") is None:
        spec = importlib.util.spec_from_file_location(
            "reactor_zmq_ros2", HERE / "__init__.py", submodule_search_locations=[str(HERE)]
        )
        assert spec is not None  # noqa: S101 - the file is beside this one
        package = importlib.util.module_from_spec(spec)
        sys.modules["reactor_zmq_ros2"] = package
        spec.loader.exec_module(package)  # type: ignore[union-attr]
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]


def main() -> int:
    """Run until the operator ends it; 2 when the command has to be changed."""
    find_own_package()
    try:
        import rclpy  # noqa: PLC0415 - there is none outside ROS's Python
        import zmq  # noqa: F401, PLC0415 - told about as rclpy is
    except ImportError as error:
        print(f"reactor_zmq_ros2: {sys.executable}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    from rclpy.utilities import remove_ros_args  # noqa: PLC0415

    from reactor_zmq_ros2.segment import choose_for_this_process  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="reactor_zmq_ros2", description=__doc__)
    parser.add_argument("target", metavar="NAME", help="a run, its connection file or endpoint")
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    choose_for_this_process()
    rclpy.init(args=sys.argv)
    return serve(options.target)


def serve(target: str) -> int:
    """Run the node until ROS is shut down."""
    from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor  # noqa: PLC0415

    from reactor_zmq_ros2.node import BridgeNode  # noqa: PLC0415

    node = BridgeNode(target)
    # Services wait for the model's replies, each in a thread.
    executor = MultiThreadedExecutor(num_threads=8)
    executor.add_node(node)
    if node.get_parameter("autostart").value:
        node.start()
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
