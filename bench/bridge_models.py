"""A moving picture for the bridge's benchmarks: soft colours, hard edges, a little noise."""

from __future__ import annotations

import numpy as np

from reactor_zmq import InputField, InputState, Output, ReactorPipeline, Video

PICTURES = 16


class Shown(Output):
    main_video: Video


class Pace(InputState):
    wanted_fps: float = InputField(default=30, ge=1, le=1000)


class Moving(ReactorPipeline):
    """Precomputed pictures, so that making them costs next to nothing."""

    state: Pace

    def load(self, config):
        height, width = config.get("height", 720), config.get("width", 1280)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        noise = np.random.default_rng(1).integers(0, 8, (height, width, 3), np.uint8)
        self._pictures = [_picture(x, y, noise, step) for step in range(PICTURES)]

    def inference(self):
        n = 0
        while True:
            self.output.fps = self.state.wanted_fps
            yield Shown(main_video=self._pictures[n % PICTURES])
            n += 1


def _picture(x, y, noise, step):
    turns = 2 * np.pi * step / PICTURES
    waves = [np.sin(x / 90 + turns), np.sin(y / 70 - turns), np.sin((x + y) / 120 + turns)]
    soft = np.stack([120 + 90 * wave for wave in waves], -1)
    left = 40 * step % (x.shape[1] - 100)
    soft[60:160, left : left + 100] = (250, 240, 20)
    return (soft + noise).clip(0, 255).astype(np.uint8)
