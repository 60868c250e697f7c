"""A film of one video track of a recording: H.264 in MP4, each frame at its own time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from reactor_zmq.errors import ConfigError
from reactor_zmq_recording.pictures import Picture, PictureDecoder, optional
from reactor_zmq_recording.reading import read_recording

_TICK_NS = 1_000_000  # MP4's clock here: milliseconds


def export_mp4(recording: Path, out: Path, track: str = "") -> int:
    """Write a film and return how many frames it has.

    Args:
        recording: May be one that was never ended.
        out: Replaced if it is there.
        track: The first video track if it is not given.

    Raises:
        ConfigError: There is no such video track, or av is not installed.
        NotARecordingError: It is no recording.
    """
    av = optional("av", "h264")
    frames = _pictures(recording, track)
    first = next(frames, None)
    if first is None:
        raise ConfigError(f"{recording} has no pictures of {track or 'any video track'}")
    height, width = (size // 2 * 2 for size in first[1].shape[:2])
    count, begin_ns, last = 0, first[0], -1
    with av.open(str(out), "w", format="mp4") as film:
        stream: Any = film.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(_TICK_NS, 10**9)
        stream.options = {"preset": "veryfast", "crf": "18"}
        for at_ns, picture in _chain(first, frames):
            frame = av.VideoFrame.from_ndarray(_rgb(picture)[:height, :width].copy())
            last = frame.pts = max(last + 1, (at_ns - begin_ns) // _TICK_NS)
            frame.time_base = Fraction(_TICK_NS, 10**9)
            film.mux(stream.encode(frame))
            count += 1
        film.mux(stream.encode(None))
    return count


def _pictures(recording: Path, track: str) -> Iterator[tuple[int, Picture]]:
    decoder: PictureDecoder | None = None
    for found in read_recording(recording):
        notes = found.plan.notes
        if notes.get("kind") != "video" or notes["track"] != (track or notes["track"]):
            continue
        track = notes["track"]
        decoder = decoder or PictureDecoder(found.plan.message_type)
        for picture in decoder.decode(found.values):
            yield found.publish_ns, picture


def _chain(
    first: tuple[int, Picture], rest: Iterator[tuple[int, Picture]]
) -> Iterator[tuple[int, Picture]]:
    yield first
    yield from rest


def _rgb(picture: Picture) -> Picture:
    return np.repeat(picture[..., :1], 3, 2) if picture.shape[2] < 3 else picture[..., :3]  # noqa: PLR2004
