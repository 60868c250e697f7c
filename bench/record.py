"""The recorder beside a model at 1080p60: frames lost, and whether the model keeps its rate.

A model yields 1920x1080 pictures from a loan at a pinned 60 Hz. The clock runs from the first to
the last frame that is in the file; a frame counts as lost when its number is missing there, whoever
lost it: the way to the recorder (a gap) or its queues (dropped). A miss is a frame that the model
had not ready when it was due. CPU is the recorder's process, its start and end included, for each
frame in the file. The baseline is the same model in the same minutes with one viewer that only
receives. JPEG's cost depends on the picture: this one is a smooth field with a moving bar.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import reactor_zmq
from reactor_zmq.testing.running import running
from reactor_zmq_recording.reading import read_recording

MODEL = f"{Path(__file__).with_name('record_models.py')}:Bar"


def viewed(seconds: float) -> tuple[float, int, int]:
    """Return rate, frames lost and misses with one viewer that only receives."""
    with running(MODEL, name="bar"), reactor_zmq.connect("bar", timeout=30) as client:
        client.wait_ready(60)
        frames = client.frames(every=True, timeout=10)
        first = next(frames)
        misses = client.refresh_status().misses
        end, count, gaps, last = time.monotonic() + seconds, 0, 0, first
        while time.monotonic() < end:
            last = next(frames)
            count, gaps = count + 1, gaps + last.gap
        spent_s = (last.produced_ns - first.produced_ns) / 1e9
        return (last.seq - first.seq) / spent_s, gaps, client.refresh_status().misses - misses


def recorded(seconds: float, codec: str) -> tuple[float, int, int, dict[str, float]]:
    """Return rate, frames lost, misses, and the recorder's last progress."""
    with tempfile.TemporaryDirectory() as folder, running(MODEL, name="bar"):
        path = Path(folder) / "run.mcap"
        with reactor_zmq.connect("bar", timeout=30) as client:
            client.wait_ready(60)
            command = [sys.executable, "-m", "reactor_zmq.cli.main", "record", "bar", "--json"]
            options = ["--out", str(path), "--codec", codec, "--seconds", str(seconds)]
            before_s = children_cpu_s()
            done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
            spent_cpu_s = children_cpu_s() - before_s
            misses = client.refresh_status().misses
        found = [m for m in read_recording(path) if m.plan.notes.get("kind") == "video"]
        seqs = sorted(m.seq for m in found)
        spent_s = (found[-1].publish_ns - found[0].publish_ns) / 1e9
        lost = seqs[-1] - seqs[0] + 1 - len(set(seqs))
        last = json.loads(done.stdout.splitlines()[-1])
        last["cpu_ms"] = spent_cpu_s * 1e3 / len(seqs)
        return (seqs[-1] - seqs[0]) / spent_s, lost, misses, last


def children_cpu_s() -> float:
    """Return what processes that have ended took; the model is not among them yet."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--codecs", nargs="*", default=["jpeg", "h264", "raw"])
    given = options.parse_args()
    print("1920x1080x3 at 60 Hz | frames/s | lost = gaps, dropped | misses | CPU ms | file MB/s")
    rate, lost, misses = viewed(given.seconds)
    print(f"viewer only          | {rate:8.2f} | {lost:4} {'':15} | {misses:6} |")
    for codec in given.codecs:
        rate, lost, misses, last = recorded(given.seconds, codec)
        per_s = last["nbytes"] / last["elapsed_s"] / 1e6
        cells = f"{lost:4} {last['gaps']:7.0f} {last['dropped']:7.0f} | {misses:6}"
        cells += f" | {last['cpu_ms']:6.2f} | {per_s:.2f}"
        print(f"record --codec {codec:5} | {rate:8.2f} | {cells}", flush=True)


if __name__ == "__main__":
    main()
