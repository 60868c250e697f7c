"""A contract as OpenAPI 3.1: what an author sees, ``$schema`` answers and controls are made from.

Events are ``POST /events/<name>``, messages are webhooks, tracks stand under ``x-reactor``.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import msgspec

from reactor_zmq.wire.contract import (
    Contract,
    EventContract,
    MessageContract,
    ParamSpec,
    TrackContract,
    TypeSpec,
    encode_contract,
)
from reactor_zmq.wire.envelope import PROTOCOL_VERSION

_UPLOAD = "ReactorUploadReference"
_HASH_LENGTH = 16

_JSON_TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
_CHOICE_TYPES: dict[type, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}


def openapi(contract: Contract) -> dict[str, Any]:
    """Return the OpenAPI document of a model; a fresh one, made of plain JSON values."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": contract.model,
            "version": contract.version or "0.0.0",
            "description": contract.description,
        },
        "paths": {
            f"/events/{quote(event.name, safe='')}": {"post": _operation(event, contract)}
            for event in contract.events
        },
        "webhooks": {message.name: {"post": _webhook(message)} for message in contract.messages},
        "components": {"schemas": _components(contract)},
        "x-reactor": _extension(contract),
    }


def schema_hash(contract: Contract) -> str:
    """Return a short text that changes when the schema does."""
    return hashlib.sha256(encode_contract(contract)).hexdigest()[:_HASH_LENGTH]


def _operation(event: EventContract, contract: Contract) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": event.name,
        "summary": event.description or _summary(event),
        "requestBody": {
            "required": any(param.required for param in event.params),
            "content": _json(_object(event.params)),
        },
        "responses": _responses(event, contract),
    }
    if event.sets:
        operation["x-reactor-sets"] = event.sets
    return operation


def _summary(event: EventContract) -> str:
    return f"Set {event.sets}" if event.sets else event.name


def _responses(event: EventContract, contract: Contract) -> dict[str, Any]:
    if not event.reply:
        return {"202": {"description": "Applied; nothing is returned"}}
    component = next(_component(m) for m in contract.messages if m.name == event.reply)
    return {"200": {"description": event.reply, "content": _json(_ref(component))}}


def _webhook(message: MessageContract) -> dict[str, Any]:
    return {
        "operationId": message.name,
        "summary": message.description or message.name,
        "requestBody": {"required": True, "content": _json(_ref(_component(message)))},
        "responses": {"200": {"description": "Heard"}},
    }


def _components(contract: Contract) -> dict[str, Any]:
    return {
        _UPLOAD: _upload_schema(),
        **{_component(m): _message_schema(m) for m in contract.messages},
    }


def _message_schema(message: MessageContract) -> dict[str, Any]:
    schema = _object(message.fields)
    return {**schema, "description": message.description} if message.description else schema


def _component(message: MessageContract) -> str:
    return message.title or "".join(word.capitalize() for word in message.name.split("_"))


def _extension(contract: Contract) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL_VERSION,
        "tracks": [
            *(_track(track, "in") for track in contract.inputs),
            *(_track(track, "out") for track in contract.outputs),
        ],
        "state": _object(contract.state),
        "required": list(contract.required),
    }


def _track(track: TrackContract, direction: str) -> dict[str, Any]:
    told: dict[str, Any] = {"name": track.name, "kind": track.kind, "direction": direction}
    if track.tensor is not None:
        return told | msgspec.to_builtins(track.tensor)
    return {**told, "sample_rate": track.sample_rate} if track.kind == "audio" else told


def _object(params: tuple[ParamSpec, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {param.name: _property(param) for param in params},
        "additionalProperties": False,
    }
    required = [param.name for param in params if param.required]
    return {**schema, "required": required} if required else schema


def _property(param: ParamSpec) -> dict[str, Any]:
    schema = _type(param.type)
    if param.description:
        schema["description"] = param.description
    if not param.required:
        schema["default"] = param.default
    if param.moderate:
        schema["x-reactor-moderate"] = True
    return schema


def _type(spec: TypeSpec) -> dict[str, Any]:
    schema = _plain_type(spec)
    return {"anyOf": [schema, {"type": "null"}]} if spec.nullable and schema else schema


def _plain_type(spec: TypeSpec) -> dict[str, Any]:
    match spec.kind:
        case "any":
            return {}
        case "upload":
            return _ref(_UPLOAD)
        case "choice":
            return _titled(spec, _enum(spec.choices))
        case "struct":
            return _titled(spec, _object(spec.fields))
        case "list" | "dict":
            return _collection(spec)
        case _:
            return _scalar(spec)


def _scalar(spec: TypeSpec) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": _JSON_TYPES[spec.kind],
        **_lengths(spec, "Length"),
        **_given(minimum=spec.ge, maximum=spec.le),
    }
    return {**schema, "enum": list(spec.choices)} if spec.choices else schema


def _enum(choices: tuple[Any, ...]) -> dict[str, Any]:
    names = {_CHOICE_TYPES[type(choice)] for choice in choices}
    typed = {"type": names.pop()} if len(names) == 1 else {}
    return {**typed, "enum": list(choices)}


def _collection(spec: TypeSpec) -> dict[str, Any]:
    items = _type(spec.items) if spec.items else {}
    if spec.kind == "list":
        return {"type": "array", "items": items, **_lengths(spec, "Items")}
    return {"type": "object", "additionalProperties": items, **_lengths(spec, "Properties")}


def _lengths(spec: TypeSpec, noun: str) -> dict[str, float]:
    return _given(**{f"min{noun}": spec.min_length, f"max{noun}": spec.max_length})


def _given(**bounds: float | None) -> dict[str, float]:
    return {key: bound for key, bound in bounds.items() if bound is not None}


def _titled(spec: TypeSpec, schema: dict[str, Any]) -> dict[str, Any]:
    return {"title": spec.name, **schema} if spec.name else schema


def _upload_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A file that was uploaded before; only upload_id is looked at.",
        "format": "reactor-upload-reference",
        "properties": {
            "upload_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "name": {"type": "string", "maxLength": 255},
            "mime_type": {"type": "string", "maxLength": 127},
            "size": {"type": "integer", "minimum": 0},
        },
        "required": ["upload_id"],
        "additionalProperties": False,
    }


def _ref(component: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{component}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
