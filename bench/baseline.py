"""Bare pyzmq with the same options: the ceilings that the runtime is held against."""

from __future__ import annotations

import multiprocessing as mp
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import zmq


@contextmanager
def process(target: Callable[..., None], *args: Any) -> Generator[dict[str, str]]:
    """Run ``target(pipe, *args)`` in a process of its own; yield the endpoints that it bound."""
    context = mp.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=target, args=(theirs, *args), daemon=True)
    child.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        child.join(5)
        child.kill()
        child.join()


def echo(pipe: Any) -> None:
    """Answer every message on a ROUTER with its own parts, in a blocking poll loop."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.linger = 0
    port = router.bind_to_random_port("tcp://127.0.0.1")
    pipe.send({"events": f"tcp://127.0.0.1:{port}"})
    poller = zmq.Poller()
    poller.register(router, zmq.POLLIN)
    poller.register(pipe.fileno(), zmq.POLLIN)
    while True:
        ready = dict(poller.poll())
        if pipe.fileno() in ready:
            break
        router.send_multipart(router.recv_multipart())
    context.destroy(linger=0)


def frames_on_credit(pipe: Any, shape: tuple[int, ...], copies: bool) -> None:
    """Send one frame for each one granted, zero-copy from the array itself, or from a slot.

    With ``copies`` each frame is first copied into one of four buffers, as any sender must whose
    producer goes on writing into its array.
    """
    context = zmq.Context()
    pub, grants = context.socket(zmq.PUB), context.socket(zmq.PULL)
    pub.sndhwm, pub.linger, grants.linger = 1000, 0, 0
    frames_at = pub.bind_to_random_port("tcp://127.0.0.1")
    grants_at = grants.bind_to_random_port("tcp://127.0.0.1")
    pipe.send({
        "frames": f"tcp://127.0.0.1:{frames_at}", "events": f"tcp://127.0.0.1:{grants_at}"
    })  # fmt: skip
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, shape, np.uint8) for _ in range(2)]
    slots = [np.empty(shape, np.uint8) for _ in range(4)]
    header, left, n = b"x" * 60, 0, 0
    trackers: list[Any] = [None] * len(slots)
    poller = zmq.Poller()
    poller.register(grants, zmq.POLLIN)
    poller.register(pipe.fileno(), zmq.POLLIN)
    while True:
        ready = dict(poller.poll(0 if left else None))
        if pipe.fileno() in ready:
            break
        if grants in ready:
            left += int.from_bytes(grants.recv(), "big")
        if not left:
            continue
        left -= 1
        picture = pictures[n % 2]
        picture.flat[0] = n % 256
        if copies:
            tracker = trackers[n % 4]
            if tracker is not None:
                tracker.wait()
            np.copyto(slots[n % 4], picture)
            picture = slots[n % 4]
        pub.send(b"frame/main_video/", zmq.SNDMORE)
        pub.send(header, zmq.SNDMORE)
        trackers[n % 4] = pub.send(picture, copy=False, track=True)
        n += 1
    context.destroy(linger=0)
