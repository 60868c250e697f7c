"""What it takes to make a picture of samples: checked, and told in the terms of the kernel."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

Layout = Literal["hwc", "chw"]

KINDS = ("uint8", "float16", "bfloat16", "float32", "float64")
_MAX_CHANNELS = 4
_FLOAT32 = np.finfo(np.float32)
_FRAME_NDIM, _BATCH_NDIM = 3, 4
# Ways from so many channels to so many others: grey, colour, colour with alpha.
_MIXES = {(1, 3), (1, 4), (3, 1), (3, 4), (4, 1), (4, 3)}


@dataclass(frozen=True, slots=True)
class Wish:
    """What kind of picture is asked for; ``memory.to_video.to_video`` tells of each."""

    value_range: tuple[float, float] = (0.0, 1.0)
    layout: Layout = "hwc"
    channels: int | None = None
    size: tuple[int, int] | None = None

    def options(self) -> dict[str, Any]:
        """Return it as keywords."""
        return asdict(self)


class PlanStruct(ctypes.Structure):
    """``Plan`` as the kernel takes it."""

    _fields_ = (
        *((f"stride_{axis}", ctypes.c_longlong) for axis in ("frame", "y", "x", "channel")),
        *((name, ctypes.c_int) for name in ("frames", "height", "width", "channels")),
        *((name, ctypes.c_int) for name in ("out_height", "out_width", "out_channels", "kind")),
        *((name, ctypes.c_float) for name in ("low", "scale", "ratio_y", "ratio_x")),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from samples to pictures.

    Attributes:
        axes: Which of the array's axes are frame, row, column and channel; None for one that it
            has not.
        source: (frames, height, width, channels) of the samples.
        target: The same of the pictures.
        shape: Of the result as the author sees it: without a frame axis for a single frame.
        kind: Place of the dtype in ``KINDS``.
        low: What becomes 0.
        scale: Float32 factor of what is above it.
        ratio: Source rows per row, source columns per column; float32.
    """

    axes: tuple[int | None, ...]
    source: tuple[int, ...]
    target: tuple[int, ...]
    shape: tuple[int, ...]
    kind: int
    low: np.float32
    scale: np.float32
    ratio: tuple[np.float32, np.float32]

    @property
    def nbytes(self) -> int:
        """Size of the result."""
        return math.prod(self.target)

    @property
    def resized(self) -> bool:
        """Whether pixels have to be interpolated."""
        return self.source[1:3] != self.target[1:3]

    def struct(self, strides: Sequence[int]) -> PlanStruct:
        """Return the kernel's argument for an array with these strides, in samples."""
        steps = (0 if axis is None else strides[axis] for axis in self.axes)
        return PlanStruct(
            *steps, *self.source, *self.target[1:], self.kind, self.low, self.scale, *self.ratio
        )


def plan_picture(track: str, told: str, shape: Sequence[int], dtype: str, wish: Wish) -> Plan:
    """Return the way from an array to pictures.

    Args:
        track: For errors.
        told: What came, for errors.
        shape: Of the array.
        dtype: Its numpy name, or ``bfloat16``.
        wish: What is asked for.

    Raises:
        TypeError: Samples of another dtype.
        ValueError: A shape that is no picture's, or a wish that can't be granted.
    """
    if dtype not in KINDS:
        text = f"track {track!r}: expected uint8 or floats, got {told}; cast it to uint8 first"
        raise TypeError(text)
    axes = _axes(track, told, shape, wish.layout)
    source = tuple(1 if axis is None else shape[axis] for axis in axes)
    target = (source[0], *_size(track, wish, source), _channels(track, told, wish, source[3]))
    low, scale = _value_range(track, wish)
    ratio = (np.float32(source[1] / target[1]), np.float32(source[2] / target[2]))
    shown = target if axes[0] is not None else target[1:]
    return Plan(axes, source, target, shown, KINDS.index(dtype), low, scale, ratio)


def _axes(track: str, told: str, shape: Sequence[int], layout: str) -> tuple[int | None, ...]:
    if layout not in ("hwc", "chw"):
        raise ValueError(f"track {track!r}: layout is 'hwc' or 'chw', not {layout!r}")
    ndim = len(shape)
    found: tuple[int | None, ...] = (None, 0, 1, None)
    if ndim >= _FRAME_NDIM:
        frame, first = (0, 1) if ndim == _BATCH_NDIM else (None, 0)
        rows = first + (layout == "chw")
        found = (frame, rows, rows + 1, first if layout == "chw" else first + 2)
    channels = shape[found[3]] if ndim in (_FRAME_NDIM, _BATCH_NDIM) and found[3] is not None else 1
    if not _FRAME_NDIM - 1 <= ndim <= _BATCH_NDIM or channels > _MAX_CHANNELS or 0 in shape:
        other = "hwc" if layout == "chw" else "chw"
        axes = ", ".join({"h": "height", "w": "width", "c": "channels"}[axis] for axis in layout)
        raise ValueError(
            f"track {track!r}: expected ({axes}), or n of them, with at most {_MAX_CHANNELS} "
            f"channels, got {told}; say layout={other!r} if it is that way round"
        )
    return found


def _size(track: str, wish: Wish, source: Sequence[int]) -> tuple[int, int]:
    if wish.size is None:
        return source[1], source[2]
    height, width = wish.size
    if min(height, width) < 1:
        raise ValueError(f"track {track!r}: size is (height, width) in pixels, not {wish.size}")
    return height, width


def _channels(track: str, told: str, wish: Wish, came: int) -> int:
    wanted = came if wish.channels is None else wish.channels
    if wanted != came and (came, wanted) not in _MIXES:
        text = f"track {track!r}: {came} channels don't become {wanted}, got {told}"
        raise ValueError(f"{text}; channels=1, 3 or 4 are made of 1, 3 or 4")
    return wanted


def _value_range(track: str, wish: Wish) -> tuple[np.float32, np.float32]:
    low, high = wish.value_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        text = f"track {track!r}: value_range is (black, white), not {wish.value_range}"
        raise ValueError(text)
    scale = 255 / (high - low)
    if not (_FLOAT32.tiny <= scale <= _FLOAT32.max and abs(low) <= _FLOAT32.max):
        raise ValueError(f"track {track!r}: value_range {wish.value_range} is beyond float32")
    return np.float32(low), np.float32(scale)
