"""What somebody wants to know; light enough for a command line that only lists its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reactor_zmq.benchmark.sizes import SIZES

PARTS = ("frames", "latency", "readers", "events")
PACE_HZ = 60.0


@dataclass(frozen=True)
class Wish:
    """What somebody wants to know.

    Attributes:
        parts: Of ``PARTS``.
        sizes: Of flood.
        paced_sizes: Of one-way latency.
        ways: Names; ceilings of these are added.
        readers: How many at once, for the part ``readers``.
        rounds: How often each cell takes its turn.
        seconds: For everything.
    """

    parts: Sequence[str] = PARTS
    sizes: Sequence[str] = ("320x240", "640x480", "1920x1080", "3840x2160")
    paced_sizes: Sequence[str] = ("640x480", "1920x1080")
    ways: Sequence[str] = ("lane", "tcp")
    readers: Sequence[int] = (4, 16)
    readers_size: str = "1280x720"
    pace_hz: float = PACE_HZ
    rounds: int = 3
    seconds: float = 85.0


FULL = Wish(
    sizes=tuple(SIZES), paced_sizes=tuple(SIZES), ways=("lane", "ipc", "tcp"),
    readers=(2, 4, 8, 16, 32, 64), rounds=5, seconds=340.0,
)  # fmt: skip
