"""The model that bench/record.py records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from reactor_zmq import Output, ReactorPipeline, Video

HEIGHT, WIDTH, BAR = 1080, 1920, 60


class Picture(Output):
    main_video: Video


class Bar(ReactorPipeline):
    """A bar that moves over a smooth field, drawn into the slot that is sent."""

    output: Picture
    fps = 60

    def load(self, config: dict[str, Any]) -> None:  # noqa: ARG002 - the authoring API passes it
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        self.field = np.stack([x * 255 // WIDTH, y * 255 // HEIGHT, (x + y) % 256], 2)
        self.field = self.field.astype(np.uint8)

    def inference(self) -> Iterator[Picture]:
        step = 0
        while True:
            loan = self.output.loan("main_video", (HEIGHT, WIDTH, 3))
            np.copyto(loan.array, self.field)
            at = step * 8 % (WIDTH - BAR)
            loan.array[:, at : at + BAR] = 255
            step += 1
            yield Picture(main_video=loan)
