"""A policy: it sees a camera and an arm's joints, and says fifty times a second what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq import (
    BufferClosed,
    Idle,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Tensor,
    TrackPayload,
    Video,
    event,
)

JOINTS = ("base", "shoulder", "elbow", "wrist_1", "wrist_2", "wrist_3", "grip")
RATE_HZ = 50
HORIZON = 16  # steps in a chunk: what the arm goes on with when a chunk is late
REACH = np.array([1.2, 0.8])  # of base and shoulder, in radians, at the picture's edges


class JointPositions(Tensor):
    names = JOINTS
    quantity = "position"


class ActionChunk(Tensor):
    shape = (HORIZON, len(JOINTS))
    names = JOINTS
    quantity = "position"


class Senses(Input):
    camera: Video
    joints: JointPositions


class Command(Output):
    actions: ActionChunk


class State(InputState):
    speed: float = InputField(default=2.0, ge=0, le=10, description="Radians per second at most")
    hold: bool = InputField(default=False, description="Stay where the arm is")


class Punctuality(ModelMessage):
    misses: int


def brightest(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return where the light is, (x, y) from -1 to 1."""
    light = picture.max(2)
    rows, columns = np.nonzero(light >= max(int(light.max()), 1))
    if not len(rows):
        return np.zeros(2)
    height, width = light.shape
    return np.array([columns.mean() / (width - 1), rows.mean() / (height - 1)]) * 2 - 1


def newest(track: Any) -> Any:
    """Return the newest frame of an input track, None where none has come since the last look."""
    try:
        found = track.try_read()
    except BufferClosed:
        return None
    return found[0] if found else None


class PointAtLight(ReactorPipeline):
    """Points an arm at the brightest spot that its camera sees."""

    state: State
    fps = RATE_HZ

    @event(name="get_punctuality", description="How many chunks were not ready when they were due")
    def get_punctuality(self) -> Punctuality:
        return Punctuality(misses=self.output.misses)

    def inference(self) -> Iterator[Command | type[Idle]]:
        pose: NDArray[np.float32] | None = None
        aim = np.zeros(2)
        seen = b""
        while True:
            felt, looked = newest(self.input.joints), newest(self.input.camera)
            if felt is not None:
                pose = felt.data.copy()
            if looked is not None:
                aim, seen = brightest(looked.data), looked.metadata
            if pose is None:
                yield Idle
                continue
            chunk = self.plan(pose, aim)
            yield Command(actions=TrackPayload(chunk, metadata=seen))
            pose = chunk[0]  # until the arm says where it is, it is where it was told to go

    def plan(self, pose: NDArray[np.float32], aim: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the next HORIZON poses, (HORIZON, 7) float32, one for each period."""
        goal = pose.copy()
        if not self.state.hold:
            goal[:2] = aim * REACH
        most = self.state.speed / RATE_HZ * np.arange(1, HORIZON + 1)[:, None]
        return (pose + np.clip(goal - pose, -most, most)).astype(np.float32)
