"""What processes and the machine spent, as the kernel counts it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
# /proc/stat's first line: user nice system idle iowait irq softirq steal.
_IDLE = (3, 4)
_COUNTED = 8
# /proc/PID/stat behind the name: minor faults of the process itself.
_MINOR_FAULTS = 7


class Spent(NamedTuple):
    """What was spent until some moment.

    Attributes:
        cpu_ns: By the processes asked for, all their threads, in user and kernel mode.
        faults: Minor page faults of theirs.
        machine_ns: By all processors of the machine together, time stolen by a hypervisor included.
        at_ns: The moment, monotonic.
    """

    cpu_ns: int
    faults: int
    machine_ns: int
    at_ns: int

    def since(self, before: Spent) -> Spent:
        """Return what was spent in between; ``at_ns`` is how long that took."""
        return Spent(*(now - then for now, then in zip(self, before, strict=True)))

    @property
    def others_share(self) -> float:
        """Of a difference: the share of all processors that other processes took, 0 to 1."""
        processors = os.cpu_count() or 1
        return max(0.0, self.machine_ns - self.cpu_ns) / (self.at_ns * processors)


def spent(pids: Iterable[int]) -> Spent:
    """Return what these processes and the machine have spent; those that are gone count nothing."""
    alive = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    return Spent(
        sum(map(_cpu_ns, alive)), sum(map(_faults, alive)), machine_ns(), time.monotonic_ns()
    )


def machine_ns() -> int:
    """Return the time for which processors were not idle, of all together, since boot."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1 : _COUNTED + 1]
    return sum(int(f) for i, f in enumerate(fields) if i not in _IDLE) * _TICK_NS


def _cpu_ns(pid: int) -> int:
    # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED): finer than the ticks of /proc/PID/stat.
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def _faults(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_MINOR_FAULTS])
    except OSError:
        return 0
