"""Turn an uploaded picture into a small square one, without trusting what was uploaded."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq import EventError

FORMATS = ("PNG", "JPEG", "WEBP", "PPM", "GIF", "BMP")
MOST_PIXELS = 24_000_000
PPM_HEADER = re.compile(rb"P6\s(?:#[^\n]*\n|\s)*(\d{1,6})\s+(\d{1,6})\s+255\s")


def square(data: bytes, side: int) -> NDArray[np.uint8]:
    """Return the middle of a picture as (side, side, 3) uint8 RGB.

    Raises:
        EventError: The bytes are no picture that can be read here, or one of too many pixels.
    """
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415 - an extra; plain PPM needs nothing
    except ImportError:
        return shrunk(portable_pixmap(data), side)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:  # reads the header only
            refuse_large(*picture.size)
            picture.draft("RGB", (2 * side, 2 * side))
            upright: Any = ImageOps.exif_transpose(picture).convert("RGB")
            return np.asarray(ImageOps.fit(upright, (side, side), Image.Resampling.BOX))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise refusal("This is not a picture that can be read.") from error


def portable_pixmap(data: bytes) -> NDArray[np.uint8]:
    """Return a binary PPM's pixels."""
    header = PPM_HEADER.match(data)
    if header is None:
        raise refusal("Only binary PPM pictures can be read here: install pillow for others.")
    width, height = int(header[1]), int(header[2])
    refuse_large(width, height)
    if len(data) - header.end() < width * height * 3:
        raise refusal("The picture ends too early.")
    pixels = np.frombuffer(data, np.uint8, width * height * 3, header.end())
    return pixels.reshape(height, width, 3)


def shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the middle square, sampled at side by side points."""
    height, width, _ = pixels.shape
    edge = min(height, width)
    at = (np.arange(side) + 0.5) * edge / side
    rows = (at + (height - edge) / 2).astype(int)
    columns = (at + (width - edge) / 2).astype(int)
    return pixels[rows[:, None], columns]


def refuse_large(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise refusal(f"{width} x {height} pixels; at most {MOST_PIXELS} are read.")


def refusal(text: str) -> EventError:
    return EventError("invalid_data", text, "photo")
