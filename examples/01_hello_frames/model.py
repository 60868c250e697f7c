"""The smallest model that shows something: rings of light that drift through each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reactor_zmq import Output, ReactorPipeline, Video

WIDTH, HEIGHT = 384, 288
X, Y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
# A colour for every brightness: dark blue, violet, orange, pale yellow.
STOPS = np.array([[8, 10, 34], [60, 24, 98], [180, 46, 110], [250, 138, 62], [255, 236, 170]])
COLOURS = np.array(
    [np.interp(np.linspace(0, 4, 256), range(5), channel) for channel in STOPS.T], np.uint8
).T


class Picture(Output):
    main_video: Video


def rings(time_s: float) -> NDArray[np.uint8]:
    """Return the picture of a moment, (HEIGHT, WIDTH, 3) uint8."""
    light = np.zeros((HEIGHT, WIDTH), np.float32)
    for number in range(3):
        turn = time_s * (0.5 + 0.15 * number) + 2.1 * number
        x, y = WIDTH * (0.5 + 0.34 * np.cos(turn)), HEIGHT * (0.5 + 0.34 * np.sin(1.3 * turn))
        distance = np.hypot(X - x, Y - y)
        light += np.cos(distance / 11 - 4 * time_s) * np.exp(-distance / 150)
    return COLOURS[np.clip(92 + 92 * light, 0, 255).astype(np.uint8)]


class HelloFrames(ReactorPipeline):
    """Rings of light that drift through each other."""

    fps = 30

    def inference(self) -> Iterator[Picture]:
        frame = 0
        while True:
            yield Picture(main_video=rings(frame / self.fps))
            frame += 1
