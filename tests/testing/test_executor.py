"""The pipeline executor: a model's turns and events, one call at a time."""

from __future__ import annotations

import asyncio
import gc

import numpy as np
import pytest

from reactor_zmq import (
    CommandError,
    EventError,
    Idle,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    PipelineExecutor,
    ReactorModel,
    ReactorPipeline,
    UploadedFile,
    Video,
    connected,
    disconnected,
    event,
    session_ended,
)
from reactor_zmq.testing import StepResult


class Out(Output):
    main_video: Video


class Cameras(Input):
    camera: Video


class State(InputState):
    prompt: str = "meadow"
    level: int = InputField(default=0, ge=0, le=10)
    image: UploadedFile | None = None


class Said(ModelMessage):
    what: str


class Pipe(ReactorPipeline):
    state: State
    output: Out
    input: Cameras

    def load(self, config):
        self.config = config
        self.ended = []

    @connected
    async def joined(self, client):
        await client.send(Said(what=f"hello {client.id}"))

    @disconnected
    async def left(self):
        await self.send(Said(what="bye"))

    @session_ended
    def over(self):
        self.ended.append(self.state.prompt)

    @event(name="shout")
    async def shout(self, word: str, client) -> Said:
        await self.send(Said(what=word.upper()))
        return Said(what=f"done {client.id}")

    @event(name="refuse")
    def refuse(self):
        raise EventError("no", "not today")

    @event(name="break")
    def broken(self):
        raise KeyError("bug")

    async def inference(self):
        try:
            while True:
                await self.send(Said(what=f"turn {self.state.prompt}"))
                yield np.full((2, 3, 3), self.state.level, np.uint8)
                yield Idle
        finally:
            self.ended.append("finally")


def words(messages):
    return [m.what for m in messages]


def test_each_action_returns_only_what_was_sent_during_it():
    """connect, next, send_event and disconnect, in one life."""
    with PipelineExecutor(Pipe, {"a": 1}) as executor:
        assert executor.model.config == {"a": 1}
        assert words(executor.connect()) == ["hello client-1"]
        step = executor.next()
        assert isinstance(step, StepResult)
        assert words(step.messages) == ["turn meadow"]
        assert isinstance(step.output, Out)
        assert step.output.main_video.max() == 0
        assert step.compute_time >= 0
        assert words(executor.send_event("shout", word="hey")) == ["HEY", "done client-1"]
        assert executor.send_event("set_level", level=7) == []
        idle = executor.next()
        assert (idle.output, idle.messages) == (None, [])
        assert executor.next().output.main_video.max() == 7
        assert words(executor.connect("b")) == ["hello b"]
        assert words(executor.send_event("shout", as_client="b", word="x")) == ["X", "done b"]
        assert words(executor.disconnect("b")) == ["bye"]
        assert executor.disconnect() == []
        assert executor.model.ended == ["finally", "meadow"]


def test_a_new_session_starts_from_fresh_state():
    """As in a served model."""
    with PipelineExecutor(Pipe) as executor:
        executor.connect()
        executor.send_event("set_prompt", prompt="storm")
        executor.disconnect()
        executor.connect()
        assert words(executor.next().messages) == ["turn meadow"]


def test_next_before_connect_stops():
    """And after everybody has left."""
    with PipelineExecutor(Pipe) as executor:
        with pytest.raises(StopIteration):
            executor.next()
        executor.connect()
        executor.disconnect()
        with pytest.raises(StopIteration):
            executor.next()


@pytest.mark.parametrize(
    ("name", "arguments", "error", "told"),
    [
        ("shot", {}, ValueError, r"'shot'.*shout"),
        ("shout", {}, TypeError, "word"),
        ("shout", {"word": "a", "loud": True}, TypeError, "loud"),
        ("shout", {"word": 5}, TypeError, "word"),
        ("set_level", {"level": 11}, ValueError, "level"),
        ("set_level", {"level": 1.5}, TypeError, "level"),
        ("refuse", {}, CommandError, "not today"),
        ("break", {}, KeyError, "bug"),
    ],
)
def test_an_event_that_does_not_fit_raises(name, arguments, error, told):
    """ValueError with the list, TypeError, ValueError for a bound, and the author's own."""
    with PipelineExecutor(Pipe) as executor:
        executor.connect()
        with pytest.raises(error, match=told):
            executor.send_event(name, **arguments)
        assert words(executor.next().messages) == ["turn meadow"]


def test_an_event_needs_somebody_who_sends_it():
    """A client that is there."""
    with PipelineExecutor(Pipe) as executor:
        with pytest.raises(ValueError, match="connect"):
            executor.send_event("refuse")
        executor.connect("a")
        with pytest.raises(ValueError, match="there already"):
            executor.connect("a")
        with pytest.raises(ValueError, match="connect"):
            executor.send_event("refuse", as_client="b")
        with pytest.raises(ValueError, match="no client 'b'"):
            executor.disconnect("b")


def test_an_uploaded_file_is_given_as_it_is():
    """No upload id, no bytes on a wire."""
    file = UploadedFile("cat.png", "image/png", 3, b"cat")
    with PipelineExecutor(Pipe) as executor:
        executor.connect()
        executor.send_event("set_image", image=file)
        assert executor.model.state.image is file


def test_frames_can_be_pushed_into_input_tracks():
    """One, or each of a batch; a wrong track or shape is told."""

    class Reads(Pipe):
        async def inference(self):
            while True:
                frames = await ReactorPipeline.input.fget(self).camera.read(2)
                yield frames[-1].data

    with PipelineExecutor(Reads) as executor:
        executor.connect()
        executor.push_media("camera", np.full((2, 3, 3), 1, np.uint8))
        batch = np.full((2, 2, 3, 3), 5, np.uint8)
        assert executor.push_media("camera", batch) == []
        batch[...] = 0
        assert executor.next().output.main_video.max() == 5
        with pytest.raises(RuntimeError, match="push_media"):
            executor.next()  # nobody could push while it waited
        with pytest.raises(ValueError, match=r"'mic'.*'camera'"):
            executor.push_media("mic", batch)
        with pytest.raises(TypeError, match="uint8"):
            executor.push_media("camera", np.zeros((2, 3, 3)))


def test_what_a_turn_raises_comes_out():
    """A wrong yield too; the next call starts the generator again."""

    class Breaks(Pipe):
        async def inference(self):
            if self.state.level:
                raise KeyError("bug")
            yield "text"

    with PipelineExecutor(Breaks) as executor:
        executor.connect()
        with pytest.raises(TypeError, match="main_video"):
            executor.next()
        executor.send_event("set_level", level=1)
        with pytest.raises(KeyError, match="bug"):
            executor.next()


def test_a_generator_that_returns_starts_again():
    """One that never yields is told."""

    class Short(Pipe):
        def inference(self):
            if self.state.level < 3:
                yield self.output_of()

        def output_of(self):
            return Out(main_video=np.zeros((1, 1, 3), np.uint8))

    with PipelineExecutor(Short) as executor:
        executor.connect()
        assert executor.next().output is not None
        assert executor.next().output is not None
        executor.send_event("set_level", level=5)
        with pytest.raises(RuntimeError, match="without a yield"):
            executor.next()


def test_required_fields_hold_the_generator():
    """The error names them."""

    class Needy(InputState):
        seed: int

    class Model(ReactorPipeline):
        state: Needy
        output: Out

        def inference(self):
            while True:
                yield np.full((1, 1, 3), self.state.seed, np.uint8)

    with PipelineExecutor(Model) as executor:
        executor.connect()
        with pytest.raises(RuntimeError, match="seed"):
            executor.next()
        executor.send_event("set_seed", seed=9)
        assert executor.next().output.main_video.max() == 9


def test_only_pipelines_can_be_stepped():
    """A loop of the author's own has no turns."""
    for wrong in (ReactorModel, Pipe.load, 5):
        with pytest.raises(TypeError, match="ReactorPipeline"):
            PipelineExecutor(wrong)


def test_load_may_be_async_and_its_error_comes_out():
    """With the author's own as the cause."""

    class Loads(Pipe):
        async def load(self, config):
            await asyncio.sleep(0)
            raise KeyError("weights")

    with pytest.raises(Exception, match="weights") as caught:
        PipelineExecutor(Loads)
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_executor_that_is_forgotten_leaves_nothing_open(resources):
    """No warning about an event loop that nobody closed."""
    executor = PipelineExecutor(Pipe)
    executor.connect()
    executor.next()
    del executor
    gc.collect()


def test_a_closed_executor_says_so():
    """Closing twice is harmless."""
    executor = PipelineExecutor(Pipe)
    executor.close()
    executor.close()
    with pytest.raises(RuntimeError, match="closed"):
        executor.connect()
