"""Frames through the tcp socket: the client of a run against bare pyzmq, plain and on its heap.

Flood: the reader grants frames, at most WINDOW of them are under way. Each side reads in a process
of its own, which lets go of a frame when the next one has come; the clock, the faults and the
processor time run from the first frame after the warm-up to the last. *plain* is bare pyzmq as one
writes it; *kept* is the same with the allocator told as the client tells it
(``reactor_zmq.memory.heap``). All senders send from memory in which one sample was written.
Faults are minor page faults of the reader; *reader ms* is its processor time; *all ms* adds that
of whoever sends: a bare process, or front end and actor. Sides run in turn; ratios to *plain* and
*kept* are taken round by round, the median is printed with the least and the greatest. *copied* is
what the actor's processor copied into slots per frame, as it counted it.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import baseline
import zmq

import reactor_zmq
from reactor_zmq.benchmark.accounting import Spent, spent
from reactor_zmq.memory.heap import keep_large_blocks
from reactor_zmq.testing.running import running

MODELS = Path(__file__).with_name("lane_models.py")
SIZES = {"720p": (720, 1280), "1080p": (1080, 1920), "4K": (2160, 3840)}
SIDES = ("client", "plain", "kept")
WINDOW = 3
GRANT = 1
WARM_S = 1.0
STALLED_S = 0.25


class Read(NamedTuple):
    """What one side did."""

    rate: float
    faults: float
    reader_ms: float
    all_ms: float
    copied_nbytes: float = 0
    missed: float = 0


def flood(
    take: Callable[[], int], grant: Callable[[int], None], seconds: float, pids: list[list[int]]
) -> Read:
    """Read for so long; ``take`` returns how many frames it waited for."""
    grant(WINDOW)
    count = owed = 0
    before: list[Spent] = []
    began = time.perf_counter()
    while True:
        came = take()
        count, owed = count + came, owed + came
        passed = time.perf_counter() - began
        if not before and passed > WARM_S:
            before, began, count = [spent(some) for some in pids], time.perf_counter(), 0
        elif before and passed > seconds:
            break
        if owed >= GRANT:
            grant(owed)
            owed = 0
    reader, everybody = (spent(s).since(b) for s, b in zip(pids, before, strict=True))
    ms = 1e6 * count
    return Read(count / passed, reader.faults / count, reader.cpu_ns / ms, everybody.cpu_ns / ms)


def read_bare(pipe: Any, at: dict[str, str], keep: bool, seconds: float, sender: list[int]) -> None:
    """Read what ``baseline.frames_on_credit`` sends."""
    if keep:
        assert keep_large_blocks()
    context = zmq.Context()
    sub, push = context.socket(zmq.SUB), context.socket(zmq.PUSH)
    sub.linger = push.linger = 0
    sub.rcvhwm = 1000
    sub.subscribe("")
    sub.connect(at["frames"])
    push.connect(at["events"])
    time.sleep(0.3)  # a bare PUB can't tell when the subscription is live
    kept: list[Any] = [None]

    def take() -> int:
        kept[0] = sub.recv_multipart(copy=False)[-1].buffer
        return 1

    own = os.getpid()
    found = flood(take, lambda n: push.send(n.to_bytes(4, "big")), seconds, [[own], [own, *sender]])
    pipe.send(found)
    context.destroy(linger=0)


def read_run(pipe: Any, file: str, seconds: float, senders: list[int]) -> None:
    """Read a run's frames through ``Client.frames``."""
    own = os.getpid()
    with reactor_zmq.connect(file, transport="socket") as client:
        client.wait_ready(20)
        frames = client.frames(every=True, timeout=STALLED_S)
        kept: list[Any] = [None]
        gaps = 0

        def take() -> int:
            nonlocal gaps
            try:
                frame = next(frames)
            except TimeoutError:  # the last of a window was dropped, and no gap will ever tell
                gaps += WINDOW
                client.post("grant", frames=WINDOW)
                return 0
            kept[0] = frame.array
            if frame.gap:
                gaps += frame.gap
                client.post("grant", frames=frame.gap)
            return 1

        def grant(n: int) -> None:
            client.post("grant", frames=n)

        before = client.send("count")
        found = flood(take, grant, seconds, [[own], [own, *senders]])
        after = client.send("count")
        stored = after.stored - before.stored
        copied = (after.copied_nbytes - before.copied_nbytes) / stored
        pipe.send(found._replace(copied_nbytes=copied, missed=gaps / stored))


def in_process(target: Callable[..., None], *args: Any) -> Read:
    """Return what a reader sends that runs in a process of its own."""
    ours, theirs = mp.get_context("spawn").Pipe()
    child = mp.get_context("spawn").Process(target=target, args=(theirs, *args), daemon=True)
    child.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        child.join(10)
        child.kill()
        child.join()


def measure(side: str, size: tuple[int, int], seconds: float) -> Read:
    """Return what one side did."""
    if side == "client":
        shape = (f"--model.height={size[0]}", f"--model.width={size[1]}", "--model.in_place=true")
        with running(f"{MODELS}:OnCredit", *shape, name="receiving") as run:
            with reactor_zmq.connect(run.connection_file) as client:
                client.wait_ready(20)
            senders = [run.connection.pid, run.connection.actor_pid]
            return in_process(read_run, str(run.connection_file), seconds, senders)
    with baseline.process(baseline.frames_on_credit, (*size, 3), False) as at:
        senders = [child.pid for child in mp.active_children()]
        return in_process(read_bare, at, side == "kept", seconds, senders)


def spread(ours: list[float], theirs: list[float]) -> str:
    """Return the median of the ratios with the least and the greatest."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def print_size(name: str, found: dict[str, list[Read]]) -> None:
    """Print one size's rows."""
    for side, reads in found.items():
        rate, faults, reader_ms, all_ms, copied, missed = map(
            statistics.median, zip(*reads, strict=True)
        )
        ratios = [
            spread([r.rate for r in reads], [r.rate for r in found[base]])
            for base in ("plain", "kept")
        ]
        cpu = spread([r.reader_ms for r in reads], [r.reader_ms for r in found["plain"]])
        told = f"{copied:.0f}" if side == "client" else "-"
        print(
            f"{name + ' ' + side:<14} {rate:>8.0f} {faults:>8.1f} {reader_ms:>9.2f} {all_ms:>7.2f}"
            f" {told:>7} {missed:>7.1%} {ratios[0]:>18} {ratios[1]:>18} {cpu:>18}",
            flush=True,
        )


def main() -> None:
    """Run what is asked for and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sizes", nargs="*", default=["1080p", "4K"], metavar="SIZE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    print(
        f"{'':<14} {'frames/s':>8} {'faults':>8} {'reader ms':>9} {'all ms':>7} {'copied':>7}"
        f" {'missed':>7} {'of plain':>18} {'of kept':>18} {'reader ms/plain':>18}"
    )
    for name in options.sizes:
        found: dict[str, list[Read]] = {side: [] for side in SIDES}
        for _ in range(options.rounds):
            for side in SIDES:
                found[side].append(measure(side, SIZES[name], options.seconds))
        print_size(name, found)


if __name__ == "__main__":
    main()
