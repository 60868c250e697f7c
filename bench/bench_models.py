"""Models that the benchmarks host."""

from __future__ import annotations

import json

import numpy as np

from reactor_zmq import (
    Idle,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    event,
)


class Frames(Output):
    main_video: Video


class Pong(ModelMessage):
    value: int


class Credit(InputState):
    _left: int = 0


class OnCredit(ReactorPipeline):
    """Yields a frame whenever the reader has granted one; so nothing is ever dropped."""

    state: Credit
    output: Frames

    def load(self, config):
        height, width = config.get("height", 1080), config.get("width", 1920)
        rng = np.random.default_rng(1)
        self._pictures = [
            rng.integers(0, 256, (height, width, 3), np.uint8) for _ in range(config.get("n", 2))
        ]

    @event(name="grant")
    def grant(self, frames: int):
        self.state._left += frames

    def inference(self):
        n = 0
        while True:
            if self.state._left:
                self.state._left -= 1
                picture = self._pictures[n % len(self._pictures)]
                picture[0, 0, 0] = n % 256
                yield Frames(main_video=picture)
                n += 1
            else:
                yield Idle


class Echo(InputState):
    strength: int = InputField(default=0, ge=0, le=1_000_000_000)


class Paced(ReactorPipeline):
    """A paced stream of one picture, and an event that is answered."""

    state: Echo
    output: Frames
    fps = 60

    def load(self, config):
        height, width = config.get("height", 720), config.get("width", 1280)
        self._picture = np.zeros((height, width, 3), np.uint8)

    @event(name="ping")
    def ping(self, value: int) -> Pong:
        return Pong(value=value)

    @event(name="hang")
    def hang(self):
        while True:
            pass

    @event(name="lose_gpu")
    def lose_gpu(self):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def inference(self):
        while True:
            self._picture[0, 0, 0] += 1
            yield Frames(main_video=self._picture)


class Resting(Paced):
    """Answers events; makes no frame."""

    def inference(self):
        while True:
            yield Idle


class Camera(Input):
    camera: Video


class Hearing(Paced):
    """Takes frames as well; looks at none."""

    input: Camera


class Books(InputState):
    spans: str = InputField(default="{}", max_length=1_000_000)
    doubled: int = InputField(default=0, ge=0)
    late: int = InputField(default=0, ge=0)


class Ledger(ReactorPipeline):
    """Keeps a book of which numbered entries of which writer were applied, and shows a picture."""

    state: Books
    output: Frames
    fps = 30

    @event(name="enter")
    def enter(self, writer: str, number: int):
        books = json.loads(self.state.spans)
        spans = books.setdefault(writer, [])
        if any(first <= number <= last for first, last in spans):
            self.state.doubled += 1
        elif spans and number < spans[-1][1]:
            self.state.late += 1
        elif spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
        self.state.spans = json.dumps(books)

    def inference(self):
        picture = np.zeros((48, 64, 3), np.uint8)
        while True:
            yield Frames(main_video=picture)
