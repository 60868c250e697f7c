"""Frames from a GPU into the ring: builds the path, checks every byte, times it, one table.

Needs an NVIDIA driver and torch or cupy; where one is missing the rows say why they were not
measured. Everything is measured in one run, so that ratios hold on the machine they come from:

- *pinned copy*: a bare asynchronous copy into page-locked memory, back to back on one stream; the
  clock starts before the first and stops when the last has been waited for.
- *submit*: ``FrameWriter.submit`` as the model's thread sees it; the clock starts before the call
  and stops when it returns, one frame under way at a time.
- *stored after*: the same frames, from before ``submit`` until ``done`` is called.
- *flood*: frames one behind the other, as many as there are slots; the clock starts before the
  first submit and stops with the last ``done``.
- *staged*: flood with page-locking of the ring refused. *by the host*: the array brought to the
  host by its library and submitted from there.
- *to_video*: a float32 picture with channels first made into bytes by the kernel on the GPU, then
  stored as above; *submit* is until both calls have returned. *ops* does the same by the library's
  own clip, scale, cast and permute. Bytes over the bus are counted where the copies are asked for.
- *lock*: page-locking one slot, which happens when the slot is first used.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from gpu_libraries import Library, find_library

from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.arrays import check_video
from reactor_zmq.memory.cuda import CudaCopier
from reactor_zmq.memory.device import DeviceArray
from reactor_zmq.memory.libcuda import CudaError, LibCuda
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.to_video import to_video
from reactor_zmq.memory.writer import FrameWriter, Stored

SIZES = {"720p": (720, 1280, 3), "1080p": (1080, 1920, 3), "4K": (2160, 3840, 3)}
ROWS = ("pinned copy GB/s", "submit us p50 | p99", "stored after us p50 | p99", "flood frames/s",
        "flood GB/s", "flood / pinned copy", "staged / pinned copy", "by the host / pinned copy",
        "bytes a processor copied / frame", "lock ms / slot", "to_video submit us p50 | p99",
        "float picture to slot us p50 | p99", "the same, torch or cupy ops",
        "bytes over the bus / frame")  # fmt: skip


class LockRefused(LibCuda):
    """A driver that page-locks nothing of ours."""

    def register(self, address: int, nbytes: int) -> None:
        raise CudaError("cuMemHostRegister_v2", 801, f"refused {nbytes} bytes at {address:#x}")


class LockTimed(LibCuda):
    """A driver that notes how long page-locking takes, and what crosses the bus."""

    def __init__(self) -> None:
        super().__init__()
        self.taken_ms: list[float] = []
        self.copied: list[int] = []

    def copy_to_host(self, address: int, pointer: int, nbytes: int, stream: int) -> None:
        self.copied.append(nbytes)
        super().copy_to_host(address, pointer, nbytes, stream)

    def register(self, address: int, nbytes: int) -> None:
        began = time.perf_counter_ns()
        super().register(address, nbytes)
        self.taken_ms.append((time.perf_counter_ns() - began) / 1e6)


class Sides:
    """A writer on a driver, and a reader that checks or gives back each frame."""

    def __init__(self, driver: LibCuda, slots: int = 4) -> None:
        self.reader = RingReader()
        self.slots = slots
        self.writer = FrameWriter(Slots(slots), self._announce, lambda: CudaCopier(driver))
        self._room = threading.Semaphore(slots)

    def _announce(self, ring: Ring) -> None:
        fd = os.dup(ring.fd)
        self.reader.add(Ring.attach(fd, ring.slots, ring.slot_nbytes, ring.generation))

    def release(self, stored: Stored) -> None:
        """Give a slot back and let the next frame be submitted."""
        self.reader.release(stored.generation, stored.slot)
        self._room.release()

    def submit(self, array: Any, done: Callable[[Stored], None]) -> None:
        """Submit a frame as soon as a slot is free."""
        self._room.acquire()
        assert self.writer.submit(check_video("main", array), done)

    def drain(self) -> None:
        """Wait until every frame has come back."""
        for _ in range(self.slots):
            assert self._room.acquire(timeout=30)
        self._room.release(self.slots)

    def close(self) -> None:
        """Give everything back."""
        self.writer.close()
        self.reader.close()


def check(library: Library, driver: LibCuda, shape: tuple[int, ...]) -> None:
    """Hold bytes that came through the ring against the library's own copy."""
    sides = Sides(driver)

    def compare(stored: Stored, expected: bytes) -> None:
        view = sides.reader.view(stored.generation, stored.slot, len(expected))
        wrong.append(bytes(view) != expected)
        sides.release(stored)

    wrong: list[bool] = []
    for _ in range(20):
        frame = library.make(shape)
        expected = library.host(frame).tobytes()
        sides.submit(frame, lambda stored, expected=expected: compare(stored, expected))
        del frame
    sides.drain()
    sides.close()
    assert wrong == [False] * 20, f"{sum(wrong)} of {len(wrong)} frames are wrong"


def pinned_copy_s(driver: LibCuda, array: Any, count: int) -> float:
    """Return the seconds that a bare copy of the array into page-locked memory takes."""
    device = check_video("main", array)
    assert isinstance(device, DeviceArray)
    context = driver.retain_context(0)
    with driver.current(context):
        address, stream, event = driver.allocate(device.nbytes), driver.stream(), driver.event()
        for timed in (False, True):
            began = time.perf_counter_ns()
            for _ in range(count if timed else 3):
                driver.copy_to_host(address, device.pointer, device.nbytes, stream)
            driver.record(event, stream)
            driver.synchronize(event)
        taken = time.perf_counter_ns() - began
        driver.free(address)
        driver.destroy_event(event)
        driver.destroy_stream(stream)
    driver.release_context(0)
    return taken / count / 1e9


def flood_s(sides: Sides, make: Callable[[], Any], count: int) -> float:
    """Return the seconds per frame with every slot in use."""
    for timed in (False, True):
        began = time.perf_counter_ns()
        for _ in range(count if timed else 2 * sides.slots):
            sides.submit(make(), sides.release)
        sides.drain()
    return (time.perf_counter_ns() - began) / count / 1e9


def check_pictures(library: Library, driver: LibCuda, shape: tuple[int, ...]) -> None:
    """Hold pictures that the kernel made against those that the host makes."""
    height, width, channels = shape
    samples = library.floats((channels, height, width))
    wishes: list[dict[str, Any]] = [{}, {"channels": 1}, {"channels": 4, "size": (height // 2, 96)}]
    sides = Sides(driver)
    wrong: list[bool] = []
    for wish in wishes:
        expected = to_video(library.host(samples), layout="chw", **wish).tobytes()

        def compare(stored: Stored, expected: bytes = expected) -> None:
            view = sides.reader.view(stored.generation, stored.slot, len(expected))
            wrong.append(bytes(view) != expected)
            sides.release(stored)

        sides.submit(to_video(samples, layout="chw", **wish), compare)
    sides.drain()
    sides.close()
    assert wrong == [False] * len(wishes), "the GPU's pictures are not the host's"


def pictures(library: Library, driver: LockTimed, shape: tuple[int, ...], count: int) -> list[str]:
    """Return the rows of pictures that are made on the GPU."""
    height, width, channels = shape
    samples = library.floats((channels, height, width))
    sides = Sides(driver)
    make = partial(to_video, samples, layout="chw")
    one_by_one(sides, make, 20)
    driver.copied.clear()
    returned, stored_after = one_by_one(sides, make, count)
    over_the_bus = statistics.mean(driver.copied)
    one_by_one(sides, partial(library.ops, samples), 20)
    _, by_ops = one_by_one(sides, partial(library.ops, samples), count)
    sides.close()
    return [percentiles(returned), percentiles(stored_after), percentiles(by_ops),
            f"{over_the_bus:.0f}"]  # fmt: skip


def one_by_one(
    sides: Sides, make: Callable[[], Any], count: int
) -> tuple[list[float], list[float]]:
    """Return microseconds until submit returned, and until ``done``, frame by frame."""
    returned: list[float] = []
    stored_after: list[float] = []
    for _ in range(count):
        ended = threading.Event()
        began = time.perf_counter_ns()

        def done(stored: Stored, began: int = began, ended: threading.Event = ended) -> None:
            stored_after.append((time.perf_counter_ns() - began) / 1e3)
            sides.release(stored)
            ended.set()

        sides.submit(make(), done)
        returned.append((time.perf_counter_ns() - began) / 1e3)
        assert ended.wait(30)
    return returned, stored_after


def column(library: Library, shape: tuple[int, ...], count: int) -> list[str]:
    """Return the rows of one size."""
    driver = LockTimed()
    frame = library.make(shape)
    nbytes = int(np.prod(shape))
    check(library, driver, shape)
    check(library, LockRefused(), shape)
    check_pictures(library, driver, shape)
    direct, staged = Sides(driver), Sides(LockRefused())
    one_by_one(direct, lambda: frame, 20)
    returned, stored_after = one_by_one(direct, lambda: frame, count)
    rounds: list[list[float]] = []
    for _ in range(5):
        bare = pinned_copy_s(driver, frame, count)
        flood = flood_s(direct, lambda: frame, count)
        slow = flood_s(staged, lambda: frame, count)
        by_host = flood_s(direct, lambda: library.host(frame), max(20, count // 10))
        rounds.append([bare, flood, bare / flood, bare / slow, bare / by_host])
    bare, flood, *ratios = (statistics.median(values) for values in zip(*rounds, strict=True))
    only_gpu = Sides(driver)
    flood_s(only_gpu, lambda: frame, count)
    counts = only_gpu.writer.counts
    copied = (counts.copied_nbytes + counts.staged_nbytes) / counts.stored
    for sides in (direct, staged, only_gpu):
        sides.close()
    return [
        f"{nbytes / bare / 1e9:.1f}", percentiles(returned), percentiles(stored_after),
        f"{1 / flood:.0f}", f"{nbytes / flood / 1e9:.1f}", *(f"{ratio:.2f}" for ratio in ratios),
        f"{copied:.0f}", f"{statistics.median(driver.taken_ms):.2f}",
        *pictures(library, driver, shape, count),
    ]  # fmt: skip


def percentiles(values: list[float]) -> str:
    """Return median and 99th percentile."""
    middle, high = np.percentile(values, (50, 99))
    return f"{middle:.0f} | {high:.0f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--count", type=int, default=300, help="frames in a run")
    options = parser.parse_args()
    try:
        library = find_library()
    except CudaError as error:
        columns = [[f"not measured: {error.text.partition(':')[0]}"] * len(ROWS)]
        heads = ["GPU"]
    else:
        columns = [column(library, SIZES[size], options.count) for size in options.sizes]
        heads = [f"{size} ({type(library).__name__.lower()})" for size in options.sizes]
    print(f"{'':34}" + "".join(f"{head:>20}" for head in heads))
    for row, cells in zip(ROWS, zip(*columns, strict=True), strict=True):
        print(f"{row:34}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()
