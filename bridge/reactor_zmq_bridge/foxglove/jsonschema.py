"""A model's schemas as Foxglove reads JSON Schema: one object, nothing referred to, all typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Schema = Mapping[str, Any]
_NESTED = 16
_SCALARS = ("boolean", "integer", "number", "string")


def plain(schema: Schema, components: Mapping[str, Schema]) -> str:
    """Return the schema of an object as text; what has no type of its own is told as a string.

    Bounds, choices, defaults and descriptions stay: they are what a person fills in by.
    """
    return msgspec.json.encode(_object(schema, components, _NESTED)).decode()


def _object(schema: Schema, components: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    schema = _resolved(schema, components)
    inner: Mapping[str, Schema] = schema.get("properties", {})
    told = {name: _plain(each, components, depth - 1) for name, each in inner.items()}
    kept = {key: schema[key] for key in ("title", "description", "required") if key in schema}
    return {"type": "object", **kept, "properties": told}


def _plain(schema: Schema, components: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    schema = _resolved(schema, components)
    kind = schema.get("type")
    if depth <= 0:
        return {"type": "string"}
    if kind == "object":
        return _object(schema, components, depth)
    if kind == "array":
        items = _plain(schema.get("items", {}), components, depth - 1)
        return {**schema, "items": items}
    return {**schema, "type": kind if kind in _SCALARS else "string"}


def _resolved(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    if reference := schema.get("$ref"):
        return components.get(str(reference).rpartition("/")[2], {})
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            rest = {key: value for key, value in schema.items() if key != "anyOf"}
            return {**rest, **_resolved(each, components)}
    return schema
