"""The model that ``bench/lane.py`` hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from reactor_zmq import Idle, ModelMessage, Output, ReactorPipeline, Video, event


class Frames(Output):
    main_video: Video


class Counted(ModelMessage):
    stored: int
    copied_nbytes: int


class OnCredit(ReactorPipeline):
    """Yields a frame for each one that the reader has granted: an array, or a loan."""

    output: Frames

    def load(self, config: dict[str, Any]) -> None:
        self._left = 0
        self._shape = (config.get("height", 1080), config.get("width", 1920), 3)
        self._in_place = config.get("in_place", False)
        rng = np.random.default_rng(1)
        self._pictures = [rng.integers(0, 256, self._shape, np.uint8) for _ in range(2)]

    @event(name="grant")
    def grant(self, frames: int) -> None:
        self._left += frames

    @event(name="count")
    def count(self) -> Counted:
        counts = self.output._emitter._outlet.frames.counts
        return Counted(counts.stored, counts.copied_nbytes + counts.staged_nbytes)

    def inference(self) -> Iterator[Any]:
        n = 0
        while True:
            if not self._left:
                yield Idle
                continue
            self._left -= 1
            if self._in_place:
                picture = self.output.loan("main_video", self._shape)
                picture.array[0, 0, 0] = n % 256
            else:
                picture = self._pictures[n % 2]
                picture[0, 0, 0] = n % 256
            yield Frames(main_video=picture)
            del picture
            n += 1
