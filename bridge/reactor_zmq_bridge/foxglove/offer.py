"""What Foxglove is offered of a run: channels, services, parameters, and topics to publish to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from reactor_zmq.wire.control import InputInfo, TopicInfo
from reactor_zmq.wire.scope import Scope, covers
from reactor_zmq_bridge.foxglove.jsonschema import Schema, plain
from reactor_zmq_recording.channels import (
    WORDS,
    ChannelPlan,
    Direction,
    Track,
    metadata_plan,
    ros_name,
    track_plan,
    word_plan,
)
from reactor_zmq_recording.pictures import Codec
from reactor_zmq_ros2.contract import Contract, Event, Value, read_contract
from reactor_zmq_ros2.definitions import schema_text

_TYPES = {"float": "float64", "float[]": "float64_array"}


@dataclass(frozen=True)
class Channel:
    """One channel, whose messages are those that a recording would hold.

    Attributes:
        plan: Its topic and message.
        track: Whose frames it shows; None for words.
        codec: Of pictures.
        metadata: Whether it shows the frames' metadata instead of them.
    """

    plan: ChannelPlan
    track: Track | None = None
    codec: Codec = "raw"
    metadata: bool = False

    def told(self, number: int) -> dict[str, object]:
        """Return what clients are told of it."""
        return {
            "id": number,
            "topic": self.plan.topic,
            "encoding": "cdr",
            "schemaName": self.plan.message_type,
            "schema": schema_text(self.plan.message_type),
            "schemaEncoding": "ros2msg",
        }


@dataclass(frozen=True)
class Offer:
    """All of it; numbers are given anew with each connection.

    Attributes:
        channels: What it shows, by number.
        services: Events by number.
        parameters: Fields of the state by the parameter's name.
        inputs: Tracks by the topic to which their frames may be published.
        command: The topic that takes any event.
        setters: The event that sets a parameter, and the name of its argument.
        service_texts: What clients are told of the services.
    """

    channels: Mapping[int, Channel] = field(default_factory=dict[int, Channel])
    services: Mapping[int, Event] = field(default_factory=dict[int, Event])
    parameters: Mapping[str, Value] = field(default_factory=dict[str, Value])
    inputs: Mapping[str, Channel] = field(default_factory=dict[str, Channel])
    command: str = ""
    setters: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    service_texts: Sequence[Mapping[str, object]] = ()

    def parameter(self, name: str, fields: Mapping[str, object]) -> dict[str, object] | None:
        """Return a parameter's value as it is told; None where there is none of this name."""
        known = self.parameters.get(name)
        if known is None:
            return None
        told: dict[str, object] = {"name": name}
        if (value := fields.get(known.name)) is not None:
            told["value"] = value
            if known.kind in _TYPES:
                told["type"] = _TYPES[known.kind]
        return told


def offer_of(
    model: str,
    document: Schema,
    outputs: Sequence[TopicInfo],
    inputs: Sequence[InputInfo],
    scope: Scope,
) -> Offer:
    """Return what a client of this scope is offered; who may only look can't see others' events."""
    contract = read_contract(document)
    steers = covers(scope, "steer")
    shown = [word for word in WORDS if steers or word != "events"]
    channels = [Channel(word_plan(model, word)) for word in shown]
    for track in outputs:
        channels += _shown(model, track, "out")
    given: list[Channel] = []
    for track in inputs:
        channels += _shown(model, track, "in")
        given += [form for form in _forms(model, track, "in") if form.codec != "h264"]
    setters = _setters(model, contract)
    offer = Offer(
        channels=dict(enumerate(channels, 1)),
        parameters={name: contract.state[name.rpartition(".")[2]] for name in setters},
    )
    if not steers:
        return offer
    services = dict(enumerate(contract.events.values(), 1))
    return Offer(
        offer.channels,
        services,
        offer.parameters,
        inputs={each.plan.topic: each for each in given},
        command=f"/{ros_name(model)}/command",
        setters=setters,
        service_texts=[_service(n, model, e, document) for n, e in services.items()],
    )


def _shown(model: str, track: Track, direction: Direction) -> list[Channel]:
    notes = Channel(metadata_plan(model, track.track), track, metadata=True)
    return [*_forms(model, track, direction), notes]


def _forms(model: str, track: Track, direction: Direction) -> list[Channel]:
    codecs: tuple[Codec, ...] = ("raw",)
    if track.kind == "video":
        codecs = ("raw", "jpeg", "h264") if find_spec("av") else ("raw", "jpeg")
    return [Channel(track_plan(model, track, direction, codec), track, codec) for codec in codecs]


def _setters(model: str, contract: Contract) -> dict[str, tuple[str, str]]:
    """Return the parameters: the fields that somebody can set, with the event that does."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in contract.state.items():
        setter = contract.setter(name)
        if setter is not None and value.kind != "upload":
            found[f"/{ros_name(model)}.{name}"] = (setter.name, next(iter(setter.values)))
    return found


def _service(number: int, model: str, event: Event, document: Schema) -> dict[str, object]:
    components: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    post: Schema = document["paths"][f"/events/{event.name}"]["post"]
    name = f"{ros_name(model)}/{event.name}"
    answers: Mapping[str, Schema] = post.get("responses", {})
    request = plain(_json(post.get("requestBody", {})), components)
    response = plain(_json(answers.get("200", {})), components)
    return {
        "id": number,
        "name": f"/{name}",
        "type": name,
        "request": _words(f"{name}_Request", request),
        "response": _words(f"{name}_Response", response),
    }


def _words(name: str, schema: str) -> dict[str, str]:
    return {
        "encoding": "json",
        "schemaName": name,
        "schemaEncoding": "jsonschema",
        "schema": schema,
    }


def _json(body: Schema) -> Any:
    return body.get("content", {}).get("application/json", {}).get("schema", {})
