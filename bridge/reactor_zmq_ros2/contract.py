"""What a model offers, read from its OpenAPI document as far as ROS has words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON = "json"
SCALARS = {"boolean": "bool", "integer": "int", "number": "float", "string": "str"}
UPLOAD = "reactor-upload-reference"

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """One parameter of an event, or one field of the state.

    Attributes:
        kind: ``bool``, ``int``, ``float``, ``str``, one of these with ``[]`` for a list,
            ``upload``, or ``json`` for what ROS parameters can't hold.
        choices: The only values it takes, where there are such.
        required: It has no default.
    """

    name: str
    kind: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    description: str = ""
    required: bool = False


@dataclass(frozen=True)
class Event:
    """One event: its parameters by name, and the state field that it sets, if it is a setter."""

    name: str
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    sets: str = ""
    description: str = ""


@dataclass(frozen=True)
class Contract:
    """Everything of a model that the bridge has to know."""

    model: str
    events: dict[str, Event]
    state: dict[str, Value]

    def setter(self, name: str) -> Event | None:
        """Return the event that sets a field of the state."""
        return next((event for event in self.events.values() if event.sets == name), None)


def read_contract(document: Schema) -> Contract:
    """Read a model's ``$schema``; what is not understood becomes ``json``."""
    components = document.get("components", {}).get("schemas", {})
    events = {
        path.removeprefix("/events/"): _event(path.removeprefix("/events/"), item, components)
        for path, item in document.get("paths", {}).items()
    }
    state = document.get("x-reactor", {}).get("state", {})
    return Contract(
        model=document.get("info", {}).get("title", ""),
        events=events,
        state=_values(state, components, document.get("x-reactor", {}).get("required", ())),
    )


def _event(name: str, item: Schema, components: Schema) -> Event:
    post = item["post"]
    body = post.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(body.get("schema", {}), components)
    return Event(
        name=name,
        values=_values(schema, components, schema.get("required", ())),
        sets=post.get("x-reactor-sets", ""),
        description=post.get("description", "") or post.get("summary", ""),
    )


def _values(schema: Schema, components: Schema, required: Any) -> dict[str, Value]:
    return {
        name: _value(name, inner, components, required=name in required)
        for name, inner in schema.get("properties", {}).items()
    }


def _value(name: str, schema: Schema, components: Schema, *, required: bool) -> Value:
    inner = _resolved(schema, components)
    return Value(
        name=name,
        kind=_kind(inner, components),
        minimum=inner.get("minimum"),
        maximum=inner.get("maximum"),
        choices=tuple(inner.get("enum", ())),
        description=schema.get("description", "") or inner.get("description", ""),
        required=required,
    )


def _kind(schema: Schema, components: Schema) -> str:
    if schema.get("format") == UPLOAD:
        return "upload"
    kind = schema.get("type")
    if kind == "array":
        inner = _kind(_resolved(schema.get("items", {}), components), components)
        return f"{inner}[]" if inner in SCALARS.values() else JSON
    if isinstance(kind, str) and kind in SCALARS:
        return SCALARS[kind]
    return _kind_of_choices(schema.get("enum", ()))


def _kind_of_choices(choices: Sequence[Any]) -> str:
    kinds: set[type] = {type(choice) for choice in choices}
    return kinds.pop().__name__ if len(kinds) == 1 and kinds <= {str, int, float, bool} else JSON


def _resolved(schema: Schema, components: Schema) -> Schema:
    """Return what a schema refers to; one that may be null is what it is otherwise."""
    if reference := schema.get("$ref"):
        return components[reference.rpartition("/")[2]]
    kinds: list[Schema] = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    return {**schema, **_resolved(kinds[0], components)} if len(kinds) == 1 else schema
