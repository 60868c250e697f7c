"""Builds the ROS 2 bridge alone, for colcon; reactor-zmq's own wheel holds the same modules."""

from pathlib import Path

from setuptools import setup

NAME = "reactor_zmq_ros2"
SHARE = f"share/{NAME}"

setup(
    name=NAME,
    version="0.1.0",
    packages=[NAME],
    package_data={NAME: ["launch/*", "config/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (SHARE, ["package.xml"]),
        (f"{SHARE}/launch", [f"{NAME}/launch/bridge.launch.py"]),
        (f"{SHARE}/config", sorted(str(path) for path in Path(NAME, "config").glob("*.*"))),
    ],
    license="Apache-2.0",
    entry_points={"console_scripts": [f"bridge = {NAME}.__main__:main"]},
)
