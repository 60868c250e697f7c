"""Pictures in the few forms that encoders take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.client import Frame
from reactor_zmq_bridge.errors import UnsuitableError

# Names as libav and libjpeg write them, by the number of channels.
_AV = {1: "gray", 3: "rgb24", 4: "rgba"}
_JPEG = {1: "GRAY", 3: "RGB", 4: "RGBX"}


@dataclass(frozen=True, slots=True)
class Picture:
    """``(height, width, channels) uint8``, C-contiguous, host, read-only; 1, 3 or 4 channels."""

    pixels: NDArray[np.uint8]

    @property
    def height(self) -> int:
        """Rows."""
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.pixels.shape[1]

    @property
    def av_format(self) -> str:
        """Libav's name of the layout."""
        return _AV[self.pixels.shape[2]]

    @property
    def jpeg_format(self) -> str:
        """Simplejpeg's name of the layout."""
        return _JPEG[self.pixels.shape[2]]


def picture_of(frame: Frame) -> Picture:
    """Return a frame's picture; 16 bits become their upper 8.

    Raises:
        UnsuitableError: It is none that can be shown.
    """
    pixels = frame.array
    match pixels.shape:
        case (_, _):
            pixels = pixels[..., None]
        case (_, _, 1 | 3 | 4):
            pass
        case _:
            raise UnsuitableError(f"track {frame.track!r}: shape {pixels.shape} is no picture")
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise UnsuitableError(f"track {frame.track!r}: pictures of {pixels.dtype} can't be shown")
    return Picture(np.ascontiguousarray(pixels))


def fitted_size(width: int, height: int, max_width: int | None) -> tuple[int, int]:
    """Return the size of a picture that is at most ``max_width`` wide, its sides even if scaled."""
    if max_width is None or width <= max_width:
        return width, height
    scaled = max(2, round(height * max_width / width / 2) * 2)
    return max(2, max_width // 2 * 2), scaled


def thinned(picture: Picture, max_width: int | None) -> Picture:
    """Return every n-th pixel of a picture that is wider than ``max_width``; no extra needed."""
    if max_width is None or picture.width <= max_width:
        return picture
    step = -(-picture.width // max_width)
    return Picture(np.ascontiguousarray(picture.pixels[::step, ::step]))
