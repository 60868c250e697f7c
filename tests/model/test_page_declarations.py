"""The page of the authoring API that a model's author reads first, word for word."""

from dataclasses import dataclass
from typing import Any

import pytest

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
from reactor_zmq.model.messages import message_name, pack_message
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.model.tracks import TrackSpec
from reactor_zmq.wire.envelope import Encoding
from reactor_zmq.wire.openapi import openapi


@dataclass
class MyOutput(Output):
    main_video: Video


@dataclass
class MyState(InputState):
    prompt: str = InputField(default="a sunny meadow")
    reference_image: UploadedFile = InputField(  # noqa: RUF009 - the page says so
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

    @event(
        name="set_reference_image", description="Encode the reference image once, when it arrives"
    )
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


FILE = UploadedFile("a.png", "image/png", 3, b"abc", upload_id="u1")


@pytest.fixture(name="spec")
def spec_fixture() -> ModelSpec:
    return ModelSpec.of(MyModel)


def test_page_has_its_events_tracks_and_messages(spec: ModelSpec) -> None:
    """The page's class offers the generated setter, both handlers, its track and its messages."""
    assert set(spec.events) == {"set_prompt", "get_current_prompt", "set_reference_image"}
    assert spec.outputs == (TrackSpec("main_video", "video", 0),)
    assert spec.output_classes == (MyOutput,)
    assert {message_name(m) for m in spec.messages} == {"current_prompt", "progress"}
    assert spec.is_pipeline
    assert spec.state_class is MyState


def test_page_setter_is_generated_and_decodes_json(spec: ModelSpec) -> None:
    """``set_prompt`` has no method of its own and takes what the page's client sends."""
    setter = spec.events["set_prompt"]
    assert (setter.method, setter.contract.sets) == (None, "prompt")
    assert setter.decode(Encoding.JSON, b'{"prompt": "a storm"}', lambda _: FILE) == {
        "prompt": "a storm"
    }


def test_page_handler_replaces_the_generated_setter(spec: ModelSpec) -> None:
    """``set_reference_image`` is the author's own and gets the file's bytes."""
    handler = spec.events["set_reference_image"]
    assert handler.method == "set_reference_image"
    values = handler.decode(
        Encoding.JSON, b'{"reference_image": {"upload_id": "u1"}}', {"u1": FILE}.__getitem__
    )
    assert values["reference_image"].data == b"abc"


def test_page_message_goes_out_as_the_page_says() -> None:
    """``CurrentPrompt`` is ``current_prompt`` with its one field."""
    assert message_name(CurrentPrompt) == "current_prompt"
    assert pack_message(CurrentPrompt(prompt="a storm")) == b"\x81\xa6prompt\xa7a storm"


def test_page_private_field_is_neither_on_the_wire_nor_in_the_schema(spec: ModelSpec) -> None:
    """``_img_embedding`` is a plain attribute of the state and nothing else."""
    assert spec.new_state()._img_embedding is None
    assert "embedding" not in str(openapi(spec.contract))
