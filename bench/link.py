"""Round trip between two processes: a SEQPACKET socketpair against a zmq pair over ipc.

The clock starts before the sender's send and stops when the echo has been received; the other
process answers each datagram of 64 bytes with the same bytes. The two take turns in short runs, so
that a drift of the machine meets both. docs/adr/0002-seqpacket-link.md quotes the output.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zmq

PAYLOAD = bytes(64)
ENOUGH = 4096


def echo_pair(end: socket.socket) -> None:
    """Answer on a socketpair until it is closed."""
    while data := end.recv(ENOUGH):
        end.send(data)


def echo_zmq(endpoint: str) -> None:
    """Answer on a zmq socket until an empty message comes."""
    with zmq.Context() as context, context.socket(zmq.PAIR) as end:
        end.connect(endpoint)
        while data := end.recv():
            end.send(data)


def timed(round_trip: Callable[[], bytes], count: int) -> list[int]:
    """Return the nanoseconds that each of ``count`` round trips took."""
    taken: list[int] = []
    for _ in range(count):
        began = time.perf_counter_ns()
        got = round_trip()
        taken.append(time.perf_counter_ns() - began)
        assert got == PAYLOAD
    return taken


def main() -> None:
    """Measure both and print one line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="runs of each, in turn")
    parser.add_argument("--count", type=int, default=1000, help="round trips in a run")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryDirectory() as folder, zmq.Context() as zmq_context:
        endpoint = f"ipc://{Path(folder) / 'echo'}"
        with zmq_context.socket(zmq.PAIR) as pair:
            pair.bind(endpoint)
            peers = [
                context.Process(target=echo_pair, args=(theirs,)),
                context.Process(target=echo_zmq, args=(endpoint,)),
            ]
            for peer in peers:
                peer.start()
            theirs.close()
            measure(options.runs, options.count, ours, pair)
            ours.close()
            pair.send(b"")
            for peer in peers:
                peer.join()


def measure(runs: int, count: int, ours: socket.socket, pair: zmq.Socket[bytes]) -> None:
    """Take turns, the first run of each to warm up."""

    def over_socketpair() -> bytes:
        ours.send(PAYLOAD)
        return ours.recv(ENOUGH)

    def over_zmq() -> bytes:
        pair.send(PAYLOAD)
        return pair.recv()

    ways = {"socketpair (SEQPACKET)": over_socketpair, "zmq PAIR over ipc": over_zmq}
    taken: dict[str, list[int]] = {name: [] for name in ways}
    for run in range(runs + 1):
        for name, way in ways.items():
            found = timed(way, count)
            if run:
                taken[name] += found
    medians: list[float] = []
    for name, found in taken.items():
        p50, p99 = np.percentile(found, (50, 99)) / 1e3
        medians.append(p50)
        print(f"{name:<24} p50 {p50:6.1f} us   p99 {p99:6.1f} us   of {len(found)}")
    print(f"{'ratio of medians':<24} {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
