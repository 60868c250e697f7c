"""The policy of examples/06_policy in its loop at 50 Hz: how evenly chunks come, what is missed.

Joint positions go in at 100 Hz and pictures at 30 Hz from one process, chunks come out to another
thread of it. *made* is from one ``produced_ns`` to the next, *had* from one chunk's arrival at the
client to the next; jitter is how far that is from 20 ms. The age is from publishing joint positions
to having a chunk whose first pose has them: of what the arm acts upon. The baseline, in the same
minutes, is a thread that sleeps until the same absolute deadlines and does nothing else.
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path

import numpy as np

import reactor_zmq
from reactor_zmq.testing.running import running

EXAMPLE = Path(__file__).parents[1] / "examples" / "06_policy" / "model.py"
PERIOD_S, JOINTS_HZ, PICTURE_EVERY = 0.02, 100, 3


def beat(seconds: float) -> list[int]:
    """Return when a bare loop woke up, in Unix nanoseconds."""
    begin, woke = time.monotonic(), []
    for tick in range(round(seconds / PERIOD_S)):
        time.sleep(max(0.0, begin + tick * PERIOD_S - time.monotonic()))
        woke.append(time.time_ns())
    return woke


def sense(client: reactor_zmq.Client, stop: threading.Event, origin: float) -> None:
    """Publish what an arm feels and sees; the last joint says when."""
    picture = np.zeros((240, 320, 3), np.uint8)
    begin = time.monotonic()
    for tick in range(1 << 62):
        if stop.wait(max(0.0, begin + tick / JOINTS_HZ - time.monotonic())):
            return
        pose = np.zeros(7, np.float32)
        pose[6] = time.time() - origin
        client.publish("joints", pose)
        if tick % PICTURE_EVERY == 0:
            picture[tick % 240, tick % 320] = 255
            client.publish("camera", picture)


def policy(seconds: float) -> tuple[list[int], list[int], list[float], int, int]:
    """Return made and had times, ages of the newest joints in ms, misses and gaps."""
    stop = threading.Event()
    with (
        running(f"{EXAMPLE}:PointAtLight", name="policy"),
        reactor_zmq.connect("policy", timeout=30) as client,
    ):
        client.wait_ready(60)
        origin = time.time()
        worker = threading.Thread(target=sense, args=(client, stop, origin))
        worker.start()
        made, had, ages, gaps = [], [], [], 0
        try:
            frames = client.frames("actions", every=True, timeout=10)
            for _ in range(50):  # the first second is warm-up
                next(frames)
            before = client.refresh_status().misses
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                chunk = next(frames)
                made.append(chunk.produced_ns)
                had.append(chunk.received_ns)
                ages.append((chunk.received_ns / 1e9 - origin - float(chunk.array[0, 6])) * 1e3)
                gaps += chunk.gap
            misses = client.refresh_status().misses - before
        finally:
            stop.set()
            worker.join()
        return made, had, ages, misses, gaps


def row(name: str, times_ns: list[int]) -> str:
    """Return how far the steps between times are from the period."""
    off_ms = np.abs(np.diff(times_ns) / 1e6 - PERIOD_S * 1e3)
    p50, p99, worst = np.percentile(off_ms, [50, 99, 100])
    return f"{name:9} | {p50:6.3f} | {p99:6.3f} | {worst:6.2f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20.0)
    seconds = options.parse_args().seconds
    made, had, ages, misses, gaps = policy(seconds)
    print("jitter ms |    p50 |    p99 |    max")
    print(row("bare loop", beat(seconds)))
    print(row("made", made))
    print(row("had", had))
    rate = (len(made) - 1) / ((made[-1] - made[0]) / 1e9)
    p50, p99 = np.percentile(ages, [50, 99])
    print(f"{rate:.2f} chunks/s, {misses} of {len(made)} deadlines missed, {gaps} gaps")
    print(f"joints published to chunk had: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


if __name__ == "__main__":
    main()
