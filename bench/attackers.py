"""Peers that mean no good: each runs in a process of its own until it is told to stop.

An attacker is ``attack(stopped, connection) -> count``: what it counts is in its docstring.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import msgspec

from reactor_zmq.testing.zmtp import MORE, RawPeer, frame, greeting, multipart
from reactor_zmq.wire.connection_file import ConnectionFile

Attack = Callable[[Callable[[], bool], ConnectionFile], int]


@contextmanager
def under(attack: Attack, connection: ConnectionFile) -> Generator[Callable[[], float]]:
    """Attack while the block runs; yields what returns the attack's count per second, after it."""
    context = mp.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_run, args=(theirs, attack, connection), daemon=True)
    child.start()
    ours.recv()
    found: list[float] = []
    try:
        yield lambda: found[0]
    finally:
        ours.send("stop")
        found.append(ours.recv() if ours.poll(30) else 0.0)
        child.join(5)
        child.kill()
        child.join()


def _run(pipe: Any, attack: Attack, connection: ConnectionFile) -> None:
    pipe.send("attacking")
    began = time.perf_counter()
    count = attack(pipe.poll, connection)
    pipe.send(count / (time.perf_counter() - began))


def _each_link(stopped: Callable[[], bool], use: Callable[[], int]) -> int:
    """Use one link after the other: whoever is cut comes again at once."""
    count = 0
    while not stopped():
        with contextlib.suppress(OSError):
            count += use()
    return count


def _until_cut(peer: RawPeer, stopped: Callable[[], bool], data: bytes, worth: int) -> int:
    count = 0
    with contextlib.suppress(OSError):
        while not stopped():
            peer.write(data)
            count += worth
    return count


def _greeted(connection: ConnectionFile) -> RawPeer:
    peer = RawPeer.greeted(connection.events, connection.token, b"DEALER")
    peer.send(_word("$hello", {"protocol": 1}, id=0))
    while b"$welcome" not in peer.receive()[-1]:
        pass
    return peer


def _word(kind: str, data: dict[str, Any], **more: Any) -> bytes:
    return msgspec.json.encode({"type": kind, "data": data, **more})


def garbage_connections(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Connections that send random bytes and close."""
    rng = random.Random(1)

    def use() -> int:
        with RawPeer(connection.events) as peer:
            peer.write(rng.randbytes(rng.randrange(1, 300)))
        return 1

    return _each_link(stopped, use)


def silent_connections(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Connections that greet and then say nothing; 2,000 at a time are held."""
    held: list[RawPeer] = []

    def use() -> int:
        held.append(RawPeer(connection.events))
        held[-1].write(greeting())
        if len(held) > 2000:
            held.pop(0).close()
        return 1

    return _each_link(stopped, use)


def malformed_messages(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Messages that are no envelope, from a peer that has the token."""
    rng = random.Random(2)
    data = b"".join(multipart(b"\xc1" + rng.randbytes(100)) for _ in range(100))

    def use() -> int:
        with RawPeer.greeted(connection.events, connection.token, b"DEALER") as peer:
            return _until_cut(peer, stopped, data, 100)

    return _each_link(stopped, use)


def refused_events(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Envelopes that are well formed and refused, from a client: there is no such event."""
    data = b"".join(multipart(_word("no_such_event", {"value": n})) for n in range(100))

    def use() -> int:
        with _greeted(connection) as peer:
            return _until_cut(peer, stopped, data, 100)

    return _each_link(stopped, use)


def accepted_events(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Events that are good, as fast as they are taken; replies are read by nobody."""
    data = b"".join(multipart(_word("ping", {"value": n})) for n in range(100))

    def use() -> int:
        with _greeted(connection) as peer:
            return _until_cut(peer, stopped, data, 100)

    return _each_link(stopped, use)


def schema_requests(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Requests for what is largest to answer; the answers are read by nobody."""
    data = multipart(_word("$schema", {})) * 100

    def use() -> int:
        with _greeted(connection) as peer:
            return _until_cut(peer, stopped, data, 100)

    return _each_link(stopped, use)


def comings_and_goings(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """One link that says hello and bye over and over."""
    data = (multipart(_word("$hello", {"protocol": 1})) + multipart(_word("$bye", {}))) * 100

    def use() -> int:
        with _greeted(connection) as peer:
            return _until_cut(peer, stopped, data, 100)

    return _each_link(stopped, use)


def fresh_malformed_links(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Links that shake hands, send one malformed message and close."""

    def use() -> int:
        with RawPeer.greeted(connection.events, connection.token, b"DEALER") as peer:
            peer.send(b"\xc1")
        return 1

    return _each_link(stopped, use)


def hello_cycles(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Clients that say hello and close their link without a word."""

    def use() -> int:
        _greeted(connection).close()
        return 1

    return _each_link(stopped, use)


def subscription_flood(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Subscriptions to random topics of 12 bytes."""
    rng = random.Random(3)

    def use() -> int:
        with RawPeer.greeted(connection.frames, connection.token, b"SUB") as peer:
            count = 0
            with contextlib.suppress(OSError):
                while not stopped():
                    peer.write(b"".join(multipart(b"\x01" + rng.randbytes(12)) for _ in range(500)))
                    count += 500
            return count

    return _each_link(stopped, use)


def changes_of_mind(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Subscriptions that are taken back at once, 1,000 per second and not more."""
    count, began = 0, time.perf_counter()
    with RawPeer.greeted(connection.frames, connection.token, b"SUB") as peer:
        while not stopped():
            peer.send(b"\x01frame/main_video/")
            peer.send(b"\x00frame/main_video/")
            count += 1
            time.sleep(max(0.0, began + count / 1000 - time.perf_counter()))
    return count


def endless_multipart(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Parts of 1 MiB of one message that never ends."""
    data = frame(bytes(2**20), MORE)

    def use() -> int:
        with RawPeer.greeted(connection.events, connection.token, b"DEALER") as peer:
            return _until_cut(peer, stopped, data, 1)

    return _each_link(stopped, use)


def large_publishes(stopped: Callable[[], bool], connection: ConnectionFile) -> int:
    """Frames of 30 MiB for an input track, as fast as they are taken."""
    word = {"track": "camera", "shape": [2560, 4096, 3], "dtype": "|u1", "pts_ns": 0}
    data = multipart(_word("$publish", word), bytes(2560 * 4096 * 3))

    def use() -> int:
        with _greeted(connection) as peer:
            return _until_cut(peer, stopped, data, 1)

    return _each_link(stopped, use)
