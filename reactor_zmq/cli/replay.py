"""``reactor-zmq replay``: a recording's inputs, given to a run again."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

import msgspec

from reactor_zmq.cli.recording import part, stopped_by_signals
from reactor_zmq.client import connect


def main(options: argparse.Namespace) -> int:
    """Play it to its end; exit code 1 when the model refused an event."""
    replay = part("replay")
    stopped = threading.Event()
    speed = None if options.fast else options.speed
    with connect(options.name or None, token=options.token, name="reactor-zmq replay") as client:
        client.wait_ready()
        work = replay.Replay(client, Path(options.file), speed)
        with stopped_by_signals(stopped.set):
            done = work.run(stopped.is_set)
    for refusal in done.refusals:
        print(refusal, file=sys.stderr)
    print(msgspec.json.encode(done).decode())
    return 1 if done.refused else 0
