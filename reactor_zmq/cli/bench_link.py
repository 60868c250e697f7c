"""``reactor-zmq bench serve`` and ``bench connect``: the two ends of a link."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import threading
from pathlib import Path

import reactor_zmq
from reactor_zmq.benchmark.hosts import make_keys
from reactor_zmq.benchmark.link import LinkWish, measure_link
from reactor_zmq.benchmark.table import plain, tables
from reactor_zmq.benchmark.wish import PACE_HZ
from reactor_zmq.cli.bench_files import write
from reactor_zmq.errors import ConfigError
from reactor_zmq.testing.running import running

_READY_S = 20.0


def serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C, or for as long as was asked; sockets always speak CURVE.

    Raises:
        ConfigError: It can't be bound there.
    """
    try:
        return _serve(options)
    except RuntimeError as error:
        # What the run said last is what has to be changed.
        raise ConfigError(str(error).splitlines()[-1].removeprefix("reactor-zmq: ")) from error


def _serve(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="rzb-") as folder:
        keys = Path(folder) / "keys"
        token = make_keys(keys)
        words = [
            f"--events=tcp://{options.host}:{options.port}",
            f"--frames=tcp://{options.host}:{options.port + 1}",
            f"--keys={keys}",
            "--connection-file", f"{folder}/run.json",
        ]  # fmt: skip
        with running("reactor_zmq.benchmark.models:ByEvent", *words, name=Path(folder).name) as run:
            found = run.connection
            command = (
                "reactor-zmq", "bench", "connect", found.events, "--token", token,
                "--server-key", found.server_key,
            )  # fmt: skip
            print(f"On the other machine:\n\n  {shlex.join(command)}\n", flush=True)
            threading.Event().wait(options.lasting_s)
    return 0


def connect(options: argparse.Namespace) -> int:
    """Measure the link and write both files.

    Raises:
        ReactorError: Nobody answers there, or token or key are not good.
    """
    with reactor_zmq.connect(
        options.endpoint, token=options.token, server_key=options.server_key
    ) as client:
        client.wait_ready(_READY_S)
        wish = LinkWish(
            options.endpoint, options.link_sizes, options.link_rounds, options.run_s, PACE_HZ
        )
        results = measure_link(client, wish, lambda line: print(line, file=sys.stderr))
    for table in tables(results):
        print("\n".join(plain(table)))
    print("\n".join(("", *results.notes)))
    print(write(results, Path(options.link_out)))
    return 0
