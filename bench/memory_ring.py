"""Frames into a ring: last-freed-first against cycling, copied in and written in place.

One process plays both sides. The clock starts before ``submit`` (or ``loan``) and stops when the
reader has released the slot; what the reader does with the bytes is not in it. Every variant stores
the same source array, as a model's would be that has just been written. The baseline is a bare
``numpy.copyto`` between two arrays that stay where they are. Variants take turns in short runs, so
that a drift of the machine meets all of them; figures are medians over the runs. Page faults are
those of this process while the clock runs, bytes are counted by the writer itself.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.machines.slots import Slot, Slots
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.writer import FrameWriter, Stored

SIZES = {"640x480": (480, 640, 3), "720p": (720, 1280, 3), "1080p": (1080, 1920, 3),
         "4K": (2160, 3840, 3)}  # fmt: skip
BASELINE = "bare copyto"


class CyclingSlots(Slots):
    """What the ring does not do: lend the slot that was freed longest ago."""

    def lend(self) -> Slot | None:
        """Take from the other end."""
        if self._free:
            self._free.reverse()
        slot = super().lend()
        if self._free:
            self._free.reverse()
        return slot


class Sides:
    """A writer, and the reader that gives each slot back at once."""

    def __init__(self, slots: Slots) -> None:
        self.reader = RingReader()
        self.writer = FrameWriter(slots, self._announce)

    def _announce(self, ring: Ring) -> None:
        fd = os.dup(ring.fd)
        self.reader.add(Ring.attach(fd, ring.slots, ring.slot_nbytes, ring.generation))

    def release(self, stored: Stored) -> None:
        """Give a slot back as the reader does."""
        self.reader.release(stored.generation, stored.slot)

    def copy_in(self, frame: NDArray[np.uint8]) -> None:
        """Store a copy of a frame."""
        assert self.writer.submit(frame, self.release)

    def in_place(self, frame: NDArray[np.uint8]) -> None:
        """Store a frame that was written into its slot: one line of it, to touch the memory."""
        loan = self.writer.loan(frame.shape)
        loan.array[0] = frame[0]
        assert self.writer.commit(loan, self.release)

    def close(self) -> None:
        """Give everything back."""
        self.writer.close()
        self.reader.close()


@dataclass
class Taken:
    """What the runs of one variant took, per frame."""

    wall_us: list[float] = field(default_factory=list[float])
    cpu_us: list[float] = field(default_factory=list[float])
    faults: list[float] = field(default_factory=list[float])


def timed(
    store: Callable[[NDArray[np.uint8]], None], frame: NDArray[np.uint8], count: int
) -> Taken:
    """Return what one run of ``count`` frames took."""
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    for _ in range(count):
        store(frame)
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    return Taken([wall / count / 1e3], [cpu / count / 1e3], [faults / count])


def measure(shape: tuple[int, ...], slots: int, runs: int, budget_s: float) -> None:
    """Print the rows of one size."""
    frame = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    target = np.zeros_like(frame)
    ring, cycling = Sides(Slots(slots)), Sides(CyclingSlots(slots))
    variants: dict[str, Callable[[NDArray[np.uint8]], None]] = {
        BASELINE: lambda frame: np.copyto(target, frame),
        "ring, last freed first": ring.copy_in,
        "ring, cycling": cycling.copy_in,
        "ring, written in place": ring.in_place,
    }
    count = max(4 * slots, int(budget_s / (frame.nbytes / 5e9)))
    taken = {name: Taken() for name in variants}
    for store in variants.values():
        timed(store, frame, 2 * slots)
    copied, stored = ring.writer.counts.copied_nbytes, ring.writer.counts.stored
    for _ in range(runs):
        for name, store in variants.items():
            run = timed(store, frame, count)
            taken[name].wall_us += run.wall_us
            taken[name].cpu_us += run.cpu_us
            taken[name].faults += run.faults
    copied, stored = ring.writer.counts.copied_nbytes - copied, ring.writer.counts.stored - stored
    # The same ring stores as many copied frames as frames written in place.
    assert copied == stored // 2 * frame.nbytes
    report(taken, frame.nbytes)
    ring.close()
    cycling.close()


def report(taken: dict[str, Taken], nbytes: int) -> None:
    """Print one line for each variant; ratios are medians of the runs' own ratios."""
    base = taken[BASELINE]
    for name, runs in taken.items():
        wall = statistics.median(runs.wall_us)
        ratio = statistics.median(a / b for a, b in zip(base.wall_us, runs.wall_us, strict=True))
        cpu = statistics.median(a / b for a, b in zip(runs.cpu_us, base.cpu_us, strict=True))
        copied = 0 if "in place" in name else nbytes
        rate = f"{nbytes / wall / 1e3:6.1f}" if copied else "     -"
        print(
            f"  {name:24} {wall:9.1f} {1e6 / wall:9.0f} {rate} {ratio:7.2f} {cpu:7.2f}"
            f" {statistics.median(runs.faults):7.2f} {copied:10}"
        )


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--runs", type=int, default=15, help="runs of each variant, in turn")
    parser.add_argument("--budget", type=float, default=0.05, help="rough seconds for one run")
    options = parser.parse_args()
    print(f"{'':26} {'us/frame':>9} {'frames/s':>9} {'GB/s':>6} {'x bare':>7} {'x CPU':>7}"
          f" {'faults':>7} {'copied':>10}")  # fmt: skip
    for size in options.sizes:
        print(f"{size}, {options.slots} slots")
        measure(SIZES[size], options.slots, options.runs, options.budget)


if __name__ == "__main__":
    main()
