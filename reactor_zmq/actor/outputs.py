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
    check_tensor,
    check_video,
)
from reactor_zmq.memory.loan import Loan
from reactor_zmq.model.spec import TrackSpec
from reactor_zmq.model.tracks import TrackPayload, split_metadata
from reactor_zmq.wire.contract import TensorContract

_VIDEO_NDIM = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame of one track.

    Attributes:
        data: ``(height, width, channels) uint8``, ``(channels, samples) int16``, what a numeric
            track declares, or a loan that holds it.
        metadata: The author's bytes.
    """

    data: AnyArray | Loan
    metadata: bytes = b""


Pieces = tuple[Piece | None, ...]


def split(values: Mapping[str, Any], tracks: Sequence[TrackSpec]) -> dict[str, Pieces]:
    """Return each track's frames; every track has as many, None where audio had no sample left.

    A frame beside a batch on another track is shown with each frame of the batch.

    Args:
        values: What the author yielded, by track.
        tracks: The model's output tracks.

    Raises:
        TypeError: Not an array, or of the wrong sample type.
        ValueError: A wrong shape, batches of different sizes, or metadata that does not fit.
    """
    checked = {track.name: _checked(track, values[track.name]) for track in tracks}
    frames = _batch_size({t.name: n for t in tracks if (n := batch_size(t, checked[t.name]))})
    return {t.name: _pieces(t, values[t.name], checked[t.name], frames) for t in tracks}


def _checked(track: TrackSpec, value: Any) -> AnyArray | Loan:
    data = value.data if isinstance(value, TrackPayload) else value
    if not isinstance(data, Loan):
        return check_payload(track, data)
    # A loan goes out without a copy only while nothing else refers to its array.
    array = check_payload(track, data.array)
    return data if array.shape == data.shape and not batch_size(track, array) else array


def check_payload(track: TrackSpec, value: Any) -> AnyArray:
    """Return what an author gave as an array of the track's kind: one frame, or a batch.

    Raises:
        TypeError: Not an array, or of the wrong sample type.
        ValueError: A wrong shape.
    """
    match track.kind:
        case "video":
            return check_video(track.name, value)
        case "audio":
            return check_audio(track.name, value)
        case "tensor":
            tensor = track.tensor or TensorContract("<f4")
            return check_tensor(track.name, value, tensor.dtype, tensor.shape)


def batch_size(track: TrackSpec, payload: AnyArray | Loan) -> int:
    """Return how many frames a checked payload is a batch of; 0 when it is no batch."""
    if isinstance(payload, Loan) or track.kind == "audio":
        return 0
    if track.kind == "video":
        ndim = _VIDEO_NDIM
    elif track.tensor is None or track.tensor.shape is None:
        return 0
    else:
        ndim = len(track.tensor.shape)
    return payload.shape[0] if payload.ndim > ndim else 0


def _batch_size(sizes: Mapping[str, int]) -> int:
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
    if not isinstance(data, Loan) and batch_size(track, data):
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
