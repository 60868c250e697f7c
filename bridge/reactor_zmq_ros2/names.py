"""Names: what a model's become in ROS."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What every node has below its own name.
RESERVED = frozenset(
    (
        "get_parameters",
        "set_parameters",
        "set_parameters_atomically",
        "list_parameters",
        "describe_parameters",
        "get_parameter_types",
        "get_type_description",
        "change_state",
        "get_state",
        "get_available_states",
        "get_available_transitions",
        "get_transition_graph",
        "transition_event",
        "events",
        "state",
        "command",
        "command_result",
        "cmd_vel",
        "joy",
    )
)


def ros_name(text: str) -> str:
    """Return a text as a ROS base name: letters, digits and underscores, no digit in front."""
    tidy = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9_]", "_", text)).strip("_") or "reactor"
    return f"m_{tidy}" if tidy[0].isdigit() else tidy


def service_name(event: str) -> str:
    """Return an event's service: ``~/EVENT``, with ``_event`` behind what nodes have themselves."""
    name = ros_name(event)
    return f"~/{name}_event" if name in RESERVED else f"~/{name}"


def input_name(track: str, outputs: Iterable[str]) -> str:
    """Return an input track's name, apart from an output's that is called the same."""
    return f"{track}_in" if track in outputs else track


def optical_frame(track: str) -> str:
    """Return a track's frame id: z forward, x right, y down (REP-103)."""
    return f"{track}_optical_frame"
