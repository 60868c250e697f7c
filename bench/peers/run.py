"""Other systems beside the runtime: the same frames, checks and clock, in turns.

Each system's producer and reader run in an environment of its own, made on first use by pip in the
user's cache folder; one that can't be had is listed with the reason. Everything else is as in
``reactor-zmq bench``: see docs/benchmark.md. ``--peers`` picks some, ``--sizes`` and ``--seconds``
as there. Writes ``peers.json`` and ``peers.html`` to ``--out``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from catalog import PEERS, Peer
from environment import UnavailableError, cache, environment_of, python_of, version_of

from reactor_zmq.benchmark.bench import carry_out
from reactor_zmq.benchmark.hosts import ProducerHost
from reactor_zmq.benchmark.page import page
from reactor_zmq.benchmark.plan import make_plan
from reactor_zmq.benchmark.results import save
from reactor_zmq.benchmark.table import plain, tables
from reactor_zmq.benchmark.ways import FRAME_WAYS, FrameWay
from reactor_zmq.benchmark.wish import FULL, Wish

TITLE = "reactor-zmq beside other systems"
# What a system is held against: what it could do at best, given how its bytes travel.
_BOUND = {"iceoryx2": "bare-shm", "zenoh-shm": "bare-shm"}


def ways_of(peer: Peer, python: str) -> list[FrameWay]:
    """Return a system's ways."""
    env = tuple(sorted(environment_of(peer).items()))
    return [
        FrameWay(
            name, f"{peer.name} {name.partition('-')[2]}".strip(),
            ProducerHost(f"{peer.module}:Producer", tuple(arguments.items()), python, env),
            f"{peer.module}:Reader", ceiling=_BOUND.get(name, "bare-tcp"), kind="peer",
            lends=lends, python=python, env=env, afresh=peer.afresh,
        )
        for name, arguments, lends in peer.ways
    ]  # fmt: skip


def wish_of(options: argparse.Namespace, ways: list[FrameWay]) -> Wish:
    """Return what is to be measured."""
    names = ["lane", "tcp", *(way.name for way in ways)]
    return replace(
        FULL, parts=options.only.split(","), sizes=options.sizes.split(","),
        paced_sizes=options.paced_sizes.split(","), ways=names, rounds=options.rounds,
        seconds=options.seconds,
    )  # fmt: skip


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", default=",".join(peer.name for peer in PEERS))
    parser.add_argument("--only", default="frames,latency", help="frames, latency")
    parser.add_argument("--sizes", default="320x240,640x480,1280x720,1920x1080,3840x2160")
    parser.add_argument("--paced-sizes", default="640x480,1920x1080")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--out", default=".")
    parser.add_argument("--cache", default=str(cache()), help="where environments are kept")
    parser.add_argument("--no-install", action="store_true")
    options = parser.parse_args()
    found: list[FrameWay] = []
    notes: list[str] = []
    for peer in PEERS:
        if peer.name not in options.peers.split(","):
            continue
        try:
            python = python_of(peer, Path(options.cache), install=not options.no_install)
        except UnavailableError as error:
            notes.append(f"{peer.name}: not measured: {error}.")
            continue
        notes.append(f"{peer.name} {version_of(peer, python)}: {peer.settings}.")
        found += ways_of(peer, python)
    plan = make_plan(wish_of(options, found), (*FRAME_WAYS, *found), ())
    results = carry_out(plan, sys.stderr, "python bench/peers/run.py", TITLE)
    results.notes = [*results.notes, *notes]
    for table in tables(results):
        print("\n".join(plain(table)))
    print("\n".join(("", *results.notes)))
    save(results, Path(options.out) / "peers.json")
    (Path(options.out) / "peers.html").write_text(page(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
