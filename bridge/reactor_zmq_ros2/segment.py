"""Fast DDS's shared memory, large enough for frames of raw video.

Fast DDS writes what it sends to this machine into a segment of the sender's. Its own default holds
half a megabyte, less than one frame of 640x480. Under another rmw the variables mean nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import MutableMapping
from pathlib import Path

PROFILE = Path(__file__).resolve().parent / "config" / "fastdds_shm.xml"
MEMORY = Path("/dev/shm")  # noqa: S108 - where the kernel keeps shared memory
# Fast DDS calls it FASTDDS_… since Kilted.
VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
# Whoever has set one of these, or has such a file where the bridge starts, has chosen.
_CHOICES = (*VARIABLES, "FASTDDS_BUILTIN_TRANSPORTS", "SKIP_DEFAULT_XML")
_FILES = ("DEFAULT_FASTRTPS_PROFILES.xml", "DEFAULT_FASTDDS_PROFILES.xml")
# The segment and as much again for others: containers often have no more than 64 MB.
_ENOUGH_NBYTES = 2 * 32 * 2**20


def choose_segment(
    environment: MutableMapping[str, str], here: Path, memory: Path = MEMORY
) -> bool:
    """Have Fast DDS take the shipped profile, unless the user has chosen; before rclpy begins.

    Returns:
        Whether it was chosen here.
    """
    chosen = any(name in environment for name in _CHOICES)
    if chosen or any((here / name).exists() for name in _FILES):
        return False
    if not memory.is_dir() or shutil.disk_usage(memory).free < _ENOUGH_NBYTES:
        return False
    environment.update(dict.fromkeys(VARIABLES, str(PROFILE)))
    return True


def choose_for_this_process() -> bool:
    """Do so for the environment and folder of this process."""
    return choose_segment(os.environ, Path.cwd())
