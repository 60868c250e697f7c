"""``reactor-zmq init``: a small model to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from reactor_zmq.cli.scaffold import FILES
from reactor_zmq.errors import ConfigError


def main(options: argparse.Namespace) -> int:
    """Write the files into a new or empty folder and say what to do next."""
    folder = Path(options.folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is there already and is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    name = run_name(folder)
    for file, text in FILES.items():
        (folder / file).write_text(text.replace("@NAME@", name))
        print(folder / file)
    print(f"\nreactor-zmq run {folder}\nreactor-zmq watch {name}\npytest {folder}")
    return 0


def run_name(folder: Path) -> str:
    """Return the folder's name as a run may be called."""
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in folder.resolve().name)
    return name.strip("-") or "model"
