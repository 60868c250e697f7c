"""``reactor-zmq run``: serve a model until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reactor_zmq.cli.logs import set_up_logging
from reactor_zmq.cli.progress import new_load_display
from reactor_zmq.cli.report import RunReport
from reactor_zmq.config import ServerConfig, Supervision
from reactor_zmq.model.messages import snake_case
from reactor_zmq.runtime.server import serve


def main(options: argparse.Namespace) -> int:
    """Serve; SIGINT and SIGTERM end it with 0, a model that can't load with 1."""
    set_up_logging(options.log_format, verbose=options.verbose)
    config = server_config(options)
    fancy = options.log_format == "text" and sys.stderr.isatty()
    with new_load_display(fancy=fancy) as display:
        return serve(config, RunReport(config.name, display))


def server_config(options: argparse.Namespace) -> ServerConfig:
    """Return what the options ask for."""
    return ServerConfig(
        target=options.target,
        name=options.name or default_name(options.target),
        events=options.events,
        frames=options.frames,
        connection_file=options.connection_file,
        overrides=options.overrides,
        log_format=options.log_format,
        resume_s=options.resume_s,
        supervision=Supervision(
            hang_s=options.hang_s,
            load_timeout_s=options.load_timeout_s,
            max_restarts=options.max_restarts,
        ),
    )


def default_name(target: str) -> str:
    """Return a run's name where none was given: the class's in snake case, or the folder's."""
    path, _, name = target.rpartition(":")
    if path and name.isidentifier():
        return snake_case(name)
    folder = Path(target).resolve().name
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in folder).lstrip(".") or "model"
