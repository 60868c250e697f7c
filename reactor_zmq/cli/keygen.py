"""``reactor-zmq keygen``: a CURVE key pair in two files."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from reactor_zmq.errors import ConfigError
from reactor_zmq.sockets.keys import make_key_pair


def main(options: argparse.Namespace) -> int:
    """Write BASE.public and BASE.secret, neither over an old file."""
    pair = make_key_pair()
    files = {
        Path(f"{options.base}.public"): pair.public,
        Path(f"{options.base}.secret"): pair.secret,
    }
    for path in files:
        if path.exists():
            raise ConfigError(f"{path} exists: keys are never written over")
    for path, key in files.items():
        write_private(path, f"{key}\n")
        print(path)
    return 0


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read.

    Raises:
        FileExistsError: There is one of that name.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
