"""The files that ``reactor-zmq init`` writes; ``@NAME@`` becomes the run's name."""

MODEL = '''"""Waves whose colour and speed clients may change while they run."""

from collections.abc import Iterator

import numpy as np
from reactor_zmq import (
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    event,
)

HEIGHT, WIDTH = 240, 320


class Picture(Output):
    main_video: Video


class Controls(InputState):
    hue: float = InputField(default=0.6, ge=0, le=1, description="Colour, once around the circle")
    speed: float = InputField(default=1.0, ge=0, le=10, description="How fast the waves run")


class Settings(ModelMessage):
    hue: float
    speed: float


class Waves(ReactorPipeline):
    """Waves whose colour and speed clients may change while they run."""

    state: Controls
    fps = 30

    @event(name="get_settings", description="Return what is set")
    def get_settings(self) -> Settings:
        return Settings(hue=self.state.hue, speed=self.state.speed)

    def inference(self) -> Iterator[Picture]:
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / 30
        phase = 0.0
        while True:
            phase += 0.1 * self.state.speed
            rings = np.sin(np.hypot(x - 5, y - 4) - phase)
            height = (np.sin(x + phase) + np.sin(y + 0.5 * phase) + rings) / 3
            yield Picture(main_video=paint(height, self.state.hue))


def paint(height: np.ndarray, hue: float) -> np.ndarray:
    """Return ``(height, width, 3) uint8`` from heights between -1 and 1."""
    turns = hue + 0.15 * height[..., None] + np.array([0, 1 / 3, 2 / 3])
    return (127.5 + 127.5 * np.cos(2 * np.pi * turns)).astype(np.uint8)
'''

MANIFEST = """model:
  name: @NAME@
runtime:
  import: "model:Waves"
"""

TEST = '''"""The model without sockets, turn by turn."""

import numpy as np
from model import HEIGHT, WIDTH, Waves
from reactor_zmq.testing import PipelineExecutor


def test_a_frame_is_a_picture():
    """Each turn yields one picture of the size that was promised."""
    with PipelineExecutor(Waves) as waves:
        waves.connect()
        frame = np.asarray(waves.next().output.main_video)
        assert frame.shape == (HEIGHT, WIDTH, 3)
        assert frame.dtype == np.uint8


def test_the_hue_shows_in_the_next_frame():
    """What a client sets is seen in the very next turn."""
    with PipelineExecutor(Waves) as waves:
        waves.connect()
        waves.send_event("set_speed", speed=0)
        before = np.asarray(waves.next().output.main_video)
        waves.send_event("set_hue", hue=0.1)
        assert not np.array_equal(before, np.asarray(waves.next().output.main_video))
'''

README = """# @NAME@

Shows waves whose colour and speed clients may change while they run.

    reactor-zmq run .
    reactor-zmq watch @NAME@
    reactor-zmq send @NAME@ set_hue hue=0.1
    reactor-zmq send @NAME@ get_settings

`model.py` is the model, `reactor.yaml` names it, `pytest` tests it without sockets.
"""

FILES = {
    "model.py": MODEL,
    "reactor.yaml": MANIFEST,
    "test_model.py": TEST,
    "README.md": README,
}
