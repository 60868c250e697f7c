"""``reactor-zmq send``: one event, its reply as a line of JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from reactor_zmq.cli.options import typed
from reactor_zmq.client import Client, connect
from reactor_zmq.errors import ConfigError

_FILE = "@"


def main(options: argparse.Namespace) -> int:
    """Send the event and print what answers it."""
    pairs = [split(word) for word in options.data]
    with connect(
        options.name,
        token=options.token,
        name="reactor-zmq send",
        server_key=options.server_key,
        key=options.key,
    ) as client:
        data = {key: value_of(text, client) for key, text in pairs}
        reply = client.send(options.type, **data)
    print(msgspec.json.encode({"type": reply.type, "data": reply.data}).decode())
    return 0


def split(word: str) -> tuple[str, str]:
    """Return key and value of ``key=value``.

    Raises:
        ConfigError: It has no ``=``, or names a file that is not there.
    """
    key, equals, text = word.partition("=")
    if not (key and equals):
        raise ConfigError(f"{word!r} is no KEY=VALUE")
    if is_file(text) and not Path(text[1:]).is_file():
        raise ConfigError(
            f"{word}: there is no file {text[1:]!r}; a text that begins with @ is @@…"
        )
    return key, text


def value_of(text: str, client: Client) -> Any:
    """Return a typed value; ``@path`` uploads the file and gives its reference."""
    if is_file(text):
        return client.upload(Path(text[1:]))
    return text[1:] if text.startswith(_FILE) else typed(text)


def is_file(text: str) -> bool:
    """Whether a value names a file: ``@path``, not ``@@text``."""
    return text.startswith(_FILE) and not text.startswith(_FILE * 2)
