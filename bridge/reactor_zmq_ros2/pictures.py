"""Pictures as JPEG or PNG, by what the interpreter at hand has installed.

ROS's Python is the user's own: simplejpeg is the fastest, pillow is nearly always there, and PNG
needs neither.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from io import BytesIO
from typing import Any, NamedTuple

JPEG_QUALITY = 80
_PNG_COLOURS = {1: 0, 3: 2, 4: 6}
_PNG_LEVEL = 1  # a live picture is worth more than its last tenth of size


class Encoder(NamedTuple):
    """A way to encode, ``encode(samples, height, width, channels)`` in image_transport's word."""

    form: str
    encode: Callable[[Any, int, int, int], bytes]


def best_encoder() -> Encoder:
    """Return the fastest encoder that is installed; PNG by the standard library at worst."""
    if find_spec("simplejpeg") and find_spec("numpy"):
        return Encoder("jpeg", _simplejpeg)
    if find_spec("PIL"):
        return Encoder("jpeg", _pillow)
    return Encoder("png", png)


def best_decoder() -> Callable[[bytes], tuple[bytes, int, int]] | None:
    """Return a function from a picture to RGB, height and width; None where there is none.

    It raises ValueError for what is no picture that it knows; simplejpeg knows JPEG alone.
    """
    if find_spec("PIL"):
        return _decode_pillow
    return _decode_simplejpeg if find_spec("simplejpeg") and find_spec("numpy") else None


def png(samples: Any, height: int, width: int, channels: int) -> bytes:
    """Return 8-bit samples as PNG."""
    row_nbytes = width * channels
    view = memoryview(samples).cast("B")
    rows = b"".join(
        part for y in range(height) for part in (b"\0", view[y * row_nbytes : (y + 1) * row_nbytes])
    )
    head = struct.pack(">IIBBBBB", width, height, 8, _PNG_COLOURS[channels], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, _PNG_LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _simplejpeg(samples: Any, height: int, width: int, channels: int) -> bytes:
    import numpy  # noqa: ICN001, PLC0415 - where the user's Python has it
    import simplejpeg  # noqa: PLC0415

    colours = {1: "GRAY", 3: "RGB", 4: "RGBA"}[channels]
    picture: Any = numpy.frombuffer(samples, "u1").reshape(height, width, channels)
    return simplejpeg.encode_jpeg(picture, JPEG_QUALITY, colours, "420" if channels > 1 else "444")


def _pillow(samples: Any, height: int, width: int, channels: int) -> bytes:
    from PIL import Image  # noqa: PLC0415 - where the user's Python has it

    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    picture = Image.frombuffer(mode, (width, height), samples, "raw", mode, 0, 1)
    out = BytesIO()
    picture.convert("L" if channels == 1 else "RGB").save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def _decode_simplejpeg(data: bytes) -> tuple[bytes, int, int]:
    import simplejpeg  # noqa: PLC0415 - where the user's Python has it

    picture: Any = simplejpeg.decode_jpeg(data, "RGB")
    return picture.tobytes(), picture.shape[0], picture.shape[1]


def _decode_pillow(data: bytes) -> tuple[bytes, int, int]:
    from PIL import Image  # noqa: PLC0415 - where the user's Python has it

    try:
        picture = Image.open(BytesIO(data)).convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from error
    return picture.tobytes(), picture.height, picture.width
