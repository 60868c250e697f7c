"""``reactor-zmq bridge``: show a run in browsers."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reactor_zmq.errors import ConfigError
from reactor_zmq.logs import set_up_logging

if TYPE_CHECKING:
    from reactor_zmq_bridge.config import BridgeConfig

_NEEDED = ("aiohttp", "simplejpeg")


def main(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C.

    Raises:
        ConfigError: The operator has to change something.
    """
    check_installed()
    from reactor_zmq_bridge.server import Serving, run  # noqa: PLC0415 - an extra

    def announce(serving: Serving) -> None:
        token = serving.bridge.door.found().token if serving.bridge.door.reachable() else ""
        print(page_url(options.host, serving.port, token), flush=True)

    return run(bridge_config(options), announce)


def bridge_config(options: argparse.Namespace) -> BridgeConfig:
    """Set up the log, and return what a bridge is told."""
    from reactor_zmq_bridge.config import BridgeConfig, BridgeLimits  # noqa: PLC0415 - an extra

    set_up_logging(options.log_format, verbose=options.verbose)
    return BridgeConfig(
        target=options.name,
        host=options.host,
        port=options.port,
        listen_fd=options.listen_fd,
        origins=tuple(options.origin),
        hosts=tuple(options.allow_host),
        expose=options.expose,
        recordings=recordings_folder(options.recordings),
        limits=BridgeLimits(
            sessions=options.sessions, sessions_per_address=options.sessions_per_address
        ),
    )


def recordings_folder(given: str) -> str:
    """Return the folder into which browsers may record, as it is found from anywhere.

    Raises:
        ConfigError: It is none that can be written, or what a recording needs is not installed.
    """
    if not given:
        return ""
    folder = Path(given).resolve()
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise ConfigError(f"--recordings: {given} is no folder that can be written")
    if find_spec("mcap") is None:
        raise ConfigError("--recordings needs mcap: pip install 'reactor-zmq[recording]'")
    return str(folder)


def page_url(host: str, port: int, token: str) -> str:
    """Return the address of the page; the fragment with the token is never sent over a network."""
    return f"http://{shown_host(host)}:{port}/#token={token}"


def shown_host(host: str) -> str:
    """Return the address to listen on as addresses are written."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared with
    return f"[{name}]" if ":" in name else name


def check_installed() -> None:
    """Look whether the extra is installed, without importing it.

    Raises:
        ConfigError: It is not; the text names the command that installs it.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        what = " and ".join(missing)
        raise ConfigError(f"the bridge needs {what}: pip install 'reactor-zmq[bridge]'")
