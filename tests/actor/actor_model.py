"""A model for tests that run a real actor process; each event is one thing that can happen."""

from __future__ import annotations

import time
from contextvars import ContextVar

import numpy as np

from reactor_zmq import (
    Input,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
)

MOOD: ContextVar[int] = ContextVar("mood", default=0)


class Out(Output):
    main_video: Video


class Cameras(Input):
    camera: Video


class State(InputState):
    level: int = 0
    _hang: bool = False


class Noise(ModelMessage):
    text: str


class Sum(ModelMessage):
    total: int


class Probe(ReactorPipeline):
    """Yields pictures of one level."""

    state: State
    output: Out
    fps = 50

    def load(self, config):
        self.report_progress(1, 2, "half")
        if config.get("broken"):
            raise ValueError("no weights")

    @event(name="shout")
    async def shout(self, count: int):
        for _ in range(count):
            await self.send(Noise(text="x" * 1000))

    @event(name="weigh")
    def weigh(self, file: UploadedFile) -> Sum:
        return Sum(total=sum(file.data))

    @event(name="remember")
    async def remember(self, mood: int):
        MOOD.set(mood)

    @event(name="recall")
    def recall(self) -> Sum:
        return Sum(total=MOOD.get())

    @event(name="fault")
    def fault(self):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    @event(name="hang")
    def hang(self):
        self.state._hang = True

    def inference(self):
        while True:
            while self.state._hang:
                time.sleep(0.001)
            yield np.full((4, 6, 3), self.state.level, np.uint8)


class Mirror(ReactorPipeline):
    """Yields what is published."""

    output: Out
    input: Cameras

    async def inference(self):
        camera = ReactorPipeline.input.fget(self).camera
        while True:
            (frame,) = await camera.read()
            yield 255 - frame.data
