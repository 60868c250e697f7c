"""State, events, messages and a reference picture, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipe import Encoder, Pipe

from reactor_zmq import (
    InputField,
    InputState,
    ModelMessage,
    Output,
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
    reference_image: UploadedFile = InputField(
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
    """A landscape that follows its prompt."""

    state: MyState
    fps = 20

    def load(self, config: dict[str, Any]) -> None:
        self.encoder, self.pipe = Encoder(), Pipe(**config)

    @event(name="get_current_prompt", description="Return the current prompt")
    async def get_current_prompt(self):
        await self.send(CurrentPrompt(prompt=self.state.prompt))

    @event(
        name="set_reference_image", description="Encode the reference image once, when it arrives"
    )
    def set_reference_image(self, reference_image: UploadedFile):
        self.state.reference_image = reference_image
        self.state._img_embedding = self.encoder(reference_image.data)

    async def inference(self):
        step = 0
        while True:
            frame = self.pipe.forward(
                prompt=self.state.prompt, step=step, image=self.state._img_embedding
            )
            await self.send(Progress(step=step, total=100))
            step += 1
            yield MyOutput(main_video=frame)
