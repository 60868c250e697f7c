"""What InputState makes of an author's class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest

from reactor_zmq import InputField, InputState, UploadedFile
from reactor_zmq.model.state import missing_required, pack_value, state_fields, take_changes


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


@dataclass(frozen=True)
class Size:
    width: int = 4
    height: int = 3


class Lens(msgspec.Struct, rename="camel"):
    focal_length: float


FILE = UploadedFile("a.png", "image/png", 3, b"abc", upload_id="u1")
FILES = {"u1": FILE}


def test_subclassing_makes_a_dataclass() -> None:
    """A state is a dataclass without anybody saying so."""

    class State(InputState):
        prompt: str = "x"

    assert dataclasses.is_dataclass(State)
    assert State(prompt="y").prompt == "y"
    assert State() == State(prompt="x")


def test_dataclass_on_top_is_harmless() -> None:
    """``@dataclass`` on top changes neither fields, defaults, order nor required fields."""

    class Plain(InputState):
        prompt: str = InputField(default="x", max_length=5)
        steps: int
        _hidden: Any = None

    @dataclass
    class Decorated(InputState):
        prompt: str = InputField(default="x", max_length=5)
        steps: int
        _hidden: Any = None

    assert state_fields(Decorated) == state_fields(Plain)
    for state in (Plain(), Decorated()):
        assert state.prompt == "x"
        assert missing_required(state) == ("steps",)
    assert repr(Decorated(3)) == "Decorated(steps=3, prompt='x', _hidden=None)"


def test_dataclass_with_slots_is_harmless() -> None:
    """``@dataclass(slots=True)``, which makes the class anew, keeps fields and tracking."""

    @dataclass(slots=True)
    class State(InputState):
        steps: int
        prompt: str = "x"

    state = State()
    assert missing_required(state) == ("steps",)
    state.steps = 3
    assert take_changes(state) == {"prompt": "x", "steps": 3}


def test_fields_without_default_are_moved_first() -> None:
    """A required field may stand anywhere; positions count it first, and so does the schema."""

    class State(InputState):
        prompt: str = "x"
        steps: int
        scale: float = 1.0

    state = State(7)
    assert (state.steps, state.prompt) == (7, "x")
    assert list(state_fields(State)) == ["steps", "prompt", "scale"]


@pytest.mark.parametrize("default", [[], {}, set(), bytearray(b"")])
@pytest.mark.parametrize("name", ["tags", "_tags"])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: InputField(default=x)])
def test_mutable_default_is_refused(default: Any, name: str, wrap: Any) -> None:
    """A mutable default, raw or in InputField, public or private, is a TypeError that names it."""
    body = {"__annotations__": {name: list[str]}, name: wrap(default), "__module__": __name__}
    with pytest.raises(TypeError, match=rf"State\.{name}: the mutable default"):
        type("State", (InputState,), body)


@pytest.mark.parametrize("name", ["tags", "_tags"])
def test_default_factory_is_refused(name: str) -> None:
    """default_factory is a TypeError on public and private fields."""
    body = {
        "__annotations__": {name: list[str]},
        name: field(default_factory=list),
        "__module__": __name__,
    }
    with pytest.raises(TypeError, match=rf"State\.{name}: default_factory"):
        type("State", (InputState,), body)


def test_input_field_has_no_default_factory() -> None:
    """InputField(default_factory=…) is a TypeError as well."""
    with pytest.raises(TypeError, match="default_factory"):
        InputField(default_factory=list)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("annotation", "default", "text"),
    [
        (int, "a", "expected int, got str"),
        (int, True, "got bool"),
        (int, 3.5, "fraction"),
        (str, 3, "expected str"),
        (int, InputField(default=9, le=8), "<= 8"),
        (int, InputField(default=1, ge=2), ">= 2"),
        (float, InputField(default=float("nan"), ge=0), ">= 0"),
        (str, InputField(default="abcd", max_length=3), "length <= 3"),
        (str, InputField(default="", min_length=1), "length >= 1"),
        (str, InputField(default="x", choices=["a", "b"]), "one of 'a', 'b'"),
        (Mood, "sad", "one of"),
        (UploadedFile, FILE, "does not fit"),
    ],
)
def test_default_that_breaks_its_own_type_or_bounds_is_refused(
    annotation: Any, default: Any, text: str
) -> None:
    """A default is held against its own declaration when the class is made."""
    body = {"__annotations__": {"x": annotation}, "x": default, "__module__": __name__}
    with pytest.raises(TypeError, match=r"State\.x: the default .*does not fit") as caught:
        type("State", (InputState,), body)
    assert text in str(caught.value)


def test_none_is_always_allowed_as_default() -> None:
    """None needs no Optional and no room within the bounds."""

    class State(InputState):
        prompt: str = None  # type: ignore[assignment]
        steps: int = InputField(default=None, ge=1)

    state = State()
    assert state.prompt is None
    assert state.steps is None
    assert missing_required(state) == ()


def test_defaults_are_values_of_their_type() -> None:
    """An Enum given by value becomes the member, 3 a float and 3.0 an int."""

    class State(InputState):
        mood: Mood = "calm"  # type: ignore[assignment]
        scale: float = 3
        steps: int = 3.0  # type: ignore[assignment]
        size: Size = Size(8, 6)

    state = State()
    assert state.mood is Mood.CALM
    assert (type(state.scale), type(state.steps)) == (float, int)
    assert state.size == Size(8, 6)


def test_private_field_needs_a_default() -> None:
    """A private field without default is a TypeError that names it."""
    with pytest.raises(TypeError, match=r"State\._cache: a private field needs a default"):

        class State(InputState):
            _cache: Any

    with pytest.raises(TypeError, match=r"Other\._cache: a private field needs a default"):

        class Other(InputState):
            _cache: Any = field(repr=False)


def test_private_field_may_have_any_type_even_unknown_names() -> None:
    """A private field's annotation is never looked up."""

    class State(InputState):
        _net: torch.nn.Module | None = None  # type: ignore[name-defined]  # noqa: F821

    assert State()._net is None
    assert state_fields(State) == {}


def test_class_variables_are_no_fields() -> None:
    """ClassVar is left alone."""

    class State(InputState):
        limit: ClassVar[int] = 3
        prompt: str = "x"

    assert list(state_fields(State)) == ["prompt"]


@pytest.mark.parametrize("annotation", ["UploadedFile", "UploadedFile | None"])
def test_upload_slot_defaults_to_none(annotation: str) -> None:
    """An upload field without default is a slot with None in it, and never required."""
    body = {"__annotations__": {"image": annotation}, "__module__": __name__}
    state_class: Any = type("State", (InputState,), body)
    state = state_class()
    assert state.image is None
    assert missing_required(state) == ()
    spec = state_fields(state_class)["image"]
    assert spec.param.type.kind == "upload"
    assert spec.param.type.nullable is ("None" in annotation)


def test_subclass_inherits_and_may_redeclare() -> None:
    """Parents' fields are there; one may get another default, bounds or become required."""

    class Base(InputState):
        prompt: str = "x"
        steps: int = InputField(default=1, le=5)
        scale: float
        _note: str = "n"

    class Child(Base):
        steps: int = InputField(default=9, le=10)
        prompt: str
        scale: float = 2.0
        extra: bool = False

    state = Child()
    assert (state.steps, state.scale, state.extra, state._note) == (9, 2.0, False, "n")
    assert missing_required(state) == ("prompt",)
    assert state_fields(Child)["steps"].param.type.le == 10
    assert state_fields(Base)["steps"].param.type.le == 5
    assert list(state_fields(Child)) == ["prompt", "steps", "scale", "extra"]


def test_redeclaring_needs_the_annotation() -> None:
    """A bare assignment in a subclass, which a dataclass would ignore, is a TypeError."""

    class Base(InputState):
        prompt: str = "x"

    with pytest.raises(TypeError, match=r"Child\.prompt: a field is redeclared"):

        class Child(Base):
            prompt = "y"


def test_unset_required_field_can_not_be_read() -> None:
    """Reading a required field before it is set names it; once set it is there."""

    class State(InputState):
        prompt: str
        steps: int = 1

    state = State()
    with pytest.raises(AttributeError, match=r"State\.prompt is required"):
        _ = state.prompt
    assert missing_required(state) == ("prompt",)
    assert repr(state) == "State(steps=1)"
    state.prompt = "y"
    assert state.prompt == "y"
    assert missing_required(state) == ()


def test_required_fields_are_listed_in_order() -> None:
    """Missing ones come in order of declaration."""

    class State(InputState):
        b: str
        x: int = 1
        a: str

    state = State()
    assert missing_required(state) == ("b", "a")
    state.b = ""
    assert missing_required(state) == ("a",)


def test_changes_are_the_public_fields_assigned_since_the_last_time() -> None:
    """The first call returns all that have a value; later ones what was assigned, by order."""

    class State(InputState):
        prompt: str = "x"
        steps: int = 1
        need: str
        _note: str = "n"

    state = State()
    assert take_changes(state) == {"prompt": "x", "steps": 1}
    assert take_changes(state) == {}
    state.need = "z"
    state.prompt = "y"
    state._note = "m"
    state.other = 3  # type: ignore[attr-defined]
    changes = take_changes(state)
    assert changes == {"need": "z", "prompt": "y"}
    assert list(changes) == ["need", "prompt"]
    state.prompt = "y"
    assert take_changes(state) == {"prompt": "y"}


def test_states_do_not_share_changes() -> None:
    """Each session's state is its own."""

    class State(InputState):
        prompt: str = "x"

    first, second = State(), State()
    take_changes(first)
    take_changes(second)
    first.prompt = "y"
    assert take_changes(second) == {}
    assert second.prompt == "x"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (3, 3),
        (3.0, 3.0),
        (True, True),
        ("ü", "ü"),
        (Mood.WILD, "wild"),
        (Size(1, 2), {"width": 1, "height": 2}),
        ([Mood.CALM], ["calm"]),
        ({"a": Size(1, 2)}, {"a": {"width": 1, "height": 2}}),
        (FILE, {"upload_id": "u1", "name": "a.png", "mime_type": "image/png", "size": 3}),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.str_("a"), "a"),
        (Lens(2.0), {"focalLength": 2.0}),
    ],
)
def test_values_are_packed_for_peers(value: Any, plain: Any) -> None:
    """A file becomes its reference, an Enum its value, a dataclass a map, a scalar a number."""
    found = msgspec.msgpack.decode(pack_value(value))
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("value", [np.zeros(3), object(), 2**70, "\ud800", [np.zeros(1)]])
def test_values_without_form_on_the_wire_are_refused(value: Any) -> None:
    """Arrays, opaque objects and what MessagePack can't hold are a TypeError."""
    with pytest.raises(TypeError, match="can't be sent"):
        pack_value(value)


def test_packed_values_are_restored_as_they_were() -> None:
    """What was packed comes back as the author's value, files by their id."""

    class State(InputState):
        mood: Mood = Mood.CALM
        sizes: list[Size] = None  # type: ignore[assignment]
        image: UploadedFile = None  # type: ignore[assignment]
        prompt: str = InputField(default="x", max_length=2)

    fields = state_fields(State)

    def again(name: str, value: Any) -> Any:
        return fields[name].decode(pack_value(value), FILES.__getitem__)

    assert again("mood", Mood.WILD) is Mood.WILD
    assert again("sizes", [Size(1, 2)]) == [Size(1, 2)]
    assert again("image", FILE) is FILE
    assert again("image", None) is None
    # The author may assign what clients may not send.
    assert again("prompt", "long text") == "long text"


def test_restoring_an_unknown_file_raises_key_error() -> None:
    """A file that is gone can't be restored."""

    class State(InputState):
        image: UploadedFile = None  # type: ignore[assignment]

    packed = pack_value(FILE)
    with pytest.raises(KeyError):
        state_fields(State)["image"].decode(packed, {}.__getitem__)
