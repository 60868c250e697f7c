"""``reactor-zmq export``: a film of a recording."""

from __future__ import annotations

import argparse
from pathlib import Path

from reactor_zmq.cli.recording import part


def main(options: argparse.Namespace) -> int:
    """Write an MP4 beside the recording, or where it is told to."""
    recording = Path(options.file)
    out = Path(options.mp4 or recording.with_suffix(".mp4"))
    frames = part("export").export_mp4(recording, out, options.track)
    print(f"{out}: {frames} frames")
    return 0
