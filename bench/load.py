"""What load and hostile peers cost those who behave.

A legit client asks one event per 2 ms and waits for its reply; its clock starts before the send and
stops after the receive. Beside it a viewer takes 60 frames/s; a gap is the time from one frame's
arrival to the next. Attackers run in a process of their own. ``memory`` is how much the front end's
own memory (RssAnon) had grown at its greatest, and ``kept`` what is left of that a second after the
attack. Two cores and loopback are assumed, and the attackers take a part of them.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import attackers
import msgspec
import zmq
from spine import greet, peer, quantile

from reactor_zmq.testing.running import Running, running

MODELS = Path(__file__).with_name("bench_models.py")
NAME = f"load-{os.getpid()}"
EVERY_S = 0.002
MEGA = 2**20


@dataclass
class Felt:
    """What those who behave have felt, in milliseconds; and the front end's memory in bytes."""

    replies: list[float] = field(default_factory=list[float])
    gaps: list[float] = field(default_factory=list[float])
    memory: list[int] = field(default_factory=list[int])
    lost: int = 0


def memory_nbytes(pid: int) -> int:
    """Return the anonymous memory that a process has."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def ask(run: Running, felt: Felt, seconds: float) -> None:
    """Be the legit client."""
    context = zmq.Context()
    dealer = greet(context, run)
    end = time.perf_counter() + seconds
    n = 0
    while (began := time.perf_counter()) < end:
        n += 1
        dealer.send(msgspec.msgpack.encode({"type": "ping", "data": {"value": n}, "id": n}))
        if answered(dealer, n):
            felt.replies.append((time.perf_counter() - began) * 1000)
        else:
            felt.lost += 1
        time.sleep(max(0.0, began + EVERY_S - time.perf_counter()))
    context.destroy(linger=0)


def answered(dealer: zmq.Socket[Any], n: int) -> bool:
    """Return whether the reply to event ``n`` comes within 10 s."""
    while dealer.poll(10_000):
        if msgspec.msgpack.decode(dealer.recv()).get("id") == n:
            return True
    return False


@contextmanager
def watching(run: Running, felt: Felt) -> Generator[None]:
    """Take every frame and look at the memory, in a thread, while the block runs."""
    done = threading.Event()

    def watch() -> None:
        context = zmq.Context()
        sub = peer(context, zmq.SUB, run.connection.frames, run.connection.token)
        sub.subscribe("frame/main_video/")
        last = 0.0
        while not done.is_set():
            felt.memory.append(memory_nbytes(run.process.pid))
            if sub.poll(20):
                sub.recv_multipart(copy=False)
                now = time.perf_counter()
                felt.gaps += [(now - last) * 1000] if last else []
                last = now
        context.destroy(linger=0)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def row(text: str, *values: str) -> None:
    """Print one row of the table."""
    print(f"{text:<24}" + "".join(f"{value:>13}" for value in values), flush=True)


def head() -> None:
    """Print the table's head."""
    titles = ("attacks/s", "reply p50", "reply p99", "reply max", "gap p99", "gap max", "lost")
    row("beside", *titles, "memory", "kept")


def bench_attack(attack: attackers.Attack | None, seconds: float) -> None:
    """Measure what one attack costs; a run of its own, so that nothing carries over."""
    felt, count = Felt(), float
    options = ("--model.height=240", "--model.width=320")
    with running(f"{MODELS}:Hearing", *options, name=NAME) as run:
        ask(run, Felt(), 0.5)
        before = memory_nbytes(run.process.pid)
        with ExitStack() as stack:
            stack.enter_context(watching(run, felt))
            if attack:
                count = stack.enter_context(attackers.under(attack, run.connection))
            ask(run, felt, seconds)
        time.sleep(1)
        kept = memory_nbytes(run.process.pid) - before
    row(
        attack.__name__ if attack else "nothing",
        f"{count():,.0f}",
        *(f"{quantile(felt.replies, share):.2f} ms" for share in (0.5, 0.99, 1)),
        *(f"{quantile(felt.gaps, share):.0f} ms" for share in (0.99, 1)),
        str(felt.lost),
        f"{(max(felt.memory) - before) / MEGA:+.0f} MB",
        f"{kept / MEGA:+.0f} MB",
    )


def bench_clients(count: int) -> None:
    """Hold many clients at once; each says hello, then all ask once."""
    with running(f"{MODELS}:Resting", name=NAME) as run:
        context = zmq.Context()
        context.set(zmq.MAX_SOCKETS, count + 64)
        greet(context, run)
        before = memory_nbytes(run.process.pid)
        held: list[zmq.Socket[Any]] = []
        began = time.perf_counter()
        hello = msgspec.json.encode({"type": "$hello", "data": {"protocol": 1}, "id": 0})
        for _ in range(count):
            held.append(peer(context, zmq.DEALER, run.connection.events, run.connection.token))
            held[-1].send(hello)
            until(held[-1], 0)
        greeted = time.perf_counter()
        nbytes = (memory_nbytes(run.process.pid) - before) / count
        event = msgspec.json.encode({"type": "ping", "data": {"value": 1}, "id": 1})
        for each in held:
            each.send(event)
        for each in held:
            until(each, 1)
        done = time.perf_counter()
        alone = Felt()
        ask(run, alone, 2)
        context.destroy(linger=0)
    print(
        f"{count} clients: {count / (greeted - began):.0f} greeted/s, {nbytes / 1000:.1f} kB each"
    )
    print(f"  all asked once: {done - greeted:.2f} s, 0 lost; beside them a client's reply p50 ")
    print(f"  {quantile(alone.replies, 0.5):.2f} ms, p99 {quantile(alone.replies, 0.99):.2f} ms")


def until(found: zmq.Socket[Any], number: int) -> None:
    """Take what a client is told, up to the reply with this id."""
    while msgspec.json.decode(found.recv()).get("id") != number:
        pass


ATTACKS: dict[str, attackers.Attack] = {
    attack.__name__: attack
    for attack in (
        attackers.garbage_connections,
        attackers.silent_connections,
        attackers.malformed_messages,
        attackers.refused_events,
        attackers.accepted_events,
        attackers.schema_requests,
        attackers.comings_and_goings,
        attackers.fresh_malformed_links,
        attackers.hello_cycles,
        attackers.subscription_flood,
        attackers.changes_of_mind,
        attackers.endless_multipart,
        attackers.large_publishes,
    )
}


def main() -> None:
    """Run what is asked for and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=["nothing", *ATTACKS, "clients"])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=5000)
    options = parser.parse_args()
    head()
    for name in options.rows:
        if name != "clients":
            bench_attack(ATTACKS.get(name), options.seconds)
    if "clients" in options.rows:
        bench_clients(options.clients)


if __name__ == "__main__":
    main()
