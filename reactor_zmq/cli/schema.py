"""``reactor-zmq schema``: a model's OpenAPI document, without running it."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from reactor_zmq.actor.loader import find_target
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.wire.openapi import openapi


def main(options: argparse.Namespace) -> int:
    """Import the model's class, but load nothing, and print or write its document."""
    found = find_target(options.target)
    document = openapi(ModelSpec.of(found.cls, found.title).contract)
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    if options.out:
        Path(options.out).write_text(f"{text}\n")
    else:
        print(text)
    return 0
