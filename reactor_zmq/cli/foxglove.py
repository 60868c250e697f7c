"""``reactor-zmq foxglove``: the bridge, open to Foxglove's app, with the address to give it."""

from __future__ import annotations

import argparse

import msgspec

from reactor_zmq.cli.bridge import bridge_config, check_installed, shown_host

# What Foxglove's page, and viewers that are installed as programs, call themselves.
ORIGINS = ("https://app.foxglove.dev", "file://")


def main(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C.

    Raises:
        ConfigError: The operator has to change something.
        BridgeError: There is no such run.
    """
    check_installed()
    from reactor_zmq_bridge.server import Serving, run  # noqa: PLC0415 - an extra

    found = bridge_config(options)
    config = msgspec.structs.replace(found, origins=(*found.origins, *ORIGINS))

    def announce(serving: Serving) -> None:
        token = serving.bridge.door.found().token_for(options.scope)
        print(address(options.host, serving.port, token), flush=True)

    return run(config, announce)


def address(host: str, port: int, token: str) -> str:
    """Return what is typed into Foxglove under "Foxglove WebSocket"."""
    return f"ws://{shown_host(host)}:{port}/foxglove?token={token}"
