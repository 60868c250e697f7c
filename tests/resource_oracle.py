"""What a process holds that the kernel would have to clean up after it."""

from __future__ import annotations

import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

OURS = ("reactor", "psm_")  # names in /dev/shm that this project or Python's SharedMemory gives


@dataclass
class Resources:
    """What a process holds that the kernel would have to clean up after it."""

    fds: dict[int, str] = field(default_factory=dict)
    processes: dict[int, str] = field(default_factory=dict)
    shared_memory: set[str] = field(default_factory=set)
    run_files: set[str] = field(default_factory=set)

    @classmethod
    def held(cls, run_directory: Path) -> Resources:
        """Take stock of this process."""
        return cls(
            fds=open_files(),
            processes=descendants(),
            shared_memory={p.name for p in Path("/dev/shm").glob("*") if p.name.startswith(OURS)},
            # The folder of all runs stays, as $XDG_RUNTIME_DIR itself does.
            run_files={str(p.relative_to(run_directory)) for p in run_directory.glob("*/*")},
        )

    def beyond(self, before: Resources) -> list[str]:
        """Return one line for each thing held here that was not held before."""
        fds = [f"fd {n}: {to}" for n, to in self.fds.items() if before.fds.get(n) != to]
        processes = [
            f"process {pid}: {name}" for pid, name in self.processes.items()
            if pid not in before.processes
        ]  # fmt: skip
        memory = [f"/dev/shm/{name}" for name in self.shared_memory - before.shared_memory]
        files = [f"run directory: {name}" for name in self.run_files - before.run_files]
        return fds + processes + memory + files


def open_files() -> dict[int, str]:
    """Return this process's descriptors, those of multiprocessing's own helpers left out."""
    found: dict[int, str] = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - iterdir() would hold the folder open
        try:
            found[int(name)] = str(Path(f"/proc/self/fd/{name}").readlink())
        except FileNotFoundError:  # the descriptor by which the folder was read
            continue
    for number in helper_fds():
        found.pop(number, None)
    return found


def descendants() -> dict[int, str]:
    """Return the living processes below this one, multiprocessing's helpers left out."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = entry.read_text().rsplit(") ", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(entry.parent.name)] = (int(rest.split()[1]), name.split("(", 1)[1])
    below = {pid: name for pid, (_, name) in parents.items() if os.getpid() in line(pid, parents)}
    for pid in helper_pids():
        below.pop(pid, None)
    return below


def line(pid: int, parents: dict[int, tuple[int, str]]) -> Iterator[int]:
    """Yield the ancestors of a process."""
    while pid in parents:
        pid = parents[pid][0]
        yield pid


def helper_fds() -> list[int]:
    """Return what the forkserver and the resource tracker keep open while this process lives."""
    server = multiprocessing.forkserver._forkserver
    tracker = multiprocessing.resource_tracker._resource_tracker
    held = (server._forkserver_alive_fd, tracker._fd)
    return [fd for fd in held if fd is not None]


def helper_pids() -> list[int]:
    """Return the forkserver's and the resource tracker's process ids."""
    server = multiprocessing.forkserver._forkserver
    tracker = multiprocessing.resource_tracker._resource_tracker
    return [pid for pid in (server._forkserver_pid, tracker._pid) if pid is not None]
