"""A frame as coloured characters: two pixels in each cell, one above the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

UPPER_HALF = "▀"
_RGB, _VIDEO_NDIM = 3, 3


def as_rgb(frame: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Return a video frame as ``(height, width, 3) uint8``, None when it is no picture.

    Args:
        frame: ``(height, width, channels)`` of any dtype; grey, RGB, or RGB with more channels.
            Floats count from 0 to 1, 16 bit integers from 0 to 65535.
    """
    if frame.ndim != _VIDEO_NDIM or 0 in frame.shape:
        return None
    picture = frame[..., :_RGB] if frame.shape[2] >= _RGB else frame[..., :1]
    if picture.dtype == np.uint16:
        picture = picture >> 8
    elif picture.dtype.kind == "f":
        picture = np.clip(picture, 0, 1) * 255
    elif picture.dtype == bool:
        picture = picture * 255
    return np.broadcast_to(picture.astype(np.uint8), (*frame.shape[:2], _RGB))


def fit(shape: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """Return height and width in pixels that fill the cells and keep the picture's proportions.

    A cell is one pixel wide and two high; cells are taken to be twice as high as wide. The
    height is even, so that every cell has both its halves.
    """
    height, width = shape
    scale = min(columns / width, 2 * rows / height)
    fitted = max(2, round(height * scale / 2) * 2)
    return min(fitted, 2 * rows), max(1, min(columns, round(width * scale)))


def resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the picture at another size: means of areas when smaller, nearest when larger."""
    return _along(_along(picture, 0, height), 1, width)


def _along(picture: NDArray[np.uint8], axis: int, size: int) -> NDArray[np.uint8]:
    starts = np.arange(size) * picture.shape[axis] // size
    if size >= picture.shape[axis]:
        return np.take(picture, starts, axis=axis)
    sums = np.add.reduceat(picture, starts, axis=axis, dtype=np.uint32)
    counts = np.diff(np.append(starts, picture.shape[axis]))
    shape = [1, 1, 1]
    shape[axis] = size
    return (sums // counts.reshape(shape).astype(np.uint32)).astype(np.uint8)


def cells(frame: NDArray[Any], columns: int, rows: int) -> NDArray[np.uint8] | None:
    """Return ``(rows, columns, 2, 3) uint8``: for each cell the upper and the lower colour.

    None when the frame is no picture or there is no room.
    """
    picture = as_rgb(frame)
    if picture is None or columns < 1 or rows < 1:
        return None
    height, width = fit((picture.shape[0], picture.shape[1]), columns, rows)
    small = resized(picture, height, width)
    return small.reshape(height // 2, 2, width, _RGB).transpose(0, 2, 1, 3)
