"""What ``@event`` reads from a method, and what it refuses."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from reactor_zmq import (
    ClientInfo,
    InputField,
    InputState,
    ModelMessage,
    ReactorModel,
    ReactorPipeline,
    UploadedFile,
    event,
)
from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.wire.envelope import Encoding

if TYPE_CHECKING:
    from decimal import Decimal


class Answer(ModelMessage):
    text: str


@dataclass
class Point:
    x: int
    y: int = 0


class State(InputState):
    prompt: str = InputField(default="x", max_length=5, description="What to see")
    steps: int = InputField(default=2, ge=1, le=9)
    need: float


class Model(ReactorPipeline):
    state: State

    @event(name="move", description="Go there", dedupe=True)
    def move(self, to: Point, speed: float = InputField(default=1.0, ge=0, le=2)) -> Answer:
        """Unused, since there is a description."""
        return Answer(text=f"{to} {speed}")

    @event(name="whisper")
    async def tell(self, client: ClientInfo, text: str = "hi") -> None:
        """Tell one client."""

    @event(name="look")
    def look(self, image: UploadedFile, more: list[UploadedFile] = None):  # type: ignore[assignment]  # noqa: RUF013
        pass


FILE = UploadedFile("a.png", "image/png", 3, b"abc", upload_id="u1")
OTHER = UploadedFile("b.png", "image/png", 1, b"b", upload_id="u2")
FILES = {"u1": FILE, "u2": OTHER}


@pytest.fixture(name="events")
def events_fixture() -> dict[str, Any]:
    return ModelSpec.of(Model).events


def decoded(event_spec: Any, text: bytes) -> dict[str, Any]:
    """Return the arguments for what a client sends as JSON."""
    return event_spec.decode(Encoding.JSON, text, FILES.__getitem__)


def test_signature_is_the_schema(events: dict[str, Any]) -> None:
    """Parameters less self and client are the event's data, with their bounds and defaults."""
    contract = events["move"].contract
    assert [p.name for p in contract.params] == ["to", "speed"]
    assert contract.params[0].required
    assert not contract.params[1].required
    assert (contract.params[1].default, contract.params[1].type.le) == (1.0, 2)
    assert [p.name for p in events["whisper"].contract.params] == ["text"]


def test_decorator_is_told_to_peers(events: dict[str, Any]) -> None:
    """Description, dedupe and reply are in the contract; a docstring may be the description."""
    contract = events["move"].contract
    assert (contract.description, contract.dedupe, contract.reply) == ("Go there", True, "answer")
    assert events["move"].reply is Answer
    contract = events["whisper"].contract
    assert (contract.description, contract.dedupe, contract.reply) == (
        "Tell one client.",
        False,
        "",
    )


def test_handler_is_known_to_the_host(events: dict[str, Any]) -> None:
    """Method, kind of function and wish for the client are read from the definition."""
    tell = events["whisper"]
    assert (tell.method, tell.is_async, tell.takes_client) == ("tell", True, True)
    move = events["move"]
    assert (move.method, move.is_async, move.takes_client) == ("move", False, False)


def test_arguments_arrive_as_annotated(events: dict[str, Any]) -> None:
    """A dataclass arrives as that dataclass, a missing argument as its default."""
    assert decoded(events["move"], b'{"to": {"x": 3.0}}') == {"to": Point(3, 0), "speed": 1.0}
    assert decoded(events["whisper"], b"") == {"text": "hi"}


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [
        ("move", b'{"to": {"x": 1}, "speed": 2.5}', "speed"),
        ("move", b'{"to": {"x": "a"}}', "to.x"),
        ("move", b"{}", "to"),
        ("move", b'{"to": {"x": 1}, "fast": 1}', "fast"),
        ("whisper", b'{"client": "c1"}', "client"),
    ],
)
def test_bad_data_is_refused_with_its_field(
    events: dict[str, Any], name: str, text: bytes, field: str
) -> None:
    """A broken bound, type or name is invalid data; ``client`` in a payload is just such a name."""
    with pytest.raises(RemoteProtocolError) as caught:
        decoded(events[name], text)
    assert (caught.value.code, caught.value.field) == ("invalid_data", field)


def test_files_are_resolved(events: dict[str, Any]) -> None:
    """References become files, also inside a list."""
    values = decoded(events["look"], b'{"image":{"upload_id":"u1"},"more":[{"upload_id":"u2"}]}')
    assert values["image"] is FILE
    assert values["more"] == [OTHER]


def test_unknown_file_is_told_with_its_field(events: dict[str, Any]) -> None:
    """A reference that resolves to nothing is ``unresolved_upload``."""
    with pytest.raises(RemoteProtocolError) as caught:
        decoded(events["look"], b'{"image":{"upload_id":"u9"}}')
    assert (caught.value.code, caught.value.field) == ("unresolved_upload", "image")


def test_public_fields_have_setters(events: dict[str, Any]) -> None:
    """Each public field has a generated ``set_<field>`` with its bounds and description."""
    setter = events["set_steps"]
    assert (setter.method, setter.contract.sets) == (None, "steps")
    assert decoded(setter, b'{"steps": 9}') == {"steps": 9}
    with pytest.raises(RemoteProtocolError):
        decoded(setter, b'{"steps": 10}')
    assert events["set_prompt"].contract.description == "What to see"


def test_setter_without_data_resets_to_the_default(events: dict[str, Any]) -> None:
    """``set_x {}`` brings the default back; a required field has none to bring."""
    assert decoded(events["set_steps"], b"{}") == {"steps": 2}
    assert decoded(events["set_prompt"], b"") == {"prompt": "x"}
    with pytest.raises(RemoteProtocolError) as caught:
        decoded(events["set_need"], b"{}")
    assert caught.value.field == "need"


def test_hand_written_setter_replaces_the_generated_one() -> None:
    """The author's ``set_x`` takes the place of the generated one, bounds included."""

    class Own(ReactorPipeline):
        state: State

        @event(name="set_steps")
        def put_steps(self, steps: int):
            self.state.steps = steps

    spec = ModelSpec.of(Own)
    setter = spec.events["set_steps"]
    assert (setter.method, setter.contract.sets) == ("put_steps", "steps")
    assert decoded(setter, b'{"steps": 1000}') == {"steps": 1000}
    with pytest.raises(RemoteProtocolError):
        decoded(setter, b"{}")
    assert [e.name for e in spec.contract.events].count("set_steps") == 1


def test_two_handlers_of_one_event_are_refused() -> None:
    """Two methods with one event name are a ValueError, in one class or across its bases."""
    with pytest.raises(ValueError, match=r"Twice\.two: Twice\.one handles the event 'go' already"):

        class Twice(ReactorPipeline):
            @event(name="go")
            def one(self):
                pass

            @event(name="go")
            def two(self):
                pass

    class Base(ReactorPipeline):
        @event(name="go")
        def one(self):
            pass

    with pytest.raises(ValueError, match="handles the event 'go' already"):

        class Child(Base):
            @event(name="go")
            def two(self):
                pass


@pytest.mark.parametrize("name", ["connected", "disconnected", "$ping", "$", "", "x" * 129])
def test_reserved_names_are_refused(name: str) -> None:
    """Words of the protocol and of the hooks, and names no envelope can hold, are no events."""
    with pytest.raises(ValueError, match="can't be an event's name"):
        event(name=name)


def test_event_needs_its_name() -> None:
    """A bare ``@event`` says what is missing."""
    with pytest.raises(TypeError, match="needs a name"):

        @event  # type: ignore[arg-type]
        def go(self: Any) -> None:
            pass


def test_return_annotation_is_a_message_or_none() -> None:
    """Anything else, ModelMessage itself included, is a TypeError at class creation."""
    for annotation in ("str", "int | None", "Answer | None", "ModelMessage", "Point", "Any"):

        def handler(self: Any) -> None:
            pass

        handler.__annotations__["return"] = annotation
        body = {"handler": event(name="go")(handler), "__module__": __name__}
        with pytest.raises(TypeError, match=r"Wrong\.handler: a handler returns a ModelMessage"):
            type("Wrong", (ReactorPipeline,), body)


def test_no_return_annotation_is_fine() -> None:
    """Absent and None are the same."""

    class Quiet(ReactorPipeline):
        @event(name="a")
        def a(self):
            pass

        @event(name="b")
        def b(self) -> None:
            pass

    spec = ModelSpec.of(Quiet)
    assert (spec.events["a"].reply, spec.events["b"].reply) == (None, None)


def test_unsupported_handlers_are_refused_at_class_creation() -> None:
    """Unknown types, untyped or unnamed parameters, bad defaults and generators are TypeErrors."""

    def untyped(self, x):
        pass

    def many(self, *x: int):
        pass

    def named(self, **x: int):
        pass

    def positional(self, x: int, /):
        pass

    def opaque(self, x: bytes):
        pass

    def hidden(self, x: Decimal):
        pass

    def bad(self, x: int = InputField(default=9, le=3)):
        pass

    def yields(self):
        yield 1

    async def async_yields(self):
        yield 1

    for function in (
        untyped,
        many,
        named,
        positional,
        opaque,
        hidden,
        bad,
        yields,
        async_yields,
        staticmethod(untyped),
        classmethod(untyped),
    ):
        marked = event(name="go")(function)
        with pytest.raises(TypeError, match=r"^Wrong\.handler"):
            type("Wrong", (ReactorModel,), {"handler": marked, "__module__": __name__})


def test_untyped_parameter_is_told_what_it_lacks() -> None:
    """A parameter without annotation has no schema."""
    with pytest.raises(TypeError, match=r"Wrong\.go\(x\): a parameter needs a type annotation"):

        class Wrong(ReactorPipeline):
            @event(name="go")
            def go(self, x):
                pass


def test_overriding_an_event_needs_the_decorator_again() -> None:
    """An undecorated method does not override: the event stands, and the base's method runs."""

    class Base(ReactorPipeline):
        @event(name="go")
        def go(self, x: int = 1):
            return "base"

    class Plain(Base):
        def go(self, x: int = 1):
            return "plain"

    class Again(Base):
        @event(name="go", dedupe=True)
        def go(self, y: str = "a"):
            return "again"

    class Grandchild(Plain):
        pass

    plain, again = ModelSpec.of(Plain).events["go"], ModelSpec.of(Again).events["go"]
    assert getattr(Plain(), plain.method or "")() == "base"
    assert Plain().go() == "plain"
    assert [p.name for p in plain.contract.params] == ["x"]
    assert getattr(Again(), again.method or "")() == "again"
    assert ([p.name for p in again.contract.params], again.contract.dedupe) == (["y"], True)
    young = ModelSpec.of(Grandchild).events["go"]
    assert getattr(Grandchild(), young.method or "")() == "base"


def test_events_are_inherited_also_from_plain_mixins() -> None:
    """A mixin that is no model brings its events along."""

    class Mixin:
        @event(name="ping_me")
        def ping_me(self) -> Answer:
            return Answer(text="pong")

    class Mixed(Mixin, ReactorPipeline):
        pass

    assert ModelSpec.of(Mixed).events["ping_me"].reply is Answer


def test_decorated_functions_keep_their_signature() -> None:
    """Another decorator below @event that uses functools.wraps is looked through."""

    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return inner

    class Logged(ReactorPipeline):
        @event(name="go")
        @logged
        def go(self, x: int):
            pass

    assert [p.name for p in ModelSpec.of(Logged).events["go"].contract.params] == ["x"]


def test_classes_of_the_function_around_are_found_in_signatures() -> None:
    """Handlers may name local dataclasses and messages."""

    @dataclass
    class Local:
        n: int

    class Done(ModelMessage):
        n: int

    class Nested(ReactorPipeline):
        @event(name="go")
        def go(self, what: Local) -> Done:
            return Done(n=what.n)

    spec = ModelSpec.of(Nested).events["go"]
    assert spec.reply is Done
    assert decoded(spec, b'{"what": {"n": 1}}') == {"what": Local(1)}


def test_python_values_are_checked_alike(events: dict[str, Any]) -> None:
    """``check`` takes what an author would pass, fills defaults and makes the same values."""
    assert events["move"].check({"to": Point(1, 2)}) == {"to": Point(1, 2), "speed": 1.0}
    assert events["move"].check({"to": {"x": 1}, "speed": 2}) == {"to": Point(1, 0), "speed": 2.0}
    values = events["look"].check({"image": FILE, "more": [OTHER, FILE]})
    assert values["image"] is FILE
    assert values["more"][0] is OTHER
    assert values["more"][1] is FILE


@pytest.mark.parametrize(
    ("name", "values", "error"),
    [
        ("move", {}, TypeError),
        ("move", {"to": Point(1), "fast": 1}, TypeError),
        ("move", {"to": Point(1), "client": 1}, TypeError),
        ("move", {"to": 3}, TypeError),
        ("move", {"to": Point(1), "speed": "a"}, TypeError),
        ("move", {"to": Point(1), "speed": True}, TypeError),
        ("move", {"to": Point(1), "speed": 2.1}, ValueError),
        ("move", {"to": Point(1), "speed": float("nan")}, ValueError),
        ("set_steps", {"steps": 2.5}, TypeError),
        ("set_steps", {"steps": 10}, ValueError),
        ("set_steps", {"steps": 10.0}, ValueError),
        ("set_steps", {"steps": 2**70}, ValueError),
        ("set_prompt", {"prompt": "toolong"}, ValueError),
        ("set_prompt", {"prompt": "a\0b"}, ValueError),
        ("set_prompt", {"prompt": 3}, TypeError),
        ("look", {"image": b"abc"}, TypeError),
        ("look", {"image": {"upload_id": "u1"}}, TypeError),
    ],
)
def test_wrong_python_values_are_told_apart(
    events: dict[str, Any], name: str, values: dict[str, Any], error: type[Exception]
) -> None:
    """Wrong arguments are TypeErrors, broken bounds ValueErrors, both naming the event."""
    with pytest.raises(error, match=rf"^{name}: ") as caught:
        events[name].check(values)
    assert type(caught.value) is error


def test_mutable_parameter_default_is_made_anew() -> None:
    """A list as a parameter's default is not shared by events."""

    class Listing(ReactorPipeline):
        @event(name="go")
        def go(self, tags: list[str] = ["a"]):  # noqa: B006 - what is tested
            pass

    spec = ModelSpec.of(Listing).events["go"]
    decoded(spec, b"{}")["tags"].append("b")
    assert decoded(spec, b"{}") == {"tags": ["a"]}
