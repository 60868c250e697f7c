"""The OpenAPI document of a contract, and that it says what the front end enforces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract_strategies import EVENTS, event_data
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor_zmq.wire.contract import (
    Contract,
    EventContract,
    MessageContract,
    ParamSpec,
    TrackContract,
    TypeSpec,
)
from reactor_zmq.wire.openapi import openapi, schema_hash
from reactor_zmq.wire.validate import EventValidator, InvalidDataError

INT = TypeSpec("int")
POINT = TypeSpec(
    "struct",
    name="Point",
    fields=(ParamSpec("x", INT, required=True), ParamSpec("y", INT, default=7, description="up")),
)
TEXT = TypeSpec("str", min_length=1, max_length=5)

CONTRACT = Contract(
    "paint",
    description="Paints.",
    version="1.2",
    events=(
        EventContract(
            "set_steps",
            (ParamSpec("steps", TypeSpec("int", ge=1, le=9), default=2, description="How many"),),
            sets="steps",
        ),
        EventContract(
            "go",
            (
                ParamSpec("to", POINT, required=True),
                ParamSpec(
                    "text",
                    TypeSpec("str", min_length=1, max_length=5),
                    required=True,
                    moderate=True,
                ),
            ),
            description="Go there",
            reply="http_status",
        ),
        EventContract("stop"),
    ),
    messages=(
        MessageContract(
            "http_status", (ParamSpec("code", INT, required=True),), "How it went", "HTTPStatus"
        ),
        MessageContract("done"),
    ),
    outputs=(TrackContract("main_video", "video"), TrackContract("sound", "audio", 48_000)),
    inputs=(TrackContract("camera", "video"),),
    state=(ParamSpec("steps", TypeSpec("int", ge=1, le=9), default=2),),
    required=("prompt",),
)


def parameter(spec: TypeSpec, **more: Any) -> dict[str, Any]:
    """Return the schema of a parameter of this type."""
    contract = Contract("m", events=(EventContract("go", (ParamSpec("x", spec, **more),)),))
    return body(openapi(contract), "go")["properties"]["x"]


def body(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the request schema of an event."""
    operation = document["paths"][f"/events/{name}"]["post"]
    return operation["requestBody"]["content"]["application/json"]["schema"]


def test_document_says_who_it_is() -> None:
    """OpenAPI 3.1 with the manifest's title and the docstring's description."""
    document = openapi(CONTRACT)
    assert document["openapi"] == "3.1.0"
    assert document["info"] == {"title": "paint", "version": "1.2", "description": "Paints."}
    assert openapi(Contract("m"))["info"]["version"]
    assert json.loads(json.dumps(document)) == document


def test_event_is_a_post() -> None:
    """Each event is ``POST /events/<name>`` with bounds, defaults and descriptions."""
    document = openapi(CONTRACT)
    assert set(document["paths"]) == {"/events/set_steps", "/events/go", "/events/stop"}
    assert body(document, "set_steps") == {
        "type": "object",
        "properties": {
            "steps": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9,
                "default": 2,
                "description": "How many",
            }
        },
        "additionalProperties": False,
    }
    go = document["paths"]["/events/go"]["post"]
    assert (go["operationId"], go["summary"]) == ("go", "Go there")
    assert body(document, "go")["required"] == ["to", "text"]
    assert body(document, "go")["properties"]["text"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 5,
        "x-reactor-moderate": True,
    }


def test_body_is_required_where_a_parameter_is() -> None:
    """An event that needs no data may be sent without."""
    paths = openapi(CONTRACT)["paths"]
    needs = {name: path["post"]["requestBody"]["required"] for name, path in paths.items()}
    assert needs == {"/events/set_steps": False, "/events/go": True, "/events/stop": False}


def test_event_with_a_reply_is_200_with_its_message() -> None:
    """The reply's schema is referred to; an event without one is 202."""
    document = openapi(CONTRACT)
    responses = document["paths"]["/events/go"]["post"]["responses"]
    assert responses["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/HTTPStatus"
    }
    assert set(responses) == {"200"}
    assert set(document["paths"]["/events/stop"]["post"]["responses"]) == {"202"}


def test_message_is_a_webhook() -> None:
    """Each message is a webhook by its wire name that refers to one component."""
    document = openapi(CONTRACT)
    assert set(document["webhooks"]) == {"http_status", "done"}
    post = document["webhooks"]["http_status"]["post"]
    assert post["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/HTTPStatus"
    }
    schemas = document["components"]["schemas"]
    assert schemas["HTTPStatus"]["properties"] == {"code": {"type": "integer"}}
    assert schemas["HTTPStatus"]["required"] == ["code"]
    assert schemas["HTTPStatus"]["description"] == "How it went"
    assert schemas["Done"]["properties"] == {}


def test_tracks_and_state_are_an_extension() -> None:
    """Tracks say name, kind and direction, sound its rate; state and required fields are told."""
    extension = openapi(CONTRACT)["x-reactor"]
    assert extension["tracks"] == [
        {"name": "camera", "kind": "video", "direction": "in"},
        {"name": "main_video", "kind": "video", "direction": "out"},
        {"name": "sound", "kind": "audio", "direction": "out", "sample_rate": 48_000},
    ]
    assert extension["protocol"] == 1
    assert extension["required"] == ["prompt"]
    assert extension["state"]["properties"]["steps"]["maximum"] == 9


def test_setter_names_its_field() -> None:
    """Controls can be tied to the state that they show."""
    paths = openapi(CONTRACT)["paths"]
    assert paths["/events/set_steps"]["post"]["x-reactor-sets"] == "steps"
    assert paths["/events/set_steps"]["post"]["summary"] == "Set steps"
    assert paths["/events/stop"]["post"]["summary"] == "stop"
    assert "x-reactor-sets" not in paths["/events/go"]["post"]


@pytest.mark.parametrize(
    ("spec", "schema"),
    [
        (TypeSpec("float", ge=-1.5), {"type": "number", "minimum": -1.5}),
        (TypeSpec("bool"), {"type": "boolean"}),
        (TypeSpec("str", choices=("a", "b")), {"type": "string", "enum": ["a", "b"]}),
        (
            TypeSpec("choice", choices=("a",), name="Mood"),
            {"title": "Mood", "type": "string", "enum": ["a"]},
        ),
        (TypeSpec("choice", choices=(1, 2)), {"type": "integer", "enum": [1, 2]}),
        (TypeSpec("choice", choices=("a", 1)), {"enum": ["a", 1]}),
        (TypeSpec("choice", choices=(True, False)), {"type": "boolean", "enum": [True, False]}),
        (
            TypeSpec("list", items=INT, min_length=1, max_length=2),
            {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
        ),
        (
            TypeSpec("dict", items=INT, max_length=2),
            {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
        ),
        (
            TypeSpec("int", ge=1, nullable=True),
            {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
        ),
        (TypeSpec("upload"), {"$ref": "#/components/schemas/ReactorUploadReference"}),
        (TypeSpec("any"), {}),
        (TypeSpec("any", nullable=True), {}),
        (
            POINT,
            {
                "title": "Point",
                "type": "object",
                "properties": {
                    "x": {"type": "integer"},
                    "y": {"type": "integer", "default": 7, "description": "up"},
                },
                "additionalProperties": False,
                "required": ["x"],
            },
        ),
    ],
)
def test_types_as_json_schema(spec: TypeSpec, schema: dict[str, Any]) -> None:
    """Every kind has its words in JSON Schema."""
    assert parameter(spec, required=True) == schema


def test_default_is_told_also_when_it_is_null() -> None:
    """A parameter that may be left out says what it then is."""
    assert parameter(INT, default=3)["default"] == 3
    assert parameter(TypeSpec("upload"))["default"] is None
    assert "default" not in parameter(INT, required=True)


def test_odd_names_are_quoted_in_paths() -> None:
    """An event's name is one segment of its path."""
    document = openapi(Contract("m", events=(EventContract("a/b c"),)))
    assert list(document["paths"]) == ["/events/a%2Fb%20c"]


def test_hash_changes_with_the_schema_alone() -> None:
    """The same contract has the same hash, any change another one."""
    same = Contract("m", events=(EventContract("go"),))
    assert schema_hash(same) == schema_hash(Contract("m", events=(EventContract("go"),)))
    others = [
        Contract("n", events=(EventContract("go"),)),
        Contract("m", events=(EventContract("go", (ParamSpec("x", INT),)),)),
        Contract("m", events=(EventContract("go", dedupe=True),)),
        Contract("m"),
    ]
    assert len({schema_hash(c) for c in (same, *others)}) == 5


def test_documents_are_not_shared() -> None:
    """Whoever changes a document changes no other."""
    openapi(CONTRACT)["components"]["schemas"].clear()
    assert "HTTPStatus" in openapi(CONTRACT)["components"]["schemas"]


def references(node: Any) -> list[str]:
    """Return every ``$ref`` in a document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [r for child in node.values() for r in references(child)]
    if isinstance(node, list):
        return [r for child in node for r in references(child)]
    return []


def test_references_resolve() -> None:
    """Every ``$ref`` of a document is one of its components."""
    contract = Contract(
        "m",
        events=(EventContract("go", (ParamSpec("f", TypeSpec("upload")),), reply="done"),),
        messages=(MessageContract("done", (ParamSpec("f", TypeSpec("upload")),)),),
    )
    document = openapi(contract)
    assert references(document)
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def conforms(value: Any, schema: dict[str, Any]) -> bool:
    """Return whether a value conforms to the part of JSON Schema that documents use."""
    if "anyOf" in schema:
        return any(conforms(value, s) for s in schema["anyOf"])
    if "type" in schema and not has_type(value, schema["type"]):
        return False
    listed = "enum" not in schema or any(same(value, choice) for choice in schema["enum"])
    return listed and within_bounds(value, schema)


def within_bounds(value: Any, schema: dict[str, Any]) -> bool:
    """Return whether a value of the right type keeps the bounds of its type."""
    match value:
        case bool() | None:
            return True
        case dict():
            return conforming_object(value, schema)
        case list():
            size = (schema.get("minItems"), schema.get("maxItems"))
            return within(len(value), *size) and all(conforms(v, schema["items"]) for v in value)
        case str():
            return within(len(value), schema.get("minLength"), schema.get("maxLength"))
        case _:
            return within(value, schema.get("minimum"), schema.get("maximum"))


def conforming_object(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Return whether a map conforms."""
    properties, rest = schema.get("properties", {}), schema["additionalProperties"]
    if not within(len(value), schema.get("minProperties"), schema.get("maxProperties")):
        return False
    if not set(schema.get("required", ())) <= value.keys():
        return False
    schemas = {k: properties.get(k, rest) for k in value}
    return all(s is not False and conforms(value[k], s) for k, s in schemas.items())


def has_type(value: Any, name: str) -> bool:
    """Return whether a JSON value has a type of JSON Schema; 3.0 is an integer, true is none."""
    if name in ("integer", "number"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and (name == "number" or float(value).is_integer())
    kinds: dict[str, Any] = {
        "string": str,
        "boolean": bool,
        "null": type(None),
        "array": list,
        "object": dict,
    }
    return isinstance(value, kinds[name])


def same(value: Any, choice: Any) -> bool:
    """Return whether two JSON values are equal; true is not 1."""
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)


def within(number: float, low: float | None, high: float | None) -> bool:
    """Return whether a number lies within bounds."""
    return (low is None or number >= low) and (high is None or number <= high)


@settings(max_examples=100)
@given(EVENTS.flatmap(lambda e: st.tuples(st.just(e), event_data(e))))
def test_document_says_what_is_enforced(case: tuple[EventContract, dict[str, Any]]) -> None:
    """A value conforms to the document exactly when the front end lets it in."""
    event, data = case
    (path,) = openapi(Contract("m", events=(event,)))["paths"].values()
    schema = path["post"]["requestBody"]["content"]["application/json"]["schema"]
    try:
        EventValidator(event).check(data)
    except InvalidDataError:
        assert not conforms(data, schema)
    else:
        assert conforms(data, schema)
