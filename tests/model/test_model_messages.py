"""What ModelMessage makes of an author's class, and how it is packed."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest

from reactor_zmq import MessageField, ModelMessage, UploadedFile
from reactor_zmq.model.messages import message_contract, message_name, pack_message, snake_case
from reactor_zmq.wire.contract import Contract, encode_contract


class Mood(enum.Enum):
    CALM = "calm"


@pytest.mark.parametrize(
    ("class_name", "wire_name"),
    [
        ("CurrentPrompt", "current_prompt"),
        ("HTTPStatus", "http_status"),
        ("GPUInfo2", "gpu_info2"),
        ("V2Ready", "v2_ready"),
        ("Progress", "progress"),
        ("ABC", "abc"),
        ("FrameRGB", "frame_rgb"),
        ("already_snake", "already_snake"),
        ("X", "x"),
    ],
)
def test_wire_name_is_the_class_name_in_snake_case(class_name: str, wire_name: str) -> None:
    """Words are split where a person would split them."""
    assert snake_case(class_name) == wire_name
    message: Any = type(class_name, (ModelMessage,), {"__module__": __name__})
    assert message_name(message) == wire_name


def test_name_overrides() -> None:
    """A class attribute ``name`` is the wire name, of this class alone."""

    class Plain(ModelMessage):
        name = "other"

    class Annotated(ModelMessage):
        name: ClassVar[str] = "other"

    class Child(Plain):
        pass

    assert message_name(Plain) == "other"
    assert message_name(Annotated) == "other"
    assert message_name(Child) == "child"


def test_field_called_name_is_a_field() -> None:
    """An annotated ``name`` is data and does not rename the message."""

    class Person(ModelMessage):
        name: str = "nobody"

    assert message_name(Person) == "person"
    assert msgspec.msgpack.decode(pack_message(Person())) == {"name": "nobody"}


def test_subclassing_makes_a_dataclass() -> None:
    """Arguments by position or name, a TypeError where one is missing, equality by value."""

    class Progress(ModelMessage):
        step: int
        total: int = 100

    assert dataclasses.is_dataclass(Progress)
    assert Progress(1) == Progress(step=1, total=100)
    with pytest.raises(TypeError, match="step"):
        Progress()  # type: ignore[call-arg]


def test_dataclass_on_top_is_harmless() -> None:
    """``@dataclass`` on top keeps defaults, factories and descriptions, also for subclasses."""

    @dataclass
    class Progress(ModelMessage):
        step: int = MessageField(default=1, description="how far")
        tags: list[str] = field(default_factory=list)
        note: str = MessageField("n")

    class Child(Progress):
        more: int = 0

    assert Progress() == Progress(1, [], "n")
    assert Progress().tags is not Progress().tags
    assert Child(2).tags == []
    assert [p.description for p in message_contract(Progress).fields] == ["how far", "", ""]
    assert [p.name for p in message_contract(Child).fields] == ["step", "tags", "note", "more"]


def test_dataclass_with_slots_is_harmless() -> None:
    """``@dataclass(slots=True)``, which makes the class anew, keeps what was described."""

    @dataclass(slots=True)
    class Progress(ModelMessage):
        step: int = MessageField(default=1, description="how far")

    assert message_contract(Progress).fields[0].description == "how far"
    assert msgspec.msgpack.decode(pack_message(Progress(2))) == {"step": 2}


def test_message_field_without_default_must_be_given() -> None:
    """MessageField(description=…) describes a field and leaves it required."""

    class Progress(ModelMessage):
        step: int = MessageField(description="how far")

    with pytest.raises(TypeError, match="step"):
        Progress()  # type: ignore[call-arg]
    (param,) = message_contract(Progress).fields
    assert (param.name, param.required, param.description) == ("step", True, "how far")


def test_numbers_keep_their_type() -> None:
    """An int stays an int and a float a float, whatever the annotation; numpy's too."""

    class Numbers(ModelMessage):
        a: int
        b: float
        c: Any
        d: Any
        e: bool

    packed = pack_message(Numbers(3, 3, np.int64(4), np.float32(0.5), e=True))
    found = msgspec.msgpack.decode(packed)
    assert found == {"a": 3, "b": 3, "c": 4, "d": 0.5, "e": True}
    assert [type(v) for v in found.values()] == [int, int, int, float, bool]
    assert type(msgspec.msgpack.decode(pack_message(Numbers(1, 1.0, 1, 1, e=True)))["b"]) is float


def test_nested_values_are_packed() -> None:
    """Enums by value, files by reference, dataclasses, tuples and maps as plain data."""

    @dataclass
    class Box:
        mood: Mood

    class Report(ModelMessage):
        box: Box
        image: UploadedFile
        pair: tuple[int, int]
        more: dict[str, Any]

    file = UploadedFile("a", "b", 1, b"c", upload_id="u")
    packed = pack_message(Report(Box(Mood.CALM), file, (1, 2), {"m": [Mood.CALM]}))
    assert msgspec.msgpack.decode(packed) == {
        "box": {"mood": "calm"},
        "image": {"upload_id": "u", "name": "a", "mime_type": "b", "size": 1},
        "pair": [1, 2],
        "more": {"m": ["calm"]},
    }


def test_message_without_fields_is_an_empty_map() -> None:
    """A message may say nothing but its name."""

    class Done(ModelMessage):
        pass

    assert pack_message(Done()) == b"\x80"


@pytest.mark.parametrize(
    "value",
    [np.zeros(2), object(), 2**64, "\udfff", {None: 1}, {(1, 2): 3}, [{b"k": 1}]],
)
def test_message_that_can_not_be_sent_says_which(value: Any) -> None:
    """What has no form on the wire, in JSON too, is a TypeError with the class's name."""

    class Report(ModelMessage):
        value: Any

    with pytest.raises(TypeError, match=r"^Report: "):
        pack_message(Report(value))


def test_contract_has_types_defaults_and_docstring() -> None:
    """Peers learn a message's fields, its description and the class's name."""

    class Report(ModelMessage):
        """How it goes."""

        step: int
        mood: Mood = Mood.CALM
        text: str | None = None

    contract = message_contract(Report)
    assert (contract.name, contract.title, contract.description) == (
        "report",
        "Report",
        "How it goes.",
    )
    step, mood, text = contract.fields
    assert (step.type.kind, step.required) == ("int", True)
    assert (mood.type.kind, mood.type.choices, mood.default) == ("choice", ("calm",), "calm")
    assert (text.type.kind, text.type.nullable, text.default) == ("str", True, None)


def test_dataclass_signature_is_no_description() -> None:
    """What @dataclass writes where there is no docstring is not shown to peers."""

    @dataclass
    class Report(ModelMessage):
        step: int

    assert message_contract(Report).description == ""


def test_fields_of_any_type_are_told_as_such() -> None:
    """A message may hold what events may not; the schema says that it can be anything."""

    class Report(ModelMessage):
        a: Any
        b: tuple[int, int]
        c: Undefined = None  # type: ignore[name-defined]  # noqa: F821
        d: Any = object()

    contract = message_contract(Report)
    assert [p.type.kind for p in contract.fields] == ["any"] * 4
    assert encode_contract(Contract("m", messages=(contract,)))
