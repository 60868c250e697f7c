"""The page that the authoring API is known by, stepped exactly as it stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reactor_zmq import (
    InputField,
    InputState,
    ModelMessage,
    Output,
    PipelineExecutor,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
)


@dataclass
class MyOutput(Output):
    main_video: Video


@dataclass
class MyState(InputState):
    prompt: str = InputField(default="a sunny meadow")
    reference_image: UploadedFile = InputField(  # noqa: RUF009 - as the page has it
        default=None, description="Reference image for conditioning"
    )
    _img_embedding: Any = None


@dataclass
class CurrentPrompt(ModelMessage):
    prompt: str


@dataclass
class Progress(ModelMessage):
    step: int
    total: int


class MyModel(ReactorPipeline):
    state: MyState

    @event(name="get_current_prompt", description="Return the current prompt")
    async def get_current_prompt(self):
        await self.send(CurrentPrompt(prompt=self.state.prompt))

    @event(name="set_reference_image", description="Encode the reference image once")
    def set_reference_image(self, reference_image: UploadedFile):
        self.state.reference_image = reference_image
        self.state._img_embedding = self.encoder(reference_image.data)

    async def inference(self):
        step = 0
        while True:
            frame = self.pipe.forward(prompt=self.state.prompt, step=step)
            await self.send(Progress(step=step, total=100))
            step += 1
            yield MyOutput(main_video=frame)


class Painter:
    """Stands for the weights: paints the prompt's length and the step."""

    def forward(self, prompt, step):
        return np.array([[[len(prompt), step, 0]]], np.uint8)


class Loaded(MyModel):
    def load(self, config):
        self.pipe, self.encoder = Painter(), len


def test_the_page_works_as_it_stands():
    """Setters from the state, a hand-written one, messages, frames."""
    with PipelineExecutor(Loaded) as executor:
        assert executor.connect() == []
        first = executor.next()
        assert first.messages == [Progress(step=0, total=100)]
        assert first.output.main_video.ravel().tolist() == [len("a sunny meadow"), 0, 0]
        assert executor.send_event("set_prompt", prompt="a storm") == []
        asked = executor.send_event("get_current_prompt")
        assert asked == [CurrentPrompt(prompt="a storm")]
        assert executor.next().output.main_video.ravel().tolist() == [len("a storm"), 1, 0]
        file = UploadedFile("cat.png", "image/png", 5, b"bytes")
        assert executor.send_event("set_reference_image", reference_image=file) == []
        assert executor.model.state.reference_image is file
        assert executor.model.state._img_embedding == 5
        executor.disconnect()
