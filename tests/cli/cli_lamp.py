"""A model for tests of the command line."""

from __future__ import annotations

import logging

import numpy as np

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

LAMP = f"{__file__}:Lamp"


class Picture(Output):
    main_video: Video


class Controls(InputState):
    level: int = InputField(default=10, ge=0, le=255)
    name: str = "lamp"


class Seen(ModelMessage):
    name: str
    size: int
    text: str


class Lamp(ReactorPipeline):
    """A lamp."""

    state: Controls
    fps = 50

    def load(self, config):
        logging.getLogger("lamp").debug("the lamp is lit")

    @event(name="break")
    def break_it(self):
        return 1 / 0

    @event(name="look")
    def look(self, file: UploadedFile, text: str = "") -> Seen:
        return Seen(name=file.name, size=file.size, text=text)

    @event(name="say")
    async def say(self, text: str):
        await self.send(Seen(name="", size=0, text=text))

    @event(name="refuse")
    def refuse(self):
        raise EventError("too_dark", "there is no light")

    def inference(self):
        while True:
            yield Picture(main_video=np.full((24, 32, 3), self.state.level, np.uint8))
