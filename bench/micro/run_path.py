"""Call each hot path so often, within one C function; run under callgrind by ``instructions.py``.

Callgrind collects only while ``PyRun_StringFlags`` runs, and dumps when it returns. It evaluates
text; imports do that too, but nothing does once the paths are warm.
"""

from __future__ import annotations

import ctypes
import gc
import sys

from hot_paths import HOT_PATHS, Step, yardstick

_COUNT = int(sys.argv[1])
_WARM = 100
step: Step


def repeat() -> None:
    """Call the path at hand; what is run has no other names than this module's."""
    for _ in range(_COUNT):
        step()


if __name__ == "__main__":
    steps = [*(make() for make in HOT_PATHS.values()), yardstick()]
    # A collection in one of two runs would count for the path.
    gc.disable()
    for step in steps:
        for _ in range(_WARM):
            step()
        if ctypes.pythonapi.PyRun_SimpleStringFlags(b"repeat()", None):
            sys.exit("a path failed")
