"""The policy of examples/06_policy in its loop at 50 Hz: how evenly chunks come, what is missed.

Joint positions go in at 100 Hz and pictures at 30 Hz from one process, chunks come out to another
thread of it. *made* is from one ``produced_ns`` to the next, *sent* from one leaving the front end
to the next, *had* from one chunk's arrival at the client to the next; jitter is how far that is
from 20 ms. The age is from publishing joint positions to having a chunk whose first pose has them:
of what the arm acts upon. The baseline, at the same time, is a process that sleeps until the same
absolute deadlines and does nothing else; the ratio is that of the p99 to its. Medians over rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
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


@dataclass
class Found:
    """One round.

    Attributes:
        times_ns: When each chunk was made, sent and had; and when the bare loop woke up.
        ages_ms: Of the newest joints in each chunk.
        misses: Deadlines that were missed.
        gaps: Chunks that did not arrive.
    """

    times_ns: dict[str, list[int]]
    ages_ms: list[float]
    misses: int
    gaps: int


def policy(seconds: float) -> Found:
    """Run the policy, and the bare loop beside it."""
    stop = threading.Event()
    with (
        running(f"{EXAMPLE}:PointAtLight", name="policy"),
        reactor_zmq.connect("policy", timeout=30) as client,
    ):
        client.wait_ready(60)
        origin = time.time()
        worker = threading.Thread(target=sense, args=(client, stop, origin))
        worker.start()
        try:
            frames = client.frames("actions", every=True, timeout=10)
            for _ in range(50):  # the first second is warm-up
                next(frames)
            words = [sys.executable, str(Path(__file__)), "--bare", str(seconds)]
            bare = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            before = client.refresh_status().misses
            end = time.monotonic() + seconds
            chunks: list[reactor_zmq.Frame] = []
            while time.monotonic() < end:
                chunk = next(frames)
                chunks.append(replace(chunk, array=chunk.array.copy()))
            misses = client.refresh_status().misses - before
            woke = json.loads(bare.communicate()[0])
        finally:
            stop.set()
            worker.join()
    return found(chunks, woke, origin, misses)


def found(chunks: list[reactor_zmq.Frame], woke: list[int], origin: float, misses: int) -> Found:
    """Return what the chunks of a round say."""
    ages_ms = [(c.received_ns / 1e9 - origin - float(c.array[0, 6])) * 1e3 for c in chunks]
    times_ns = {
        "bare loop": woke,
        "made": [c.produced_ns for c in chunks],
        "sent": [c.sent_ns for c in chunks],
        "had": [c.received_ns for c in chunks],
    }
    return Found(times_ns, ages_ms, misses, sum(c.gap for c in chunks))


def off_ms(times_ns: list[int]) -> list[float]:
    """Return p50, p99 and greatest distance of the steps between times from the period."""
    return list(np.percentile(np.abs(np.diff(times_ns) / 1e6 - PERIOD_S * 1e3), [50, 99, 100]))


def row(name: str, rounds: list[Found]) -> str:
    """Return the medians of one of the times, and of its p99's ratio to the bare loop's."""
    offs = [off_ms(found.times_ns[name]) for found in rounds]
    p50, p99, worst = (statistics.median(column) for column in zip(*offs, strict=True))
    bare = [off_ms(found.times_ns["bare loop"])[1] for found in rounds]
    ratio = statistics.median(off[1] / alone for off, alone in zip(offs, bare, strict=True))
    return f"{name:9} | {p50:6.3f} | {p99:6.3f} | {worst:6.2f} | {ratio:10.1f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=10.0, help="of each round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--bare", type=float, help="be the bare loop for so many seconds")
    given = options.parse_args()
    if given.bare:
        print(json.dumps(beat(given.bare)))
        return
    rounds = [policy(given.seconds) for _ in range(given.rounds)]
    print("jitter ms |    p50 |    p99 |    max | p99 / bare")
    for name in rounds[0].times_ns:
        print(row(name, rounds))
    made = [found.times_ns["made"] for found in rounds]
    rate = statistics.median((len(m) - 1) / ((m[-1] - m[0]) / 1e9) for m in made)
    misses, gaps = sum(f.misses for f in rounds), sum(f.gaps for f in rounds)
    print(f"{rate:.2f} chunks/s, {misses} of {sum(map(len, made))} deadlines missed, {gaps} gaps")
    p50, p99 = np.percentile([age for found in rounds for age in found.ages_ms], [50, 99])
    print(f"joints published to chunk had: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


if __name__ == "__main__":
    main()
