"""A model for bench/ros2.py that costs next to nothing: one picture, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from reactor_zmq import Output, ReactorPipeline, Video


class Picture(Output):
    main_video: Video


class Plain(ReactorPipeline):
    """A slope of the size and rate that its configuration says."""

    def load(self, config: dict[str, Any]) -> None:
        shape = (config["height"], config["width"], 3)
        self.picture = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
        self.output.fps = config["fps"]

    def inference(self) -> Iterator[Picture]:
        while True:
            yield Picture(main_video=self.picture)
