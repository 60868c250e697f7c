"""A model whose every part can be seen in a page: known colours, a camera's echo, a tone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reactor_zmq import (
    Audio,
    BufferClosed,
    EventError,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    TrackPayload,
    UploadedFile,
    Video,
    event,
)

WIDTH, HEIGHT, FPS, RATE = 320, 240, 30, 48_000
QUARTERS = ((220, 40, 40), (40, 200, 60), (50, 70, 230))


class Sight(Output):
    main_video: Video
    seen: Video
    tone: Audio


class Given(Input):
    camera: Video


class Controls(InputState):
    level: int = InputField(default=128, ge=0, le=255, description="Grey of the last quarter")
    gain: float = InputField(default=0.5, ge=0, le=1, description="How loud the tone is")
    prompt: str = InputField(default="a meadow", max_length=40, description="Words for the log")
    mode: Literal["day", "dusk", "night"] = InputField(default="day", description="Time of day")
    forward: bool = InputField(default=False, description="Held with W")
    delay_ms: float = InputField(default=20.0, ge=0, description="Nothing depends on it")
    palette: str = InputField(
        default="plain", choices=["plain", "warm morning", "cold evening", "old film", "no colour"]
    )
    weights: list[float] | None = InputField(default=None, description="Numbers, or none")
    photo: UploadedFile | None = InputField(default=None, description="Any file")


class Marked(ModelMessage):
    x: float
    y: float
    note: str


class Counted(ModelMessage):
    presses: int


class Exhibit(ReactorPipeline):
    """Four quarters in known colours, what the camera sees, and a tone."""

    input: Given
    output: Sight
    state: Controls
    fps = FPS

    def load(self, config: dict[str, object]) -> None:
        self.presses = 0

    @event(name="press", description="Count a press")
    def press(self) -> Counted:
        self.presses += 1
        return Counted(presses=self.presses)

    @event(name="refuse", description="Always refused")
    def refuse(self) -> None:
        raise EventError("not_today", "the exhibit is closed for pressing")

    @event(name="mark", description="Note a place")
    async def mark(
        self,
        x: float = InputField(default=0.5, ge=0, le=1),
        y: float = InputField(default=0.5, ge=0, le=1),
        note: str = InputField(default="here", max_length=20),
    ) -> Marked:
        return Marked(x=x, y=y, note=note)

    def picture(self) -> NDArray[np.uint8]:
        frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        top, left = HEIGHT // 2, WIDTH // 2
        frame[:top, :left], frame[:top, left:], frame[top:, :left] = QUARTERS
        frame[top:, left:] = self.state.level
        return frame

    async def inference(self) -> AsyncIterator[Sight]:
        seen = np.zeros((48, 64, 3), np.uint8)
        at = 0
        while True:
            with suppress(BufferClosed):
                if taken := self.input.camera.try_read():
                    seen = np.ascontiguousarray(taken[0].data[::4, ::4, :3])
            samples = np.arange(at, at + RATE // FPS) / RATE
            at += RATE // FPS
            tone = np.sin(2 * np.pi * 440 * samples) * 32000 * self.state.gain
            picture = TrackPayload(self.picture(), metadata={"level": self.state.level})
            yield Sight(main_video=picture, seen=seen, tone=tone.astype(np.int16)[None])
