"""What the whole runtime costs, held against bare pyzmq in the same run.

Every row runs its two sides in turn, so that a drift of the machine meets both; ratios are taken
pair by pair and their median is printed with the least and the greatest. Each row's text says
what starts and stops its clock. Two cores and loopback are assumed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import baseline
import msgspec
import zmq

import reactor_zmq
from reactor_zmq.testing.running import Running, running

MODELS = Path(__file__).with_name("bench_models.py")
NAME = f"bench-{os.getpid()}"
WINDOW = 4
GRANT = 2


def peer(context: zmq.Context[Any], kind: int, endpoint: str, token: str = "") -> zmq.Socket[Any]:
    """Return a connected socket, with the token where one is needed."""
    socket = context.socket(kind)
    socket.linger = 0
    if token:
        socket.plain_username, socket.plain_password = b"reactor", token.encode()
    socket.connect(endpoint)
    return socket


def greet(context: zmq.Context[Any], run: Running) -> zmq.Socket[Any]:
    """Return a DEALER that the run knows, when its model is ready."""
    dealer = peer(context, zmq.DEALER, run.connection.events, run.connection.token)
    dealer.send(msgspec.msgpack.encode({"type": "$hello", "data": {"protocol": 1}}))
    while True:
        heard = msgspec.msgpack.decode(dealer.recv())
        status = heard["data"].get("status", heard["data"])
        if status.get("state") in ("ready", "waiting"):
            return dealer


def round_trips(ask: Callable[[int], None], count: int) -> list[float]:
    """Return the microseconds of each round trip: from before the send to after the receive."""
    out: list[float] = []
    for n in range(count):
        began = time.perf_counter_ns()
        ask(n)
        out.append((time.perf_counter_ns() - began) / 1000)
    return out


def bare_round_trips(count: int) -> list[float]:
    """DEALER to a ROUTER that echoes, tcp loopback."""
    context = zmq.Context()
    with baseline.process(baseline.echo) as at:
        dealer = peer(context, zmq.DEALER, at["events"])
        part = msgspec.msgpack.encode({"type": "ping", "data": {"value": 1}, "id": 1})

        def ask(_: int) -> None:
            dealer.send(part)
            dealer.recv()

        round_trips(ask, 200)
        found = round_trips(ask, count)
        context.destroy(linger=0)
    return found


def event_round_trips(model: str, count: int, *, watch: bool) -> list[float]:
    """An event to its handler's reply, from a raw DEALER; beside a watched stream if asked."""
    context = zmq.Context()
    with running(f"{MODELS}:{model}", name=NAME) as run, ExitStack() as stack:
        dealer = greet(context, run)
        if watch:
            stack.enter_context(watcher(run))

        def ask(n: int) -> None:
            dealer.send(msgspec.msgpack.encode({"type": "ping", "data": {"value": n}, "id": n}))
            while msgspec.msgpack.decode(dealer.recv()).get("id") != n:
                pass

        round_trips(ask, 200)
        found = round_trips(ask, count)
        context.destroy(linger=0)
    return found


def watcher(run: Running) -> Any:
    """Return a viewer in a process of its own that reads every frame."""
    return baseline.process(_watch, run.connection.frames, run.connection.token)


def _watch(pipe: Any, endpoint: str, token: str) -> None:
    context = zmq.Context()
    sub = peer(context, zmq.SUB, endpoint, token)
    sub.subscribe("frame/")
    pipe.send({})
    while not pipe.poll(0):
        if sub.poll(20):
            sub.recv_multipart(copy=False)
    context.destroy(linger=0)


def frame_rate(
    sub: zmq.Socket[Any], grant: Callable[[int], None], seconds: float, nbytes: int
) -> float:
    """Return whole frames per second that a SUB receives with at most WINDOW in flight.

    The clock runs from the first frame after the warm-up to the last; each frame is counted
    when it is there as an array of the right size.
    """
    grant(WINDOW)
    count = granted = 0
    began = ended = 0.0
    warm = time.perf_counter() + 0.5
    while True:
        payload = sub.recv_multipart(copy=False)[-1].buffer
        assert payload.nbytes == nbytes
        now = time.perf_counter()
        if not began and now > warm:
            began, count = now, 0
        count += 1
        granted += 1
        if began and now - began > seconds:
            ended = now
            break
        if granted == GRANT:
            grant(GRANT)
            granted = 0
    return (count - 1) / (ended - began)


def bare_rate(height: int, width: int, seconds: float, *, copies: bool) -> float:
    """PUB/SUB of bare pyzmq, frames sent from their own memory or from a copy."""
    context = zmq.Context()
    shape = (height, width, 3)
    with baseline.process(baseline.frames_on_credit, shape, copies) as at:
        sub = peer(context, zmq.SUB, at["frames"])
        sub.rcvhwm = 1000
        sub.subscribe("")
        push = peer(context, zmq.PUSH, at["events"])
        time.sleep(0.3)  # a bare PUB can't tell when the subscription is live
        found = frame_rate(
            sub, lambda n: push.send(n.to_bytes(4, "big")), seconds, height * width * 3
        )
        context.destroy(linger=0)
    return found


def runtime_rate(height: int, width: int, seconds: float) -> float:
    """The same through model, ring and front end."""
    context = zmq.Context()
    options = (f"--model.height={height}", f"--model.width={width}")
    with running(f"{MODELS}:OnCredit", *options, name=NAME) as run:
        dealer = greet(context, run)
        sub = peer(context, zmq.SUB, run.connection.frames, run.connection.token)
        sub.subscribe("frame/main_video/")
        sub.subscribe("sync/bench")
        sub.recv_multipart()
        packed = {
            n: msgspec.msgpack.encode({"type": "grant", "data": {"frames": n}})
            for n in (WINDOW, GRANT)
        }
        found = frame_rate(sub, lambda n: dealer.send(packed[n]), seconds, height * width * 3)
        context.destroy(linger=0)
    return found


def client_rate(height: int, width: int, seconds: float) -> float:
    """The same through ``Client.frames``, which reads the ring on the same host by itself."""
    options = (f"--model.height={height}", f"--model.width={width}")
    with (
        running(f"{MODELS}:OnCredit", *options, name=NAME) as run,
        reactor_zmq.connect(str(run.connection_file)) as client,
    ):
        client.wait_ready(10)
        frames = client.frames("main_video", every=True)
        client.post("grant", frames=WINDOW)
        warm = time.perf_counter() + 0.5
        began, count, owed = 0.0, 0, 0
        for frame in frames:
            assert frame.array.shape == (height, width, 3)
            now = time.perf_counter()
            count += 1
            owed += 1 + frame.gap
            if not began and now > warm:
                began, count = now, 0
            if began and now - began > seconds:
                return count / (now - began)
            if owed >= GRANT:
                client.post("grant", frames=owed)
                owed = 0
    raise RuntimeError("the frames ended")


def frame_ages(seconds: float) -> list[float]:
    """Milliseconds from a frame's making until a 10 Hz reader of 720p60 has it in hand.

    The reader is ``Client.frames``, newest first; it sleeps for 100 ms after each frame.
    """
    ages: list[float] = []
    with (
        running(f"{MODELS}:Paced", name=NAME) as run,
        reactor_zmq.connect(str(run.connection_file)) as client,
    ):
        client.wait_ready(10)
        until = time.monotonic() + seconds
        for frame in client.frames("main_video"):
            ages.append((time.time_ns() - frame.produced_ns) / 1e6)
            if time.monotonic() > until:
                break
            time.sleep(0.1)
    return ages[3:]


def many_clients(count: int) -> tuple[float, float, int]:
    """Return seconds to greet so many clients, seconds for one reply each, replies received."""
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, count + 16)
    with running(f"{MODELS}:Resting", name=NAME) as run:
        connection = run.connection
        keep = greet(context, run)  # the session lasts as long as its client
        began = time.perf_counter()
        dealers = [
            peer(context, zmq.DEALER, connection.events, connection.token) for _ in range(count)
        ]
        hello = msgspec.msgpack.encode({"type": "$hello", "data": {"protocol": 1}})
        for dealer in dealers:
            dealer.send(hello)
        for dealer in dealers:
            dealer.recv()
        greeted = time.perf_counter()
        for n, dealer in enumerate(dealers):
            dealer.send(msgspec.msgpack.encode({"type": "ping", "data": {"value": n}, "id": n}))
        served = sum(
            msgspec.msgpack.decode(dealer.recv())["data"]["value"] == n
            for n, dealer in enumerate(dealers)
        )
        done = time.perf_counter()
        context.destroy(linger=0)
    del keep
    return greeted - began, done - greeted, served


def quantile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def row(text: str, value: str, target: str = "") -> None:
    """Print one row of the table."""
    print(f"{text:<58} {value:>28}  {target}", flush=True)


def ratios(pairs: list[tuple[float, float]]) -> str:
    """Return the median ratio with the least and the greatest."""
    found = [a / b for a, b in pairs]
    return f"{statistics.median(found):.2f} ({min(found):.2f}-{max(found):.2f})"


def bench_frames(pairs: int, seconds: float) -> None:
    """Frames per second through the runtime against bare pyzmq."""
    for name, height, width in (("1080p", 1080, 1920), ("720p", 720, 1280)):
        sides: dict[str, Callable[[], float]] = {
            "runtime, Client.frames": partial(client_rate, height, width, seconds),
            "runtime, raw SUB on tcp": partial(runtime_rate, height, width, seconds),
            "bare PUB/SUB": partial(bare_rate, height, width, seconds, copies=False),
            "bare PUB/SUB, copied in first": partial(
                bare_rate, height, width, seconds, copies=True
            ),
        }
        rates = [[measure() for measure in sides.values()] for _ in range(pairs)]
        for side, found in zip(sides, zip(*rates, strict=True), strict=True):
            row(f"{name} {side}, frames/s", f"{statistics.median(found):.0f}")
        row(f"{name} Client.frames / bare", ratios([(r[0], r[2]) for r in rates]), ">= 0.9")
        row(f"{name} raw SUB / bare", ratios([(r[1], r[2]) for r in rates]))
        row(f"{name} raw SUB / bare copied in", ratios([(r[1], r[3]) for r in rates]))


def bench_events(pairs: int, count: int) -> None:
    """Round trips of events against a bare ROUTER."""
    idle, bare = [], []
    for _ in range(pairs):
        idle.append(event_round_trips("Resting", count, watch=False))
        bare.append(bare_round_trips(count))
    medians = [
        (statistics.median(a), statistics.median(b)) for a, b in zip(idle, bare, strict=True)
    ]
    row("event -> reply p50, us", f"{statistics.median(m[0] for m in medians):.0f}")
    row("bare DEALER/ROUTER p50, us", f"{statistics.median(m[1] for m in medians):.0f}")
    row("event / bare", ratios(medians), "<= 3")
    beside = event_round_trips("Paced", count, watch=True)
    row("event beside a watched 720p60 stream p50, us", f"{statistics.median(beside):.0f}")
    row("event beside a watched 720p60 stream p99, us", f"{quantile(beside, 0.99):.0f}", "< 5000")


def main() -> None:
    """Run what is asked for and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=["frames", "events", "age", "clients"])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--count", type=int, default=3000)
    options = parser.parse_args()
    if "events" in options.rows:
        bench_events(options.pairs, options.count)
    if "frames" in options.rows:
        bench_frames(options.pairs, options.seconds)
    if "age" in options.rows:
        ages = frame_ages(5 * options.seconds)
        row(
            "frame age at a 10 Hz reader of 720p60, p50 ms",
            f"{statistics.median(ages):.1f}",
            "<= 25",
        )
        row("frame age at a 10 Hz reader of 720p60, p99 ms", f"{quantile(ages, 0.99):.1f}")
    if "clients" in options.rows:
        greeted, answered, served = many_clients(1000)
        row("1000 clients greeted, s", f"{greeted:.2f}")
        row("1000 clients answered once, s", f"{answered:.2f}", f"{served} of 1000 served")


if __name__ == "__main__":
    main()
