"""What a client publishes comes back, changed: a mirror, an outline, a trail of light."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reactor_zmq import (
    BufferClosed,
    Idle,
    Input,
    InputField,
    InputState,
    Output,
    ReactorPipeline,
    TrackPayload,
    Video,
)


class Camera(Input):
    camera: Video


class Echo(Output):
    main_video: Video


class State(InputState):
    effect: Literal["mirror", "outline", "trails"] = InputField(default="mirror")
    strength: float = InputField(default=0.7, ge=0, le=1, description="Of the effect")


def mirror(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frame[:, ::-1]


def outline(frame: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """Return bright edges on a dimmed picture."""
    light = frame.astype(np.float32)
    across, down = light[1:-1, 2:] - light[1:-1, :-2], light[2:, 1:-1] - light[:-2, 1:-1]
    edges = np.pad(np.hypot(across, down).max(2), 1)
    lit = frame * (1 - strength) + edges[..., None] * [0.5, 1.2, 1.6]
    return np.minimum(lit, 255).astype(np.uint8)


class CameraEcho(ReactorPipeline):
    """Give published video back, changed."""

    state: State

    async def inference(self) -> AsyncIterator[Echo | type[Idle]]:
        trail: Any = None
        while True:
            try:
                [taken] = await self.input.camera.read(timeout=0.2)
            except (TimeoutError, BufferClosed):
                yield Idle  # handlers run between turns: never wait long inside one
                continue
            frame = taken.data
            if trail is None or trail.shape != frame.shape:
                trail = frame.astype(np.float32)
            trail = np.maximum(frame, trail * (0.75 + 0.23 * self.state.strength))
            match self.state.effect:
                case "mirror":
                    seen = mirror(frame)
                case "outline":
                    seen = outline(frame, self.state.strength)
                case _:
                    seen = trail.astype(np.uint8)
            yield Echo(main_video=TrackPayload(seen, metadata=taken.metadata))
