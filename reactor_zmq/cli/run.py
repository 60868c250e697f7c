"""``reactor-zmq run``: serve a model until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from reactor_zmq.cli.bridge_keeper import BridgeKeeper
from reactor_zmq.cli.progress import new_load_display
from reactor_zmq.cli.report import RunReport
from reactor_zmq.cli.target import check_target, default_name, manifest_of
from reactor_zmq.config import ServerConfig, Supervision, notify_config
from reactor_zmq.errors import ConfigError
from reactor_zmq.logs import set_up_logging
from reactor_zmq.runtime.observer import Bound, Observer, RunEvent
from reactor_zmq.runtime.server import Server


def main(options: argparse.Namespace) -> int:
    """Serve; SIGINT and SIGTERM end it with 0, a model whose code can't load with 1.

    With ``--exit-on-failure`` an actor that is given up ends it with 3.

    Raises:
        ConfigError: The operator has to change something.
    """
    check_target(options.target)
    set_up_logging(options.log_format, verbose=options.verbose)
    config = server_config(options)
    manifest = manifest_of(options.target)
    fancy = options.log_format == "text" and sys.stderr.isatty()
    with ExitStack() as stack:
        display = stack.enter_context(new_load_display(fancy=fancy))
        report = RunReport(config.name, display)
        observe = report if options.bridge is None else _bridged(stack, options.bridge, report)
        code = Server(config, observe, manifest.preload if manifest else ()).run()
    if report.misled:
        raise ConfigError(report.misled)
    return code


def _bridged(stack: ExitStack, port: int, report: RunReport) -> Observer:
    """Return an observer that starts a bridge when the run is bound; the stack ends it."""
    keeper = stack.enter_context(BridgeKeeper(port))

    def observe(step: RunEvent) -> None:
        report(step)
        if isinstance(step, Bound):
            keeper.start(step.connection_file)
            # Not logged: whoever has this address can steer.
            print(f"open {keeper.url(step.connection_file)}", flush=True)

    return observe


def server_config(options: argparse.Namespace) -> ServerConfig:
    """Return what the options ask for."""
    return ServerConfig(
        target=options.target,
        name=options.name or default_name(options.target),
        events=options.events,
        frames=options.frames,
        connection_file=options.connection_file,
        keys=options.keys,
        insecure=options.insecure,
        overrides=options.overrides,
        log_format=options.log_format,
        verbose=options.verbose,
        resume_s=options.resume_s,
        supervision=Supervision(
            hang_s=options.hang_s,
            load_timeout_s=options.load_timeout_s,
            max_restarts=options.max_restarts,
            stop_grace_s=options.stop_grace_s,
        ),
        health_port=options.health_port,
        exit_on_failure=options.exit_on_failure,
        notify=notify_config(),
    )
