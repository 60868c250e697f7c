"""What a host learns of a model class: state, tracks, messages, settings, contract."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from reactor_zmq import (
    ClientInfo,
    Idle,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorModel,
    ReactorPipeline,
    Video,
    event,
)
from reactor_zmq.model.messages import message_name
from reactor_zmq.model.pipeline import attach_port
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.model.state import take_changes
from reactor_zmq.wire.contract import decode_contract, encode_contract

if TYPE_CHECKING:
    from collections.abc import Generator


class State(InputState):
    prompt: str = "x"
    need: int
    also: int = 1


def module(name: str, source: str) -> ModuleType:
    """Return a module made of source text, as a file of an author's would be."""
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(source, f"{name}.py", "exec"), vars(made))  # noqa: S102 - the test's own text
    return made


@pytest.fixture(autouse=True)
def no_made_modules_left() -> Any:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("made_"):
            del sys.modules[name]


HEAD = """
from __future__ import annotations
from reactor_zmq import *
"""


def track_names(spec: ModelSpec) -> tuple[list[str], list[str]]:
    """Return the names of output and input tracks."""
    return [t.name for t in spec.outputs], [t.name for t in spec.inputs]


def test_state_is_found_by_annotation() -> None:
    """``state: MyState`` says what the state is made of; required fields hold the generator."""

    class Model(ReactorPipeline):
        state: State

    class Child(Model):
        pass

    for cls in (Model, Child):
        spec = ModelSpec.of(cls)
        assert spec.state_class is State
        assert spec.required == ("need",)
        assert take_changes(spec.new_state()) == {"prompt": "x", "also": 1}  # type: ignore[arg-type]
        assert spec.new_state() is not spec.new_state()


def test_nearest_state_annotation_counts() -> None:
    """A subclass may extend its parent's state."""

    class More(State):
        extra: bool = False

    class Model(ReactorPipeline):
        state: State

    class Child(Model):
        state: More

    assert "set_extra" in ModelSpec.of(Child).events
    assert "set_extra" not in ModelSpec.of(Model).events
    assert "set_prompt" in ModelSpec.of(Child).events


def test_model_without_state_has_none() -> None:
    """State is optional."""

    class Model(ReactorPipeline):
        pass

    spec = ModelSpec.of(Model)
    assert (spec.state_class, spec.new_state(), spec.events, spec.required) == (None, None, {}, ())


@pytest.mark.parametrize("annotation", ["int", "ModelMessage", "Undefined", "Any"])
def test_state_of_another_kind_is_refused(annotation: str) -> None:
    """``state`` is an InputState or a TypeError at class creation."""
    body = {"__annotations__": {"state": annotation}, "__module__": __name__}
    with pytest.raises(TypeError, match=r"^Wrong\.state"):
        type("Wrong", (ReactorPipeline,), body)


def test_outputs_by_annotation_come_first() -> None:
    """``output: MyOutput`` on the class or a base decides."""
    made = module(
        "made_annotated",
        HEAD
        + """
class A(Output):
    a: Video
class B(Output):
    b: Video
class Base(ReactorPipeline):
    output: B
    def inference(self):
        yield A(a=1)
class Model(Base):
    pass
""",
    )
    assert track_names(ModelSpec.of(made.Model)) == (["b"], [])


def test_outputs_by_return_annotation() -> None:
    """What ``inference`` is annotated to yield decides next, unions included."""
    made = module(
        "made_yielding",
        HEAD
        + """
from collections.abc import AsyncIterator, Generator
class A(Output):
    a: Video
class B(Output):
    b: Video
class One(ReactorPipeline):
    async def inference(self) -> AsyncIterator[B]:
        yield self.make()
class Two(ReactorPipeline):
    def inference(self) -> Generator[A | B | None, None, None]:
        yield self.make()
""",
    )
    assert track_names(ModelSpec.of(made.One)) == (["b"], [])
    assert track_names(ModelSpec.of(made.Two)) == (["a", "b"], [])


def test_outputs_by_name_in_the_code() -> None:
    """Without annotations the classes that the methods' code names are the outputs."""
    made = module(
        "made_named",
        HEAD
        + """
class A(Output):
    a: Video
class B(Output):
    b: Video
class First(ReactorPipeline):
    def inference(self):
        yield A(a=1)
class Second(ReactorPipeline):
    def inference(self):
        yield from (self.make(x) for x in range(3))
    def make(self, x):
        return (lambda: B(b=x))()
class Loop(ReactorModel):
    async def run(self):
        await self.emit(A(a=1))
""",
    )
    assert track_names(ModelSpec.of(made.First)) == (["a"], [])
    assert track_names(ModelSpec.of(made.Second)) == (["b"], [])
    assert track_names(ModelSpec.of(made.Loop)) == (["a"], [])


def test_imported_output_is_found() -> None:
    """The Output may stand in another file; naming it is enough."""
    module("made_types", HEAD + "class A(Output):\n    a: Video\n")
    made = module(
        "made_importing",
        HEAD
        + """
from made_types import A
class Model(ReactorPipeline):
    def inference(self):
        yield A(a=1)
""",
    )
    assert track_names(ModelSpec.of(made.Model)) == (["a"], [])


def test_only_output_of_the_module_is_found() -> None:
    """A bare array goes to the one Output that the file declares, abstract bases left out."""
    made = module(
        "made_single",
        HEAD
        + """
class Abstract(Output):
    pass
class A(Abstract):
    a: Video
class Model(ReactorPipeline):
    def inference(self):
        yield 1
""",
    )
    assert track_names(ModelSpec.of(made.Model)) == (["a"], [])


def test_outputs_that_nobody_names_are_all_there() -> None:
    """Where a helper outside the class makes the Output, each one of the file may come."""
    made = module(
        "made_helped",
        HEAD
        + """
class A(Output):
    a: Video
class B(Output):
    b: Video
def make(x):
    return A(a=x)
class Model(ReactorPipeline):
    def inference(self):
        yield make(1)
""",
    )
    assert track_names(ModelSpec.of(made.Model)) == (["a", "b"], [])


def test_local_output_comes_before_the_module() -> None:
    """Classes beside the class statement are nearer than those of the file."""

    class Mine(Output):
        mine: Video

    class Model(ReactorPipeline):
        def inference(self):
            yield 1

    assert ModelSpec.of(Model).output_classes == (Mine,)


def test_names_for_type_checkers_alone_do_not_disturb() -> None:
    """A return annotation that exists for type checkers only is passed over."""

    class Mine(Output):
        mine: Video

    class Model(ReactorPipeline):
        def inference(self) -> Generator[Output, None, None]:
            yield Mine(mine=1)

    assert ModelSpec.of(Model).output_classes == (Mine,)


def test_model_without_tracks_has_none() -> None:
    """A model may have no output at all."""
    made = module(
        "made_idle",
        HEAD
        + """
class Model(ReactorPipeline):
    def inference(self):
        yield Idle
""",
    )
    assert track_names(ModelSpec.of(made.Model)) == ([], [])


def test_inputs_by_annotation_or_as_the_only_ones() -> None:
    """``input: MyInput`` decides, else the file's one Input."""
    made = module(
        "made_inputs",
        HEAD
        + """
class Cam(Input):
    cam: Video
class Plain(ReactorPipeline):
    def inference(self):
        yield Idle
""",
    )
    assert track_names(ModelSpec.of(made.Plain)) == ([], ["cam"])

    class Mic(Input):
        mic: Video

    class Other(Input):
        other: Video

    class Model(ReactorPipeline):
        input: Mic

    assert track_names(ModelSpec.of(Model)) == ([], ["mic"])


def test_one_of_several_inputs_is_taken_only_where_input_is_used() -> None:
    """In a file of several models, one that never reads gets no input tracks."""

    class Cam(Input):
        cam: Video

    class Mic(Input):
        mic: Video

    class Deaf(ReactorPipeline):
        def inference(self):
            yield Idle

    class Hearing(ReactorPipeline):
        async def inference(self):
            yield await self.input.mic.read()

    assert track_names(ModelSpec.of(Deaf)) == ([], [])
    assert track_names(ModelSpec.of(Hearing)) == ([], ["cam", "mic"])


@pytest.mark.parametrize("name", ["output", "input"])
def test_tracks_of_another_kind_are_refused(name: str) -> None:
    """``output`` and ``input`` are annotated with their own kind or the class is refused."""
    body = {"__annotations__": {name: "InputState"}, "__module__": __name__}
    with pytest.raises(TypeError, match=rf"Wrong\.{name}: expected a subclass of"):
        type("Wrong", (ReactorPipeline,), body)


def test_messages_are_replies_those_named_and_those_of_the_file() -> None:
    """Peers learn every message that the model can be seen to send."""
    module("made_words", HEAD + "class Elsewhere(ModelMessage):\n    n: int\n")
    made = module(
        "made_messages",
        HEAD
        + """
import made_words
from made_words import Elsewhere
class Beside(ModelMessage):
    n: int
class Reply(ModelMessage):
    n: int
class Model(ReactorPipeline):
    @event(name="go")
    def go(self) -> Reply:
        ...
    async def inference(self):
        await self.send(Elsewhere(n=1))
        yield Idle
""",
    )
    spec = ModelSpec.of(made.Model)
    assert {message_name(m) for m in spec.messages} == {"reply", "elsewhere", "beside"}


def test_two_messages_of_one_name_are_refused() -> None:
    """A client could not tell them apart."""

    class Done(ModelMessage):
        n: int

    class Other(ModelMessage):
        name = "done"

    class Model(ReactorPipeline):
        async def inference(self):
            await self.send(Done(n=1))
            await self.send(Other())
            yield Idle

    with pytest.raises(ValueError, match="two messages are called 'done'"):
        ModelSpec.of(Model)


def test_title_and_description() -> None:
    """The title is the manifest's or the class's name, the description the nearest docstring."""

    class Base(ReactorPipeline):
        """Paint.

        In oil.
        """

    class Child(Base):
        pass

    class Silent(ReactorPipeline):
        pass

    assert (ModelSpec.of(Child).title, ModelSpec.of(Child, "paint").contract.model) == (
        "Child",
        "paint",
    )
    assert ModelSpec.of(Child).contract.description == "Paint.\n\nIn oil."
    assert ModelSpec.of(Silent).description == ""


def test_pacing_is_read_from_the_class_or_any_base() -> None:
    """``fps`` pins the rate, ``buffer_size`` is 2 unless said otherwise."""

    class Base(ReactorPipeline):
        fps = 30

    class Child(Base):
        buffer_size = 5

    class Free(ReactorModel):
        pass

    assert (ModelSpec.of(Child).fps, ModelSpec.of(Child).buffer_size) == (30.0, 5)
    assert (ModelSpec.of(Free).fps, ModelSpec.of(Free).buffer_size) == (None, 2)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("fps", 0, ValueError),
        ("fps", -1.0, ValueError),
        ("fps", float("inf"), ValueError),
        ("fps", float("nan"), ValueError),
        ("fps", "30", TypeError),
        ("fps", True, TypeError),
        ("buffer_size", 0, ValueError),
        ("buffer_size", 1.5, TypeError),
        ("buffer_size", True, TypeError),
        ("buffer_size", None, TypeError),
    ],
)
def test_pacing_out_of_bounds_is_refused(name: str, value: Any, error: type[Exception]) -> None:
    """A rate or size that can't be is refused when the class is made."""
    with pytest.raises(error, match=rf"Wrong\.{name}"):
        type("Wrong", (ReactorPipeline,), {name: value, "__module__": __name__})


def test_pipelines_and_models_are_told_apart() -> None:
    """A pipeline has a generator, a model a loop."""

    class Pipeline(ReactorPipeline):
        pass

    class Model(ReactorModel):
        pass

    assert ModelSpec.of(Pipeline).is_pipeline
    assert not ModelSpec.of(Model).is_pipeline


@pytest.mark.parametrize("cls", [ReactorPipeline, ReactorModel, int, "Model", None])
def test_what_is_no_model_is_refused(cls: Any) -> None:
    """The bases themselves and anything else that a target may name are TypeErrors."""
    with pytest.raises(TypeError):
        ModelSpec.of(cls)


def test_contract_survives_the_link() -> None:
    """What the actor publishes is what the front end reads."""

    class Model(ReactorPipeline):
        state: State

        @event(name="go")
        def go(self, x: list[int] = InputField(default=None, max_length=3)):  # noqa: B008 - read once
            pass

    contract = ModelSpec.of(Model).contract
    assert decode_contract(encode_contract(contract)) == contract
    assert contract.required == ("need",)
    assert [p.name for p in contract.state] == ["need", "prompt", "also"]


def test_what_the_host_gives_says_when_it_is_there() -> None:
    """Before the host has the model, and outside a session, using either explains itself."""

    class Model(ReactorPipeline):
        state: State

    model = Model()
    for name in ("connected", "input", "output"):
        with pytest.raises(RuntimeError, match=rf"Model\.{name} is there once"):
            getattr(model, name)
    with pytest.raises(RuntimeError, match=r"Model\.state is there while a session runs"):
        _ = model.state
    with pytest.raises(RuntimeError, match=r"Model\.report_progress"):
        model.report_progress(1)
    with pytest.raises(AttributeError, match="encoder"):
        _ = model.encoder  # type: ignore[attr-defined]


class RecordingPort:
    """A host that writes down what it is asked."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.connected = asyncio.Event()
        self.input = object()
        self.output = object()

    async def send(self, message: Any, client_id: str | None = None) -> None:
        self.said.append(("send", message, client_id))

    async def emit(self, output: Any, compute_time: Any = None, *, drop: bool = False) -> None:
        self.said.append(("emit", output, compute_time, drop))

    def progress(self, done: float, total: float = 0, text: str = "") -> None:
        self.said.append(("progress", done, total, text))


def test_model_speaks_through_its_port() -> None:
    """send, emit, report_progress, connected, input and output go to the host."""

    class Model(ReactorModel):
        pass

    async def use() -> tuple[Model, RecordingPort]:
        model, port = Model(), RecordingPort()
        attach_port(model, port)  # type: ignore[arg-type]
        await model.send("m")  # type: ignore[arg-type]
        await model.emit("o", 0.5, drop=True)
        await model.emit("p")
        model.report_progress(1, 2, "half")
        return model, port

    model, port = asyncio.run(use())
    assert port.said == [
        ("send", "m", None),
        ("emit", "o", 0.5, True),
        ("emit", "p", None, False),
        ("progress", 1, 2, "half"),
    ]
    assert model.connected is port.connected
    assert model.input is port.input
    assert model.output is port.output


def test_run_waits_for_ever_by_default() -> None:
    """A ReactorModel without a loop of its own lives on its handlers."""

    class Model(ReactorModel):
        pass

    async def wait() -> bool:
        task = asyncio.create_task(Model().run())
        for _ in range(10):
            await asyncio.sleep(0)
        waiting = not task.done()
        task.cancel()
        return waiting

    assert asyncio.run(wait())


def test_pipeline_without_inference_says_so() -> None:
    """The default generator names the class that lacks one."""

    class Model(ReactorPipeline):
        pass

    with pytest.raises(NotImplementedError, match="Model has no inference"):
        Model().inference()


def test_client_sends_to_itself() -> None:
    """``await client.send(message)`` is the function that the host gave."""
    said: list[Any] = []

    async def send(message: ModelMessage) -> None:
        said.append(message)

    client = ClientInfo("c1", 1.5, send)
    asyncio.run(client.send("hello"))  # type: ignore[arg-type]
    assert said == ["hello"]
    assert client == ClientInfo("c1", 1.5, None)  # type: ignore[arg-type]
    assert repr(client) == "ClientInfo(id='c1', joined_at=1.5)"


def test_idle_is_one_object_called_or_not() -> None:
    """``yield Idle`` and ``yield Idle()`` mean the same."""
    assert Idle() is Idle
    assert repr(Idle) == "Idle"


def test_async_pipelines_may_annotate_what_they_yield() -> None:
    """The usual annotation of an async generator is read with the names of the function around."""

    class Mine(Output):
        mine: Video

    class Model(ReactorPipeline):
        async def inference(self) -> AsyncIterator[Mine]:
            yield self.make()  # type: ignore[attr-defined]

    assert ModelSpec.of(Model).output_classes == (Mine,)
