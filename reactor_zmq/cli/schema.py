"""``reactor-zmq schema``: a model's OpenAPI document, without running it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from reactor_zmq.actor.failure import author_traceback
from reactor_zmq.actor.loader import find_target
from reactor_zmq.actor.loading import read_spec
from reactor_zmq.cli.target import check_target
from reactor_zmq.errors import LoadError
from reactor_zmq.wire.openapi import openapi


def main(options: argparse.Namespace) -> int:
    """Import the model's class, but load nothing, and print or write its document."""
    check_target(options.target)
    try:
        found = find_target(options.target)
        document = openapi(read_spec(found.cls, found.title).contract)
    except LoadError as error:
        # The author wants to know where; everybody else reads the line that follows.
        sys.stderr.write(author_traceback(error.__cause__))
        raise
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    if options.out:
        Path(options.out).write_text(f"{text}\n")
    else:
        print(text)
    return 0
