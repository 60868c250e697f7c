"""The bytes and texts of Foxglove's protocol, and a model's schemas as it reads them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq_bridge.errors import BadMessageError
from reactor_zmq_bridge.foxglove import words
from reactor_zmq_bridge.foxglove.jsonschema import plain

BOUND = {"type": "number", "minimum": 0, "description": "How bright"}


def test_a_message():
    """Opcode 1, the subscription, the time in nanoseconds, the payload."""
    found = words.message(0x0102, 0x0304, b"cdr")
    assert found.hex() == "01" + "02010000" + "0403000000000000" + b"cdr".hex()


def test_a_call_and_its_answer():
    """Opcode 2 in, 3 out: service, call, encoding, payload."""
    called = words.decode_binary(bytes.fromhex("0205000000060000000400000062736f6e7b7d"))
    assert called == words.Called(5, 6, "bson", memoryview(b"{}"))
    assert words.answer(called, b"[]").hex() == (
        "03" + "05000000" + "06000000" + "04000000" + b"json[]".hex()
    )


def test_a_published_message():
    """Opcode 1 in: the client's channel and the payload."""
    assert words.decode_binary(b"\1\7\0\0\0abc") == words.Published(7, memoryview(b"abc"))


def test_operations():
    """Texts become operations; fields that are not known are left alone."""
    text = '{"op": "subscribe", "subscriptions": [{"id": 1, "channelId": 2, "more": 3}]}'
    assert words.decode_text(text, 100) == words.Subscribe((words.Subscription(1, 2),))
    with pytest.raises(BadMessageError, match="at most 10"):
        words.decode_text(text, 10)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_message_or_refused(data):
    """Whatever comes, nothing else is raised."""
    try:
        found = words.decode_binary(data)
    except BadMessageError:
        return
    assert isinstance(found, words.Published | words.Called)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_text_is_an_operation_or_refused(value):
    """The same of texts."""
    with pytest.raises(BadMessageError):
        words.decode_text(json.dumps(value), 10_000)


def test_schemas_are_plain():
    """References are followed, what may be null is what it is else, and all has a type."""
    components = {"Pose": {"type": "object", "properties": {"x": BOUND, "any": {}}}}
    schema = {
        "type": "object",
        "properties": {
            "pose": {"$ref": "#/components/schemas/Pose"},
            "seed": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            "path": {"type": "array", "items": {"$ref": "#/components/schemas/Pose"}},
            "mode": {"enum": ["day", "night"]},
        },
        "required": ["pose"],
        "additionalProperties": False,
    }
    pose = {"type": "object", "properties": {"x": BOUND, "any": {"type": "string"}}}
    assert json.loads(plain(schema, components)) == {
        "type": "object",
        "required": ["pose"],
        "properties": {
            "pose": pose,
            "seed": {"type": "integer", "default": None},
            "path": {"type": "array", "items": pose},
            "mode": {"type": "string", "enum": ["day", "night"]},
        },
    }


def test_a_schema_that_names_itself_ends():
    """A reference to itself is followed for a while only."""
    components = {"Node": {"type": "object", "properties": {"next": {"$ref": "#/x/Node"}}}}
    assert len(plain(components["Node"], components)) < 10_000
