"""The types that InputField knows, and their bounds."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import (  # noqa: UP035 - as authors write
    Annotated,
    Any,
    Dict,
    Generic,
    List,
    Literal,
    Optional,
    TypeVar,
    Union,
)

import msgspec
import numpy as np
import pytest

from reactor_zmq import InputField, InputState, UploadedFile
from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.model.events import EventSpec, setter_spec
from reactor_zmq.model.state import state_fields
from reactor_zmq.wire.envelope import Encoding

T = TypeVar("T")


class Mood(enum.Enum):
    CALM = "calm"
    WILD = "wild"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int
    y: int = InputField(default=7, ge=0, description="up")
    tags: list[str] = field(default_factory=list)


@dataclass
class Even:
    n: int

    def __post_init__(self) -> None:
        if self.n % 2:
            raise ValueError("secret")


class Camera(msgspec.Struct, rename="camel"):
    focal_length: float = 35.0
    mood: Mood = Mood.CALM
    zoom: Annotated[int, msgspec.Meta(ge=1, le=3, description="times")] = 1


@dataclass
class Box(Generic[T]):
    content: T


class Node(msgspec.Struct):
    child: Optional[Node] = None  # noqa: UP045 - msgspec resolves it by itself


FILE = UploadedFile("a.png", "image/png", 3, b"abc", upload_id="u1")
MISSING = object()


def setter(annotation: Any, default: Any = MISSING) -> EventSpec:
    """Return the generated setter of a state field ``x``."""
    body: dict[str, Any] = {"__annotations__": {"x": annotation}, "__module__": __name__}
    if default is not MISSING:
        body["x"] = default
    state: Any = type("State", (InputState,), body)
    return setter_spec(state_fields(state)["x"])


def sent(event: EventSpec, value: Any) -> Any:
    """Return what the handler gets for a value that a client sends, the same in both encodings."""
    found = [
        event.decode(encoding, codec.encode({"x": value}), {"u1": FILE}.__getitem__)["x"]
        for encoding, codec in (
            (Encoding.JSON, msgspec.json),
            (Encoding.MSGPACK, msgspec.msgpack),
        )
    ]
    assert found[0] == found[1]
    assert type(found[0]) is type(found[1])
    return found[0]


def refused(event: EventSpec, value: Any) -> RemoteProtocolError:
    """Return the error that a client hears for a value, the same in both encodings."""
    errors: list[RemoteProtocolError] = []
    for encoding, codec in ((Encoding.JSON, msgspec.json), (Encoding.MSGPACK, msgspec.msgpack)):
        with pytest.raises(RemoteProtocolError) as caught:
            event.decode(encoding, codec.encode({"x": value}), {"u1": FILE}.__getitem__)
        errors.append(caught.value)
    assert (errors[0].code, errors[0].field) == (errors[1].code, errors[1].field)
    return errors[0]


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, 3, 3),
        (int, 3.0, 3),
        (float, 3, 3.0),
        (float, 2.5, 2.5),
        (str, "ü", "ü"),
        (bool, True, True),
        (Literal["a", 2], "a", "a"),
        (Literal["a", 2], 2, 2),
        (Literal[1, 2], 2.0, 2),
        (Literal["a", None], None, None),  # noqa: PYI061 - as authors write
        (Optional[int], None, None),  # noqa: UP045 - as authors write
        (int | None, 4.0, 4),
        (Union[str, None], "x", "x"),  # noqa: UP007 - as authors write
        (list[int], [1, 2.0], [1, 2]),
        (List[str], ["a"], ["a"]),  # noqa: UP006 - as authors write
        (list[int | None], [None, 1], [None, 1]),
        (dict[str, float], {"a": 1}, {"a": 1.0}),
        (Dict[str, bool], {"a": True}, {"a": True}),  # noqa: UP006 - as authors write
        (Mood, "wild", Mood.WILD),
        (Level, 2, Level.HIGH),
        (list[Mood], ["calm"], [Mood.CALM]),
        (dict[str, Mood], {"a": "calm"}, {"a": Mood.CALM}),
        (Point, {"x": 1}, Point(1, 7, [])),
        (list[Point], [{"x": 1, "y": 2, "tags": ["t"]}], [Point(1, 2, ["t"])]),
        (Point | None, None, None),
        (Camera, {"focalLength": 50}, Camera(50.0)),
        (Camera, {"mood": "wild", "zoom": 3}, Camera(mood=Mood.WILD, zoom=3)),
        (UploadedFile, {"upload_id": "u1"}, FILE),
        (
            UploadedFile,
            {"upload_id": "u1", "name": "a", "mime_type": "b", "size": 3},
            FILE,
        ),
        (list[UploadedFile], [{"upload_id": "u1"}], [FILE]),
        (Annotated[int, "a note"], 3, 3),
        (Annotated[int, msgspec.Meta(ge=1)], 1, 1),
    ],
)
def test_values_of_every_supported_type(annotation: Any, value: Any, expected: Any) -> None:
    """What a client sends arrives as a value of the annotated type, exactly."""
    found = sent(setter(annotation), value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 3.5),
        (int, True),
        (int, "3"),
        (int, None),
        (float, True),
        (float, "1.0"),
        (str, 3),
        (bool, 1),
        (bool, "true"),
        (Literal["a", 2], "b"),
        (Literal[1, 2], True),
        (Literal[True], 1),
        (list[int], "abc"),
        (list[int], [1, "a"]),
        (dict[str, int], [1]),
        (dict[str, int], {"a": "b"}),
        (Mood, "sad"),
        (Mood, "CALM"),
        (Level, 1.5),
        (Point, {}),
        (Point, {"x": 1, "z": 2}),
        (Point, {"x": 1, "y": -1}),
        (Point, [1, 2]),
        (Camera, {"zoom": 4}),
        (Camera, {"focal_length": 50.0}),
        (UploadedFile, "u1"),
        (UploadedFile, None),
        (UploadedFile, {"name": "a"}),
        (Annotated[int, msgspec.Meta(ge=1)], 0),
    ],
)
def test_other_values_are_refused(annotation: Any, value: Any) -> None:
    """What does not fit is invalid data at the field; nothing is converted to make it fit."""
    error = refused(setter(annotation), value)
    assert error.code == "invalid_data"
    assert (error.field or "").startswith("x")


@pytest.mark.parametrize(
    ("annotation", "field_info", "good", "bad"),
    [
        (int, InputField(ge=2, le=5), (2, 5, 5.0), (1, 6, 1.0, 6.0)),
        (int, InputField(ge=0.5, le=2.5), (1, 2), (0, 3)),
        (float, InputField(ge=-1.5, le=1), (-1.5, 1, 1.0), (-1.6, 1.1, 2)),
        (str, InputField(min_length=2, max_length=3), ("ab", "äöü"), ("a", "abcd")),
        (list[int], InputField(min_length=1, max_length=2), ([1], [1, 2]), ([], [1, 2, 3])),
        (
            dict[str, int],
            InputField(min_length=1, max_length=1),
            ({"a": 1},),
            ({}, {"a": 1, "b": 2}),
        ),
        (str, InputField(choices=["a", "b"]), ("a",), ("c", "")),
        (int, InputField(choices=(1, 5)), (1, 5, 5.0), (2,)),
        (float, InputField(choices=[0.5, 1]), (0.5, 1, 1.0), (0.6,)),
        (int | None, InputField(ge=2), (2, None), (1,)),
        (str | None, InputField(min_length=2), ("ab", None), ("a",)),
        (str | None, InputField(choices=["a"]), ("a", None), ("b",)),
    ],
)
def test_bounds_are_inclusive_and_null_passes_an_optional(
    annotation: Any, field_info: Any, good: tuple[Any, ...], bad: tuple[Any, ...]
) -> None:
    """Bounds include their ends; null is a value of an Optional whatever its bounds."""
    event = setter(annotation, field_info)
    for value in good:
        assert sent(event, value) == value
    for value in bad:
        assert refused(event, value).field == "x"


@pytest.mark.parametrize("annotation", ["float", "float | None", "int"])
@pytest.mark.parametrize("default", [InputField(), InputField(ge=0), InputField(le=0)])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_nan_and_infinities_fail_bounds(annotation: str, default: Any, value: float) -> None:
    """MessagePack can carry them; no number takes them, bounds or not."""
    event = setter(annotation, default)
    with pytest.raises(RemoteProtocolError):
        event.decode(Encoding.MSGPACK, msgspec.msgpack.encode({"x": value}), {}.__getitem__)


@pytest.mark.parametrize(
    "annotation",
    [
        Any,
        object,
        bytes,
        complex,
        tuple[int, int],
        set[int],
        list,
        dict,
        list[Any],
        dict[int, str],
        int | str,
        int | str | None,
        Sequence[int],
        dt.datetime,
        Path,
        np.ndarray,
        type(None),
        Literal[b"x"],
        Literal[Mood.CALM],
        "list[bytes]",
        "Undefined",
        "Point | Undefined",
        "][",
        Node,
        "Box[int]",
    ],
)
def test_other_types_are_refused_at_definition(annotation: Any) -> None:
    """Anything else is a TypeError when the class is made, naming class and field."""
    with pytest.raises(TypeError, match=r"^State\.x"):
        setter(annotation)


def test_refused_type_is_told_with_what_there_is() -> None:
    """The error names the type as the author wrote it, and lists the supported ones."""
    with pytest.raises(TypeError, match=r"the type bytes is not supported; use int, float, str"):
        setter(bytes)


def test_enum_needs_members_with_a_form_on_the_wire() -> None:
    """An Enum without members, or with opaque values, is no type for the wire."""

    class Empty(enum.Enum):
        pass

    class Opaque(enum.Enum):
        A = object()

    for kind, text in ((Empty, "has no members"), (Opaque, "no form on the wire")):
        with pytest.raises(TypeError, match=text):
            setter(kind)


def test_record_default_is_checked_at_definition() -> None:
    """A nested default that breaks its own type is a TypeError, as it would be at the top."""

    @dataclass
    class Bad:
        n: int = "three"  # type: ignore[assignment]

    with pytest.raises(TypeError, match=r"State\.x\.n: the default"):
        setter(Bad)


@pytest.mark.parametrize(
    ("annotation", "info", "text"),
    [
        (str, InputField(ge=1), "ge does not belong to a str"),
        (int, InputField(max_length=1), "max_length does not belong to a int"),
        (bool, InputField(choices=[True]), "choices does not belong to a bool"),
        (Mood, InputField(choices=["calm"]), "choices does not belong to a choice"),
        (UploadedFile, InputField(ge=1), "ge does not belong to a upload"),
        (int, InputField(ge="1"), "ge must be a finite number"),
        (int, InputField(le=True), "le must be a finite number"),
        (float, InputField(ge=float("nan")), "ge must be a finite number"),
        (str, InputField(max_length=-1), "max_length must be a length"),
        (str, InputField(min_length=1.5), "min_length must be a length"),
        (int, InputField(ge=3, le=2), "leave no value"),
        (str, InputField(min_length=3, max_length=2), "leave no value"),
        (int, InputField(choices=["a"]), "the choice 'a' does not fit"),
        (Annotated[int, msgspec.Meta(gt=1)], InputField(), "gt"),
    ],
)
def test_bounds_that_make_no_sense_are_refused_at_definition(
    annotation: Any, info: Any, text: str
) -> None:
    """A bound of another type, or one that leaves nothing, is a TypeError."""
    with pytest.raises(TypeError, match=r"State\.x") as caught:
        setter(annotation, info)
    assert text in str(caught.value)


def test_record_reaches_the_handler_as_its_class_with_fresh_defaults() -> None:
    """Each event has its own lists, also where they come from a default."""
    event = setter(Point)
    first, second = sent(event, {"x": 1}), sent(event, {"x": 1})
    assert isinstance(first, Point)
    first.tags.append("t")
    assert second.tags == []


def test_record_that_refuses_itself_is_invalid_data_without_its_words() -> None:
    """What a dataclass's own check says stays in the log."""
    error = refused(setter(Even), {"n": 3})
    assert (error.code, error.field, error.text) == ("invalid_data", "x", "not a valid Even")
    assert sent(setter(Even), {"n": 2}) == Even(2)


def test_classes_of_the_function_around_are_found() -> None:
    """String annotations may name classes that stand beside the class statement."""

    class Local(enum.Enum):
        A = "a"

    @dataclass
    class Box:
        kind: Local

    class State(InputState):
        kind: Local = Local.A
        box: Box = None  # type: ignore[assignment]

    fields = state_fields(State)
    assert fields["kind"].param.type.choices == ("a",)
    event = setter_spec(fields["box"])
    found = event.decode(Encoding.JSON, b'{"box": {"kind": "a"}}', {}.__getitem__)
    assert found == {"box": Box(Local.A)}


def test_classes_of_a_class_body_around_are_found() -> None:
    """A state nested in a class may name what stands in that class and in the function around."""

    class Outer:
        class Tone(enum.Enum):
            LOW = "low"

        class State(InputState):
            tone: Tone = "low"  # type: ignore[name-defined, assignment]  # noqa: F821
            mood: Mood = Mood.CALM

    assert state_fields(Outer.State)["tone"].default is Outer.Tone.LOW


def test_classes_of_the_functions_further_out_are_found() -> None:
    """A running function whose text holds the class statement is its scope, at any depth."""

    class Far(enum.Enum):
        A = "a"

    def make() -> Any:
        class State(InputState):
            x: Far = Far.A

        return State

    class Bystander:
        made = make()

    assert state_fields(Bystander.made)["x"].param.type.choices == ("a",)


def make_state_with_a_hidden_name() -> None:
    class State(InputState):
        x: Hidden = None  # type: ignore[name-defined]  # noqa: F821


def test_locals_of_a_caller_are_not_found() -> None:
    """What merely calls the function that holds the class statement is no scope of the class."""

    class Hidden(enum.Enum):
        A = "a"

    with pytest.raises(TypeError, match="can't be resolved here: name 'Hidden'"):
        make_state_with_a_hidden_name()
    assert Hidden.A
