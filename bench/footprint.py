"""What a process holds, sampled, and how it grows."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

FIELDS = ("rss_kb", "fds", "threads", "files")
_LEAST_SAMPLES = 5


@dataclass
class Footprint:
    """Samples of one process over time."""

    times_s: list[float] = field(default_factory=list[float])
    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in FIELDS})

    def sample(self, now_s: float, pid: int, folder: Path) -> None:
        """Look at a process and at its run directory once: others' runs lie beside it."""
        self.times_s.append(now_s)
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        found = {
            "rss_kb": int(status["VmRSS"].split()[0]),
            "fds": len(os.listdir(f"/proc/{pid}/fd")),  # noqa: PTH208 - names are enough
            "threads": int(status["Threads"]),
            "files": sum(1 for path in folder.rglob("*") if not path.name.startswith(".")),
        }
        for name, value in found.items():
            self.values[name].append(value)

    def slope_per_hour(self, name: str) -> float:
        """Return the least-squares slope, the first fifth left out: caches fill there."""
        begin = len(self.times_s) // 5
        times, values = self.times_s[begin:], self.values[name][begin:]
        if len(times) < _LEAST_SAMPLES:
            return 0.0
        mean_t, mean_v = sum(times) / len(times), sum(values) / len(values)
        pairs = zip(times, values, strict=True)
        over = sum((t - mean_t) * (v - mean_v) for t, v in pairs)
        return 3600 * over / sum((t - mean_t) ** 2 for t in times)

    def range_of(self, name: str) -> tuple[float, float]:
        """Return the least and the greatest sample, the first fifth left out."""
        values = self.values[name][len(self.times_s) // 5 :]
        return min(values), max(values)
