"""Host array to same-host reader through model, ring and front end: by reference and by socket.

Flood: the reader grants frames, at most WINDOW of them are under way, so nothing waits for a
clock. The clock runs from the first frame after the warm-up to the last; a frame counts when the
reader has it as an array and, where the row says so, has copied it into memory of its own. *Copied
in* yields an array, which the actor copies into a slot; *in place* yields a loan in which one
sample was written, so that making the picture is nobody's cost. The socket rows run in turn with
the lane's, in processes of their own each time; memcpy is one ``np.copyto`` from one of two arrays
to a third in this process. *copied* is what the actor's processor copied into slots per frame, as
it counted it. Ratios are taken pair by pair; the median is printed with the least and
the greatest.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq

import reactor_zmq
from reactor_zmq.testing.running import Running, running

MODELS = Path(__file__).with_name("lane_models.py")
SIZES = {
    "640x480": (480, 640),
    "1280x720": (720, 1280),
    "1920x1080": (1080, 1920),
    "3840x2160": (2160, 3840),
}
WINDOW = 6
GRANT = 2
STALLED_S = 0.25


class Granter:
    """A raw DEALER, so that granting costs the reader next to nothing."""

    def __init__(self, context: zmq.Context[Any], run: Running) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.plain_username = b"reactor"
        self.socket.plain_password = run.connection.token.encode()
        self.socket.connect(run.connection.events)
        self.socket.send(msgspec.msgpack.encode({"type": "$hello", "data": {"protocol": 1}}))
        self.socket.recv()

    def __call__(self, frames: int) -> None:
        event = {"type": "grant", "data": {"frames": frames}}
        self.socket.send(msgspec.msgpack.encode(event))


def flood(
    size: tuple[int, int], transport: str, seconds: float, *, in_place: bool, copies: bool
) -> tuple[float, float, float]:
    """Return frames per second, the share missed, and the bytes copied into a slot for each."""
    height, width = size
    options = [f"--model.height={height}", f"--model.width={width}"]
    if in_place:
        options.append("--model.in_place=true")
    context = zmq.Context()
    own = np.zeros((height, width, 3), np.uint8)
    with running(f"{MODELS}:OnCredit", *options, name="bench") as run:
        grant = Granter(context, run)
        with reactor_zmq.connect(run.connection_file, transport=transport) as client:
            client.wait_ready(20)
            with client.frames(every=True, timeout=STALLED_S) as frames:
                assert frames.transport == transport
                found = count(frames, grant, own if copies else None, seconds)
            counted = client.send("count")
        context.destroy(linger=0)
    return *found, counted.copied_nbytes / counted.stored


def count(frames: Any, grant: Granter, own: Any, seconds: float) -> tuple[float, float]:
    """Take frames for so long; return their rate and the share that was missed."""
    grant(WINDOW)
    received = missed = owed = 0
    began = 0.0
    warm = time.perf_counter() + 0.5
    while True:
        try:
            frame = next(frames)
        except TimeoutError:  # the last of a window was dropped, and no gap will ever tell
            missed += WINDOW
            grant(WINDOW)
            continue
        if own is not None:
            np.copyto(own, frame.array)
        now = time.perf_counter()
        received += 1
        missed += frame.gap
        owed += 1 + frame.gap
        if not began and now > warm:
            began, received, missed = now, 0, 0
        if began and now - began > seconds:
            return received / (now - began), missed / (missed + received)
        if owed >= GRANT:
            grant(owed)
            owed = 0


def memcpy(size: tuple[int, int], seconds: float) -> float:
    """Return copies per second of frames that lie in this process."""
    pictures = [np.ones((*size, 3), np.uint8) for _ in range(2)]
    own = np.zeros((*size, 3), np.uint8)
    began, n = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        np.copyto(own, pictures[n % 2])
        n += 1
    return n / (time.perf_counter() - began)


def spread(values: list[float]) -> str:
    """Return the median with the least and the greatest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def row(
    text: str, rates: list[tuple[float, float, float]], base: list[float], copy: list[float]
) -> None:
    """Print one row: rate, share missed, ratios to the socket path and to memcpy."""
    rate, missed, copied = (statistics.median(values) for values in zip(*rates, strict=True))
    by_base = spread([r / b for (r, *_), b in zip(rates, base, strict=True)])
    by_copy = spread([r / c for (r, *_), c in zip(rates, copy, strict=True)])
    print(
        f"{text:<46} {rate:>8.0f} {missed:>7.1%} {copied:>9.0f} {by_base:>22} {by_copy:>22}",
        flush=True,
    )


WAYS = {
    "lane, copied in, looked at": ("lane", False, False),
    "lane, copied in, copied out": ("lane", False, True),
    "lane, in place, looked at": ("lane", True, False),
    "lane, in place, copied out": ("lane", True, True),
    "socket, copied in, looked at": ("socket", False, False),
}


def main() -> None:
    """Run what is asked for and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", default=list(SIZES))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    options = parser.parse_args()
    print(
        f"{'':<46} {'frames/s':>8} {'missed':>7} {'copied':>9}"
        f" {'of the socket path':>22} {'of memcpy':>22}"
    )
    for name in options.sizes:
        rates: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
        copies: list[float] = []
        for _ in range(options.pairs):
            for way, (transport, in_place, copied) in WAYS.items():
                found = flood(
                    SIZES[name], transport, options.seconds, in_place=in_place, copies=copied
                )
                rates[way].append(found)
            copies.append(memcpy(SIZES[name], 0.3))
        base = [rate for rate, *_ in rates["socket, copied in, looked at"]]
        for way in WAYS:
            row(f"{name} {way}", rates[way], base, copies)
        print(f"{name + ' memcpy':<46} {statistics.median(copies):>8.0f}", flush=True)


if __name__ == "__main__":
    main()
