"""720p pictures that move, at three rates, for the benchmark of browsers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reactor_zmq import InputField, InputState, Output, ReactorPipeline, TrackPayload, Video

HEIGHT, WIDTH, PICTURES = 720, 1280, 12


class Sight(Output):
    main_video: Video


class Controls(InputState):
    mark: int = InputField(default=0, ge=0, description="Told in each frame's metadata")


def pictures() -> list[NDArray[np.uint8]]:
    """Return pictures as models make them: smooth, textured, moving; about 100 kB as JPEG."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    grain = np.random.default_rng(1).normal(0, 4, (HEIGHT, WIDTH, 1))
    made: list[NDArray[np.uint8]] = []
    for step in range(PICTURES):
        turn = 2 * np.pi * step / PICTURES
        height = np.sin(x / 90 + turn) + np.cos(y / 60 - turn) + np.sin((x + y) / 140)
        colours = 127 + 60 * np.cos(height[..., None] * 1.7 + np.arange(3, dtype=np.float32))
        made.append(np.clip(colours + grain, 0, 255).astype(np.uint8))
    return made


class Unpaced(ReactorPipeline):
    """As many as anybody takes."""

    state: Controls
    output: Sight

    def load(self, config: dict[str, object]) -> None:  # noqa: ARG002 - as it is called
        self.pictures = pictures()

    def inference(self) -> Iterator[Sight]:
        n = 0
        while True:
            data = self.pictures[n % PICTURES]
            yield Sight(main_video=TrackPayload(data, metadata={"mark": self.state.mark}))
            n += 1


class At30(Unpaced):
    """At 30 frames per second."""

    fps = 30


class At60(Unpaced):
    """At 60 frames per second."""

    fps = 60


class At120(Unpaced):
    """Faster than a browser is to show them."""

    fps = 120
