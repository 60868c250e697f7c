"""What can be typed after ``rosbridge``."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def rosbridge_options(rosbridge: argparse.ArgumentParser, rate: Callable[[str], float]) -> None:
    """Add the options of ``rosbridge``."""
    rosbridge.add_argument(
        "--to", required=True, metavar="URL", help="the robot's server, such as ws://robot:9090"
    )
    rosbridge.add_argument("--node", default="", help="our node's name (default: the run's)")
    rosbridge.add_argument(
        "--images", choices=("compressed", "raw", "both"), default="compressed",
        help="form of pictures, both ways (default: %(default)s)",
    )  # fmt: skip
    rosbridge.add_argument(
        "--most-hz", type=rate, default=0.0, metavar="N",
        help="frames per second of each track at most (default: all that the line takes)",
    )  # fmt: skip
    rosbridge.add_argument(
        "--remap", action="append", default=[], metavar="OURS:=THEIRS",
        help="a topic or service by another name, such as ~/camera/image_raw:=/front/image",
    )  # fmt: skip
    rosbridge.add_argument(
        "--twist", action="append", default=[], metavar="RULE",
        help="what ~/cmd_vel becomes, such as 'move.x = 0.5 * linear.x'",
    )  # fmt: skip
    rosbridge.add_argument(
        "--joy", action="append", default=[], metavar="RULE",
        help="what ~/joy becomes, such as 'reset = buttons[3]'",
    )  # fmt: skip
    rosbridge.add_argument("--ros1", action="store_true", help="the robot speaks ROS 1")
    rosbridge.add_argument(
        "--bearer-file", default="", metavar="PATH",
        help="a file with the token that the server, or the proxy before it, wants",
    )  # fmt: skip
    rosbridge.add_argument("--log-format", choices=("text", "json"), default="text")
    rosbridge.add_argument("--verbose", "-v", action="store_true")
