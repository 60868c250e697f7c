"""Our side of the conversation with a robot's own rosbridge server, without socket or clock.

What is said is returned as text; what is heard is one of the words below, or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reactor_zmq_bridge.rosbridge.graph import STRING, Graph, Topic, absolute
from reactor_zmq_bridge.rosbridge.messages import as_json
from reactor_zmq_ros2.config_map import ConfigMap, flat_reading, read_rule
from reactor_zmq_ros2.contract import Event
from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.ros1 import from_ros1, short_type, to_ros1

Images = Literal["compressed", "raw", "both"]
_LEFT_OUT = {"compressed": "image", "raw": "compressed", "both": None}
_PLAIN = ("std_srvs/srv/Trigger", "std_srvs/srv/SetBool")  # what every robot knows
_MAPPED = {"cmd_vel": "geometry_msgs/msg/Twist", "joy": "sensor_msgs/msg/Joy"}


@dataclass(frozen=True, slots=True)
class Given:
    """A message for an input track."""

    topic: Topic
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Commanded:
    """A message on ``~/command``: an event by name, whose reply goes to ``~/command_result``."""

    command: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a velocity or a gamepad has become: events and their data."""

    events: list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Called:
    """A call of one of our services; to be answered with :meth:`Guest.answer`."""

    number: str
    service: str
    event: Event
    arguments: Any


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the server did not like."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Echoed:
    """The server has dealt with a frame of ours."""

    track: str
    number: int


Word = Given | Commanded | Mapped | Called | Complaint | Echoed


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How we behave at a robot's.

    Attributes:
        images: Which form of pictures is sent and asked for.
        ros1: The robot's messages are those of ROS 1.
        remap: Topics and services by our name, ``~/camera/image_raw`` or absolute, and theirs.
        twist_map: Lines ``EVENT.PARAMETER = SCALE * linear.x + OFFSET``.
        joy_map: The same with ``axes[0]`` and ``buttons[0]``.
    """

    images: Images = "compressed"
    ros1: bool = False
    remap: Mapping[str, str] = field(default_factory=dict[str, str])
    twist_map: tuple[str, ...] = ()
    joy_map: tuple[str, ...] = ()


class Guest:
    """Knows what to say and what was meant.

    Attributes:
        graph: What the run offers, by our names.
        outputs: What is published, by the robot's names.

    Raises:
        ValueError: A line of a map that the model has no event for.
    """

    def __init__(self, graph: Graph, manners: Manners) -> None:
        self.graph = graph
        self._ros1 = manners.ros1
        self._names = {
            absolute(ours.replace("~", graph.node)): absolute(theirs)
            for ours, theirs in manners.remap.items()
        }
        left_out = _LEFT_OUT[manners.images]
        self.outputs = self._renamed(
            {name: topic for name, topic in graph.outputs.items() if topic.role != left_out}
        )
        pulse = {f"{graph.node}/pulse": Topic(STRING, "pulse")}
        self.outputs |= self._renamed(pulse)
        self.inputs = self._renamed(_inputs(graph, left_out) | pulse)
        self.services = self._renamed(
            {name: event for name, event in graph.services.items() if self._is_plain(name)}
        )
        self._maps = self._read_maps(manners)

    # --- out ----------------------------------------------------------------------------------

    def opening(self) -> list[str]:
        """Return what is said first: what we publish, serve and want to hear."""
        told: list[dict[str, Any]] = []
        for name, topic in self.outputs.items():
            told.append({"op": "advertise", "topic": name, "type": short_type(topic.type)})
            if topic.role == "state":
                told[-1] |= {"latch": True, "queue_size": 1}
        for name in self.services:
            kind = self.graph.service_type(self._ours(name))
            told.append({"op": "advertise_service", "service": name, "type": short_type(kind)})
        for name, topic in self.inputs.items():
            told.append({"op": "subscribe", "topic": name, "type": short_type(topic.type)})
            if topic.role not in ("command", "pulse"):
                told[-1]["queue_length"] = 1  # pictures that wait there would be old when they come
        return [json.dumps({**operation, "id": str(n)}) for n, operation in enumerate(told)]

    def named(self, role: str) -> str:
        """Return the robot's name of ``events``, ``state``, ``result`` or ``pulse``."""
        return next(name for name, topic in self.outputs.items() if topic.role == role)

    def publication(self, name: str, cdr: bytes) -> str:
        """Return a message of one of the outputs; its octets travel as base64."""
        kind = self.outputs[name].type
        message = decode(kind, cdr)
        return as_json(name, to_ros1(kind, message) if self._ros1 else message)

    def told(self, role: str, told: Mapping[str, Any] | list[Any]) -> str:
        """Return a String message whose data is JSON."""
        return as_json(self.named(role), {"data": json.dumps(told, ensure_ascii=False)})

    def answer(self, call: Called, values: Mapping[str, Any] | str) -> str:
        """Return the answer to a call; a text says why there are no values."""
        return json.dumps(
            {
                "op": "service_response",
                "id": call.number,
                "service": call.service,
                "values": values,
                "result": not isinstance(values, str),
            }
        )

    # --- in -----------------------------------------------------------------------------------

    def receive(self, data: str | bytes) -> Word | None:
        """Return what an operation of the server means; None where it means nothing to us.

        Raises:
            ValueError: It is no operation, or its message is not what the topic carries.
        """
        try:
            told = json.loads(data)
            match told["op"]:
                case "publish":
                    return self._published(absolute(told["topic"]), dict(told["msg"]))
                case "call_service":
                    return self._call(told)
                case "status":
                    return Complaint(str(told.get("level", "")), str(told.get("msg", "")))
                case _:
                    return None
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no operation of rosbridge: {error!r}") from error

    def _published(self, name: str, message: dict[str, Any]) -> Word | None:
        topic = self.inputs.get(name)
        if topic is None:
            return None  # it left before our `unsubscribe` came, or is our own
        if topic.role == "pulse":
            track, number = json.loads(message["data"])
            return Echoed(str(track), int(number))
        if topic.role == "command":
            return Commanded(dict(json.loads(message["data"])))
        if topic.role in _MAPPED:
            return Mapped(self._maps[topic.role].events(flat_reading(message)))
        return Given(topic, from_ros1(topic.type, message) if self._ros1 else message)

    def _call(self, told: Mapping[str, Any]) -> Called | None:
        name = absolute(told["service"])
        event = self.services.get(name)
        if event is None:
            return None
        arguments: Any = told.get("args") or {}
        if self.graph.service_type(self._ours(name)) == _PLAIN[0]:
            arguments = {}  # some servers fill in what ROS 2 puts into empty requests
        return Called(str(told["id"]), told["service"], event, arguments)

    # --- names --------------------------------------------------------------------------------

    def _is_plain(self, name: str) -> bool:
        return self.graph.service_type(name) in _PLAIN

    def _renamed(self, things: Mapping[str, Any]) -> dict[str, Any]:
        return {self._names.get(name, name): thing for name, thing in things.items()}

    def _ours(self, theirs: str) -> str:
        return next((ours for ours, their in self._names.items() if their == theirs), theirs)

    def _read_maps(self, manners: Manners) -> dict[str, ConfigMap]:
        contract, found = self.graph.contract, dict[str, ConfigMap]()
        for role, lines in (("cmd_vel", manners.twist_map), ("joy", manners.joy_map)):
            if lines:
                rules = [read_rule(line, contract) for line in lines]
                found[role] = ConfigMap(rules, contract)
                mapped = {f"{self.graph.node}/{role}": Topic(_MAPPED[role], role)}
                self.inputs |= self._renamed(mapped)
        return found


def _inputs(graph: Graph, left_out: str | None) -> dict[str, Topic]:
    """Return what is subscribed to: of a numeric track the topic that says most about it."""
    chosen: dict[tuple[str, str], tuple[str, Topic]] = {}
    for name, topic in graph.inputs.items():
        if topic.role != left_out:
            form = topic.role if topic.tensor is None else ""
            chosen[topic.track, form] = name, topic
    return dict(chosen.values())
