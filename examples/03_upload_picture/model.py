"""A picture that clients upload, seen through moving water."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from reactor_zmq import (
    EventError,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
)

WIDTH, HEIGHT, MOST_PIXELS = 384, 288, 24_000_000
X, Y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
TILES = np.where(((X // 24 + Y // 24) % 2)[..., None], [34, 92, 132], [226, 232, 226]).astype("u1")


class View(Output):
    main_video: Video


class State(InputState):
    picture: UploadedFile | None = InputField(default=None, description="Lies under the water")
    waves: float = InputField(default=0.5, ge=0, le=1, description="How high the water goes")
    _pixels: Any = None


class PictureTaken(ModelMessage):
    width: int
    height: int


def decode(data: bytes) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return a picture cut to (HEIGHT, WIDTH, 3) uint8, and the size that it had."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "PPM")) as picture:
            width, height = picture.size  # of the header: nothing is decoded yet
            if width * height > MOST_PIXELS:
                raise refusal(f"{width} x {height} pixels are too many.")
            fitted = ImageOps.fit(picture.convert("RGB"), (WIDTH, HEIGHT))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise refusal("This is not a picture that can be read.") from error
    return np.asarray(fitted), (width, height)


def refusal(text: str) -> EventError:
    return EventError("invalid_data", text, "picture")


class UnderWater(ReactorPipeline):
    """Pictures under moving water."""

    state: State
    fps = 30

    @event(name="set_picture", description="Decode the picture once, when it arrives")
    def set_picture(self, picture: UploadedFile) -> PictureTaken:
        self.state._pixels, (width, height) = decode(picture.data)
        self.state.picture = picture
        return PictureTaken(width=width, height=height)

    def inference(self) -> Iterator[View]:
        time_s = 0.0
        while True:
            time_s += 1 / self.fps
            pixels = TILES if self.state._pixels is None else self.state._pixels
            slope = self.state.waves * np.sin(X / 26 + 2.2 * time_s + 1.4 * np.sin(Y / 31 - time_s))
            across = np.clip(X + 7 * slope, 0, WIDTH - 1).astype(int)
            down = np.clip(Y + 5 * slope, 0, HEIGHT - 1).astype(int)
            light = 1 + 0.22 * slope[..., None]
            yield View(main_video=np.minimum(pixels[down, across] * light, 255).astype(np.uint8))
