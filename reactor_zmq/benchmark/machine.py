"""What machine this is, as results name it."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path

import zmq

from reactor_zmq import __version__
from reactor_zmq.benchmark.results import Machine

_PACKAGES = ("pyzmq", "msgspec", "numpy")


def this_machine() -> Machine:
    """Return what can be told about this machine and the versions in use."""
    cpuinfo = _text("/proc/cpuinfo")
    model = re.search(r"^(?:model name|Processor)\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return Machine(
        processor=model[1].strip() if model else platform.machine(),
        processors=len(os.sched_getaffinity(0)),
        memory_nbytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=f"{platform.system()} {platform.release()}",
        virtual="hypervisor" in cpuinfo,
        governor=_text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip(),
        python=platform.python_version(),
        versions={"reactor_zmq": __version__, "libzmq": zmq.zmq_version(), **versions},
    )


def load_average() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
