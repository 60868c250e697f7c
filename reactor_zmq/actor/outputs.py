"""One Output as single frames: checked, batches split, audio divided, metadata packed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reactor_zmq.memory.arrays import (
    AnyArray,
    HostArray,
    check_audio,
    check_video,
    is_batch,
)
from reactor_zmq.memory.loan import Loan
from reactor_zmq.model.spec import TrackSpec
from reactor_zmq.model.tracks import TrackPayload, split_metadata


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame of one track.

    Attributes:
        data: ``(height, width, channels) uint8`` or ``(channels, samples) int16``, or a loan that
            holds it.
        metadata: The author's bytes.
    """

    data: AnyArray | Loan
    metadata: bytes = b""


Pieces = tuple[Piece | None, ...]


def split(values: Mapping[str, Any], tracks: Sequence[TrackSpec]) -> dict[str, Pieces]:
    """Return each track's frames; every track has as many, None where audio had no sample left.

    A video frame beside a batch on another track is shown with each frame of the batch.

    Args:
        values: What the author yielded, by track.
        tracks: The model's output tracks.

    Raises:
        TypeError: Not an array, or of the wrong sample type.
        ValueError: A wrong shape, batches of different sizes, or metadata that does not fit.
    """
    checked = {track.name: _checked(track, values[track.name]) for track in tracks}
    frames = _batch_size(checked)
    return {t.name: _pieces(t, values[t.name], checked[t.name], frames) for t in tracks}


def _checked(track: TrackSpec, value: Any) -> AnyArray | Loan:
    data = value.data if isinstance(value, TrackPayload) else value
    check = check_audio if track.kind == "audio" else check_video
    if not isinstance(data, Loan):
        return check(track.name, data)
    # A loan goes out without a copy only while nothing else refers to its array.
    array = check(track.name, data.array)
    return data if array.shape == data.shape and not is_batch(array) else array


def _batch_size(checked: Mapping[str, AnyArray | Loan]) -> int:
    sizes = {n: a.shape[0] for n, a in checked.items() if not isinstance(a, Loan) and is_batch(a)}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name!r} has {size}" for name, size in sizes.items())
        raise ValueError(f"the batches of one output differ in size: {told}")
    return next(iter(sizes.values()), 1)


def _pieces(track: TrackSpec, value: Any, data: AnyArray | Loan, frames: int) -> Pieces:
    _, notes = split_metadata(value, track, frames)
    if isinstance(data, Loan):
        data = data if frames == 1 else data.array
    if track.kind == "audio" and frames > 1:
        if not isinstance(data, np.ndarray):
            raise TypeError(f"track {track.name!r}: audio beside a batch has to be in host memory")
        return tuple(Piece(run) if run.shape[1] else None for run in divide_audio(data, frames))
    if not isinstance(data, Loan) and is_batch(data):
        return tuple(Piece(data[i], note) for i, note in enumerate(notes))
    return tuple(Piece(data, note) for note in notes)


def divide_audio(audio: HostArray, parts: int) -> list[HostArray]:
    """Divide ``(channels, samples)`` into runs whose lengths differ by at most one sample.

    The longer ones come first: 10 samples over 3 frames are 4, 3, 3.
    """
    share, extra = divmod(audio.shape[1], parts)
    lengths = [share + (i < extra) for i in range(parts)]
    starts = [sum(lengths[:i]) for i in range(parts)]
    return [audio[:, start : start + n] for start, n in zip(starts, lengths, strict=True)]
