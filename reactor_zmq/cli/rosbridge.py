"""``reactor-zmq rosbridge``: take a run to a robot's own rosbridge server."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reactor_zmq.cli.bridge import check_installed
from reactor_zmq.errors import ConfigError
from reactor_zmq.logs import set_up_logging

if TYPE_CHECKING:
    from reactor_zmq_bridge.rosbridge.dialer import Journey


def main(options: argparse.Namespace) -> int:
    """Run until Ctrl-C.

    Raises:
        ConfigError: The operator has to change something.
    """
    check_installed()
    from reactor_zmq_bridge.rosbridge.dialer import Journey  # noqa: PLC0415 - an extra
    from reactor_zmq_bridge.rosbridge.guest import Manners  # noqa: PLC0415 - an extra
    from reactor_zmq_ros2.names import ros_name  # noqa: PLC0415 - not before it is needed

    set_up_logging(options.log_format, verbose=options.verbose)
    journey = Journey(
        target=options.name,
        url=_checked(options.to),
        node=options.node or ros_name(Path(options.name).name.removesuffix(".json")),
        bearer=_bearer(options.bearer_file),
        proof={"token": options.token, "server_key": options.server_key, "key": options.key},
        manners=Manners(
            images=options.images,
            ros1=options.ros1,
            remap=dict(_rule(text) for text in options.remap),
            twist_map=tuple(options.twist),
            joy_map=tuple(options.joy),
        ),
        most_hz=options.most_hz,
    )
    return asyncio.run(_until_stopped(journey))


async def _until_stopped(journey: Journey) -> int:
    from reactor_zmq_bridge.rosbridge.dialer import Dialer  # noqa: PLC0415 - an extra

    work = asyncio.create_task(Dialer(journey).run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return 0
    return 1


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ConfigError(f"--to {url}: write ws://robot:9090 or wss://robot/path")
    return url


def _rule(text: str) -> tuple[str, str]:
    ours, found, theirs = text.partition(":=")
    if not (found and ours and theirs):
        raise ConfigError(f"--remap {text}: write ~/camera/image_raw:=/front/image")
    return ours, theirs


def _bearer(path: str) -> str:
    try:
        return Path(path).read_text().strip() if path else ""
    except OSError as error:
        raise ConfigError(f"--bearer-file {path}: {error.strerror}") from error
