"""What can be typed after ``record``, ``replay`` and ``export``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Seconds = Callable[[str], float]


def record_options(record: argparse.ArgumentParser, seconds: Seconds) -> None:
    """Add the options of ``record``."""
    record.add_argument("--out", default="", metavar="FILE", help="the recording to make")
    record.add_argument(
        "--codec", choices=("jpeg", "h264", "raw"), default="jpeg",
        help="of pictures (default: %(default)s)",
    )  # fmt: skip
    record.add_argument("--seconds", type=seconds, default=None, metavar="S", help="end by itself")
    record.add_argument(
        "--no-inputs", action="store_true", help="leave out what clients publish to input tracks"
    )
    record.add_argument(
        "--uploads", type=int, default=128, metavar="MB",
        help="keep uploaded files that events name, so many MB at most (default: %(default)d; "
        "0 leaves them out)",
    )  # fmt: skip
    record.add_argument("--json", action="store_true", help="progress as one line of JSON a second")
    record.add_argument(
        "--repair", default="", metavar="FILE",
        help="mend a recording that a crash, a full disk or rotten bits have broken, in place",
    )  # fmt: skip


def replay_options(replay: argparse.ArgumentParser, seconds: Seconds) -> None:
    """Add the options of ``replay``."""
    pace = replay.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed", type=seconds, default=1.0, metavar="X",
        help="times the pace at which it was recorded (default: %(default)g)",
    )  # fmt: skip
    pace.add_argument("--fast", action="store_true", help="as fast as the run takes it")


def export_options(export: argparse.ArgumentParser) -> None:
    """Add the options of ``export``."""
    export.add_argument("file", metavar="FILE", help="the recording")
    export.add_argument(
        "--mp4", nargs="?", const="", default="", metavar="OUT",
        help="the film (default: the recording's name with .mp4)",
    )  # fmt: skip
    export.add_argument("--track", default="", help="a video track (default: the first)")
