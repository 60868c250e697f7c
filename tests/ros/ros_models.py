"""Models that the ROS tests look at: what is in a frame can be told from its first pixel."""

from __future__ import annotations

import numpy as np

from reactor_zmq import (
    BufferClosed,
    Idle,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    ReadMode,
    Tensor,
    Video,
    event,
)

HEIGHT, WIDTH = 480, 640


def numbered(number: int, level: int) -> np.ndarray:
    """Return frame ``number``: the number in the first pixel, a slope, a level."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    frame[..., 0] = np.arange(HEIGHT)[:, None] % 256
    frame[..., 1] = np.arange(WIDTH) % 256
    frame[..., 2] = level
    frame[0, 0] = number >> 16, number >> 8 & 255, number & 255
    return frame


class Pictures(Output):
    main_video: Video
    clear: Video
    gray: Video


class Controls(InputState):
    level: int = InputField(default=7, ge=0, le=255, description="Of blue")
    gain: float = InputField(default=0.5, ge=0, le=1)
    lit: bool = True
    mode: str = InputField(default="day", choices=["day", "night"])
    seed: int | None = None


class Gain(ModelMessage):
    gain: float


class Shown(ReactorPipeline):
    """Numbered frames in three encodings."""

    state: Controls
    fps = 30

    @event(name="get_gain")
    def get_gain(self) -> Gain:
        return Gain(gain=self.state.gain)

    @event(name="announce")
    async def announce(self):
        await self.send(Gain(gain=self.state.gain))

    @event(name="double")
    def double(self, gain: float = InputField(ge=0, le=0.5)) -> Gain:
        return Gain(gain=2 * gain)

    def inference(self):
        clear = np.arange(6 * 8 * 4, dtype=np.uint8).reshape(6, 8, 4)
        for number in range(10**9):
            frame = numbered(number, self.state.level)
            yield Pictures(main_video=frame, clear=clear, gray=clear[:, :, :1])


class Camera(Input):
    camera: Video


class Mirrored(Output):
    main_video: Video


class Mirror(ReactorPipeline):
    """What comes from the camera, as it came."""

    input: Camera
    output: Mirrored
    fps = 30

    async def inference(self):
        while True:
            try:
                [taken] = await self.input.camera.read(timeout=0.2, mode=ReadMode.LATEST)
            except (TimeoutError, BufferClosed):
                yield Idle
                continue
            yield Mirrored(main_video=taken.data)


class Joints(Tensor):
    dtype = "float32"
    names = ("hip", "knee", "ankle")
    quantity = "position"


class Drive(Tensor):
    dtype = "float64"
    shape = (6,)
    quantity = "twist"


class Chunk(Tensor):
    dtype = "float32"
    shape = (2, 3)


class Senses(Input):
    joints: Joints


class Acts(Output):
    pose: Joints
    drive: Drive
    chunk: Chunk


class Arm(ReactorPipeline):
    """Gives the joints that it is shown back, doubled."""

    input: Senses
    output: Acts
    fps = 50

    def inference(self):
        pose = np.zeros(3, np.float32)
        while True:
            if taken := self.input.joints.try_read(mode=ReadMode.LATEST):
                pose = 2 * taken[0].data
            chunk = np.arange(6, dtype=np.float32).reshape(2, 3)
            yield Acts(pose=pose, drive=np.arange(6, dtype=np.float64), chunk=chunk)
