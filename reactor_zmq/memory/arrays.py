"""Whatever a model makes, as one of two things: a numpy array, or an array on a GPU."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory.device import DeviceArray

HostArray: TypeAlias = NDArray[Any]
AnyArray: TypeAlias = HostArray | DeviceArray

_VIDEO = "(height, width, channels) uint8"
_AUDIO = "(channels, samples) int16"
_MAX_CHANNELS = 4
_VIDEO_NDIM = 3


def as_array(value: object, track: str) -> AnyArray:
    """Return what an author yielded as an array; nothing is copied.

    Raises:
        TypeError: It is nothing like an array.
    """
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__array_interface__") or hasattr(value, "__array__"):
        return np.asarray(value)
    try:
        return np.asarray(memoryview(value))  # type: ignore[arg-type]
    except TypeError:
        text = f"track {track!r}: expected an array, got {type(value).__qualname__}"
        raise TypeError(text) from None


def check_video(track: str, array: AnyArray) -> AnyArray:
    """Return a video frame as (height, width, channels), a batch as (n, height, width, channels).

    Raises:
        TypeError: The samples are not uint8.
        ValueError: The shape is no picture's.
    """
    if array.dtype != np.uint8:
        raise TypeError(f"track {track!r}: expected {_VIDEO}, got {_told(array)}")
    if array.ndim == _VIDEO_NDIM - 1:
        array = array[:, :, None] if isinstance(array, np.ndarray) else array.with_last_axis()
    if (
        array.ndim not in (_VIDEO_NDIM, _VIDEO_NDIM + 1)
        or not 1 <= array.shape[-1] <= _MAX_CHANNELS
    ):
        raise ValueError(f"track {track!r}: expected {_VIDEO}, got {_told(array)}")
    return array


def check_audio(track: str, array: AnyArray) -> AnyArray:
    """Return a block of audio as (channels, samples).

    Raises:
        TypeError: The samples are not int16.
        ValueError: The shape is no block's.
    """
    if array.dtype != np.int16:
        raise TypeError(f"track {track!r}: expected {_AUDIO}, got {_told(array)}")
    if array.ndim != 2:
        raise ValueError(f"track {track!r}: expected {_AUDIO}, got {_told(array)}")
    return array


def is_batch(video: AnyArray) -> bool:
    """Return whether a checked video array holds several frames."""
    return video.ndim == _VIDEO_NDIM + 1


def _told(array: AnyArray) -> str:
    return f"{array.shape} {array.dtype}"
