"""What a rosbridge client sees of a run: topics and services, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reactor_zmq_ros2 import tensors
from reactor_zmq_ros2.contract import Contract, Event
from reactor_zmq_ros2.forms import VIDEO
from reactor_zmq_ros2.names import input_name, optical_frame, ros_name, service_name

STRING = "std_msgs/msg/String"
IMAGE = "sensor_msgs/msg/Image"
ANY_EVENT = "reactor_zmq/srv/Event"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Attributes:
        type: Long name, ``sensor_msgs/msg/Image``.
        role: ``events``, ``state``, ``result``, ``command``, ``image``, ``compressed``, ``info``,
            or the suffix of a numeric track's topic.
        track: The track, where it belongs to one.
        tensor: What a numeric track's arrays are.
    """

    type: str
    role: str
    track: str = ""
    tensor: Mapping[str, Any] | None = None

    @property
    def frame_id(self) -> str:
        """The frame of reference of its track."""
        return optical_frame(self.track)


@dataclass(frozen=True, slots=True)
class Graph:
    """Names as absolute paths: what may be subscribed to, published to and called."""

    node: str
    outputs: Mapping[str, Topic]
    inputs: Mapping[str, Topic]
    services: Mapping[str, Event]
    contract: Contract

    def service_type(self, name: str) -> str:
        """Return the type of one of the services."""
        values = list(self.services[name].values.values())
        if not values:
            return "std_srvs/srv/Trigger"
        one_boolean = len(values) == 1 and values[0].kind == "bool"
        return "std_srvs/srv/SetBool" if one_boolean else ANY_EVENT


def graph_of(
    run: str,
    contract: Contract,
    tracks: Sequence[Mapping[str, Any]],
    inputs: Sequence[Mapping[str, Any]],
) -> Graph:
    """Return the graph of a run, its tracks as `$welcome` tells them."""
    node = f"/{ros_name(run)}"
    outputs = {
        f"{node}/events": Topic(STRING, "events"),
        f"{node}/state": Topic(STRING, "state"),
        f"{node}/command_result": Topic(STRING, "result"),
    }
    for track in tracks:
        outputs |= _topics(f"{node}/{track['track']}", track)
    taken = {track["track"] for track in tracks}
    given = {f"{node}/command": Topic(STRING, "command")}
    for track in inputs:
        found = _topics(f"{node}/{input_name(track['track'], taken)}", track)
        given |= {name: topic for name, topic in found.items() if topic.role != "info"}
    services = {
        service_name(event.name).replace("~", node): event for event in contract.events.values()
    }
    return Graph(node, outputs, given, services, contract)


def absolute(name: str) -> str:
    """Return a name as clients mean it: some leave the leading slash out."""
    return f"/{name.strip('/')}"


def long_type(name: str) -> str:
    """Return a message's long name; ROS 1's ``pkg/Type`` means ``pkg/msg/Type``."""
    package, _, base = name.partition("/")
    return name if "/" in base else f"{package}/msg/{base}"


def _topics(base: str, track: Mapping[str, Any]) -> dict[str, Topic]:
    name = track["track"]
    if track.get("kind", "video") == "video":
        return {f"{base}{suffix}": Topic(kind, key, name) for key, (suffix, kind) in VIDEO.items()}
    return {
        f"{base}{suffix}": Topic(type_name, suffix, name, track.get("tensor") or {})
        for suffix, type_name in tensors.topics_of(track)
    }
