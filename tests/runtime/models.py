"""Models that the runtime tests host in real processes."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from reactor_zmq import (
    Audio,
    BufferClosed,
    ClientInfo,
    EventError,
    Idle,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    connected,
    disconnected,
    event,
    file_uploaded,
)


@dataclass
class Picture(Output):
    main_video: Video


class Camera(Input):
    camera: Video


class State(InputState):
    prompt: str = InputField(default="a sunny meadow", max_length=200)
    strength: int = InputField(default=3, ge=0, le=10)
    image: UploadedFile | None = None
    _size: int = 0


class CurrentPrompt(ModelMessage):
    prompt: str


class Counted(ModelMessage):
    value: int
    share: float


class Hello(ModelMessage):
    to: str


class Seen(ModelMessage):
    name: str
    nbytes: int


class Stamped(Output):
    """One picture whose every byte says which frame it is."""

    main_video: Video


def picture(n: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Return a frame filled with the low byte of its number."""
    return np.full((height, width, 3), n % 251, np.uint8)


class Page(ReactorPipeline):
    """The brief's page, and a few events more."""

    state: State
    output: Picture
    input: Camera
    fps = 60

    @connected
    async def greet(self, client: ClientInfo):
        await client.send(Hello(to=client.id))

    @event(name="get_current_prompt", description="Return the current prompt")
    async def get_current_prompt(self):
        await self.send(CurrentPrompt(prompt=self.state.prompt))

    @event(name="ask_prompt")
    def ask_prompt(self) -> CurrentPrompt:
        return CurrentPrompt(prompt=self.state.prompt)

    @event(name="count")
    def count(self, value: int) -> Counted:
        return Counted(value=value, share=float(value))

    @event(name="set_image")
    def set_image(self, image: UploadedFile):
        self.state.image = image
        self.state._size = len(image.data)

    @event(name="measure")
    def measure(self) -> Seen:
        image = self.state.image
        return Seen(name=image.name if image else "", nbytes=self.state._size)

    @event(name="fail")
    def fail(self):
        raise RuntimeError("secret")

    @event(name="refuse")
    def refuse(self):
        raise EventError("not_now", "come back later")

    @event(name="die")
    def die(self):
        os.kill(os.getpid(), signal.SIGKILL)

    @event(name="hang")
    def hang(self):
        while True:
            pass

    async def inference(self):
        n = 0
        while True:
            try:
                frame = self.input.camera.try_read()
            except BufferClosed:  # whoever published has gone; others are still here
                frame = None
            if frame:
                yield Picture(main_video=255 - frame[-1].data)
            else:
                yield Picture(main_video=picture(n))
            n += 1


class Slow(ReactorPipeline):
    """Takes half a second for each turn."""

    state: State
    output: Picture

    def inference(self):
        while True:
            time.sleep(0.5)
            yield Picture(main_video=picture(0))


class Required(InputState):
    seed: int = InputField(ge=0)


class Patient(ReactorPipeline):
    """Has a field that must be set first."""

    state: Required
    output: Picture

    def inference(self):
        while True:
            yield Picture(main_video=picture(self.state.seed))


class Quiet(ReactorPipeline):
    """Never has a frame; chatters when asked."""

    state: State
    output: Picture

    @event(name="chatter")
    async def chatter(self, count: int):
        for n in range(count):
            await self.send(Counted(value=n, share=0.5))

    @event(name="flash")
    def flash(self, count: int):
        self.state._size = count

    def inference(self):
        n = 0
        while True:
            if self.state._size:
                self.state._size -= 1
                n += 1
                yield Picture(main_video=picture(n))
            else:
                yield Idle


class Faulty(ReactorPipeline):
    """Raises in its third turn, always."""

    state: State
    output: Picture

    def inference(self):
        yield Picture(main_video=picture(0))
        yield Picture(main_video=picture(1))
        raise ValueError("third turn")


class Broken(ReactorPipeline):
    """Can't be loaded."""

    output: Picture

    def load(self, config):
        raise RuntimeError("no weights at all")

    def inference(self):
        yield Idle


class SlowLoad(ReactorPipeline):
    """Loads for a while and says how far it is."""

    state: State
    output: Picture

    def load(self, config):
        for n in range(5):
            self.report_progress(n, 5, "weights")
            time.sleep(config.get("step_s", 0.1))

    @event(name="ask_prompt")
    def ask_prompt(self) -> CurrentPrompt:
        return CurrentPrompt(prompt=self.state.prompt)

    def inference(self):
        while True:
            yield Idle


@dataclass
class Show(Output):
    picture: Video
    sound: Audio


class Band(ReactorPipeline):
    """A picture and a block of sound in each turn."""

    output: Show
    fps = 50

    def inference(self):
        n = 0
        while True:
            sound = np.full((1, 960), n % 1000, np.int16)
            yield Show(picture=picture(n), sound=sound)
            n += 1


class Sizes(ReactorPipeline):
    """Changes its resolution mid-stream."""

    output: Picture
    fps = 100

    def inference(self):
        n = 0
        while True:
            height = 32 + 16 * (n // 10 % 8)
            yield Picture(main_video=picture(n, height, 2 * height))
            n += 1


class Librarian(ReactorPipeline):
    """Tells of each file that arrives, and of each client that leaves."""

    state: State
    output: Picture

    @file_uploaded
    async def stored(self, uploaded_file: UploadedFile):
        await self.send(Seen(name=uploaded_file.name, nbytes=len(uploaded_file.data)))

    @disconnected
    async def left(self, client: ClientInfo):
        await self.send(Hello(to=f"left {client.id}"))

    def inference(self):
        while True:
            yield Idle


class Made(ModelMessage):
    count: int


class Burst(InputState):
    _left: int = 0
    _made: int = 0
    _side: int = 128


class Sentinel(ReactorPipeline):
    """Frames whose every four bytes are their number, as many as are asked for."""

    state: Burst
    output: Picture

    @event(name="burst")
    def burst(self, count: int, side: int = 128):
        self.state._left, self.state._side = count, side

    @event(name="made")
    def made(self) -> Made:
        return Made(count=self.state._made)

    def load(self, config):
        self._pause_s = config.get("pause_s", 0.0)

    def inference(self):
        n = 0
        while True:
            if not self.state._left:
                yield Idle
                continue
            self.state._left -= 1
            side = self.state._side
            if n % 2:  # every other one is written in place
                loan = self.output.loan("main_video", (side, side, 4))
                loan.array.view(np.uint32)[:] = n
                yield Picture(main_video=loan)
            else:
                numbers = np.full((side, side, 1), n, np.uint32)
                yield Picture(main_video=numbers.view(np.uint8))
            n += 1
            self.state._made = n
            time.sleep(self._pause_s)
