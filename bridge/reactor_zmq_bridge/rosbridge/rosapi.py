"""The services by which clients look around: what rosapi is to rosbridge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reactor_zmq_bridge.rosbridge.graph import Graph, absolute, long_type
from reactor_zmq_ros2.cdr import SECOND_NS

Arguments = Mapping[str, Any]


def look_around(name: str, arguments: Arguments, graph: Graph, now_ns: int) -> dict[str, Any]:
    """Answer one of rosapi's services.

    Raises:
        KeyError: There is no such service.
    """
    if name == "get_time":
        return {"time": {"secs": now_ns // SECOND_NS, "nsecs": now_ns % SECOND_NS}}
    return _ANSWERS[name](arguments, graph)


def _topics(_arguments: Arguments, graph: Graph) -> dict[str, Any]:
    topics = {**graph.inputs, **graph.outputs}
    return {"topics": list(topics), "types": [topic.type for topic in topics.values()]}


def _topic_type(arguments: Arguments, graph: Graph) -> dict[str, Any]:
    name = absolute(str(arguments.get("topic", "")))
    found = graph.outputs.get(name) or graph.inputs.get(name)
    return {"type": found.type if found else ""}


def _topics_for_type(arguments: Arguments, graph: Graph) -> dict[str, Any]:
    wanted = long_type(str(arguments.get("type", "")))
    topics = {**graph.inputs, **graph.outputs}
    return {"topics": [name for name, topic in topics.items() if topic.type == wanted]}


def _services(_arguments: Arguments, graph: Graph) -> dict[str, Any]:
    return {"services": [*graph.services, *(f"/rosapi/{name}" for name in ("get_time", *_ANSWERS))]}


def _service_type(arguments: Arguments, graph: Graph) -> dict[str, Any]:
    name = absolute(str(arguments.get("service", "")))
    return {"type": graph.service_type(name) if name in graph.services else ""}


def _services_for_type(arguments: Arguments, graph: Graph) -> dict[str, Any]:
    wanted = str(arguments.get("type", ""))
    return {"services": [name for name in graph.services if graph.service_type(name) == wanted]}


def _nodes(_arguments: Arguments, graph: Graph) -> dict[str, Any]:
    return {"nodes": [graph.node]}


def _param_names(_arguments: Arguments, graph: Graph) -> dict[str, Any]:
    return {"names": [f"{graph.node}:{name}" for name in graph.contract.state]}


_ANSWERS: dict[str, Callable[[Arguments, Graph], dict[str, Any]]] = {
    "topics": _topics,
    "topic_type": _topic_type,
    "topics_for_type": _topics_for_type,
    "services": _services,
    "service_type": _service_type,
    "services_for_type": _services_for_type,
    "nodes": _nodes,
    "get_param_names": _param_names,
}
