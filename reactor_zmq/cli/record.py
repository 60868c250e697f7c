"""``reactor-zmq record``: a run, into one file; and broken files, mended."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from reactor_zmq.cli.recording import part, stopped_by_signals
from reactor_zmq.client import connect
from reactor_zmq.errors import ConfigError


def main(options: argparse.Namespace) -> int:
    """Record until Ctrl-C, for so many seconds, or until the run ends."""
    if options.repair:
        return _repair(Path(options.repair))
    if not options.out:
        raise ConfigError("say where to: --out run.mcap")
    recorder = part("recorder")
    target = options.name or None
    client = connect(
        target, token=options.token, name="reactor-zmq record", scope="steer", follow_events=True
    )
    with client:
        client.wait_ready()
        work = recorder.Recorder(
            client,
            Path(options.out),
            codec=options.codec,
            inputs=not options.no_inputs,
            uploads_nbytes=max(options.uploads, 0) * 10**6,
        )
        show = _json if options.json else _line
        with stopped_by_signals(work.stop):
            done = work.run(options.seconds, show)
    show(done)
    if not options.json:
        print(f"{options.out}: {done.messages} messages, {done.frames} frames of them")
    return 0


def _repair(path: Path) -> int:
    found = part("seal").seal(path)
    if found.was_whole:
        print(f"{path} is whole: {found.messages} messages")
        return 0
    lost = f"{found.rotten} rotten chunks skipped, {found.cut_nbytes} bytes cut off at the end"
    print(f"{path}: {found.messages} messages kept, {lost}")
    return 0


def _line(now: Any) -> None:
    text = (
        f"{now.elapsed_s:6.1f} s  {now.messages} messages  {now.frames} frames  {now.gaps} gaps  "
        f"{now.dropped} dropped  {now.nbytes / 1e6:.1f} MB  {now.free_nbytes / 1e9:.1f} GB left"
    )
    print(text, file=sys.stderr, flush=True)


def _json(now: Any) -> None:
    print(msgspec.json.encode(now).decode(), flush=True)
