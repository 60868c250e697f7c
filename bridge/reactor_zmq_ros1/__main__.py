"""Run the bridge: ``python3 reactor_zmq_ros1 NAME [REMAPPINGS]``, in a Python that has rospy."""
# pyright: basic, reportMissingImports=false
# rospy is not there where types are checked.

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = ("reactor_zmq_ros1", "reactor_zmq_ros2")


def find_own_packages() -> None:
    """Make both packages importable without the folder around them.

    That folder may be a site-packages full of libraries made for another Python.
    """
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
    for name in PACKAGES:
        if importlib.util.find_spec(name) is None:
            folder = HERE.parent / name
            spec = importlib.util.spec_from_file_location(
                name, folder / "__init__.py", submodule_search_locations=[str(folder)]
            )
            assert spec is not None  # noqa: S101 - the file is beside this one
            package = importlib.util.module_from_spec(spec)
            sys.modules[name] = package
            spec.loader.exec_module(package)  # type: ignore[union-attr]


def main() -> int:
    """Run until ROS is shut down; 2 when the command has to be changed."""
    find_own_packages()
    try:
        import rospy  # noqa: PLC0415 - there is none outside ROS's Python
        import zmq  # noqa: F401, PLC0415 - told about as rospy is
    except ImportError as error:
        print(f"reactor_zmq_ros1: {sys.executable}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    parser = argparse.ArgumentParser(prog="reactor_zmq_ros1", description=__doc__)
    parser.add_argument("target", metavar="NAME", help="a run, its connection file or endpoint")
    options = parser.parse_args(rospy.myargv(sys.argv)[1:])

    from reactor_zmq_ros1.node import BridgeNode, node_name  # noqa: PLC0415 - after rospy was found

    rospy.init_node(node_name(options.target))
    node = BridgeNode(options.target)
    try:
        rospy.spin()
    finally:
        node.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
