"""A model with everything that a browser may see, hear, send and change."""

from __future__ import annotations

import time

import numpy as np

from reactor_zmq import (
    Audio,
    EventError,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    ReadMode,
    UploadedFile,
    Video,
    event,
)

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220)}


class Shown(Output):
    main: Video
    echo: Video
    sound: Audio


class Taken(Input):
    camera: Video
    microphone: Audio


class Controls(InputState):
    level: int = InputField(default=3, ge=0, le=9)
    colour: str = InputField(default="red", max_length=8)
    _seen: object = None
    _heard: int = 0


class Said(ModelMessage):
    text: str


class Weighed(ModelMessage):
    name: str
    nbytes: int


class Heard(ModelMessage):
    samples: int


class Everything(ReactorPipeline):
    """A colour, an echo of what is published, and a tone."""

    state: Controls
    fps = 60

    @event(name="say")
    def say(self, text: str) -> Said:
        return Said(text=text)

    @event(name="shout")
    async def shout(self, text: str) -> None:
        await self.send(Said(text=text))

    @event(name="nap")
    def nap(self, seconds: float) -> None:
        time.sleep(seconds)

    @event(name="weigh")
    def weigh(self, file: UploadedFile) -> Weighed:
        return Weighed(name=file.name, nbytes=len(file.data))

    @event(name="refuse")
    def refuse(self) -> None:
        raise EventError("not_today", "the model does not want to")

    @event(name="heard")
    def heard(self) -> Heard:
        return Heard(samples=self.state._heard)

    def inference(self):
        tone = np.full((1, 800), 1000, np.int16)
        while True:
            for taken in self.input.camera.try_read() or ():
                self.state._seen = taken.data
            while blocks := self.input.microphone.try_read(mode=ReadMode.FIFO):
                self.state._heard += blocks[0].data.shape[1]
            main = np.full((48, 64, 3), COLOURS.get(self.state.colour, (9, 9, 9)), np.uint8)
            seen = self.state._seen
            yield Shown(main=main, echo=main[::2] if seen is None else seen, sound=tone)
