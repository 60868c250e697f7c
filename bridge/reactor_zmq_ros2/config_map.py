"""Velocity commands and gamepads as events: a map that a parameter holds.

``move.x = linear.x``, ``set_hue.hue = 0.5 * angular.z + 0.5``, ``move.y = axes[1]``,
``reset = buttons[3]``. An event without a parameter is sent when its button goes down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reactor_zmq_ros2.contract import Contract, Value

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_RULE = re.compile(
    rf"(?P<event>\w+)(?:\.(?P<value>\w+))?\s*=\s*(?:(?P<scale>{_NUMBER})\s*\*\s*)?"
    rf"(?P<source>[a-z]+(?:\.[xyz]|\[\d+\]))(?:\s*(?P<sign>[-+])\s*(?P<offset>\d+(?:\.\d+)?))?"
)

Reading = Mapping[str, float]


@dataclass(frozen=True)
class Rule:
    """One line of the map."""

    event: str
    value: str
    source: str
    scale: float = 1.0
    offset: float = 0.0


def read_rule(text: str, contract: Contract) -> Rule:
    """Read one line.

    Raises:
        ValueError: It is no rule, or the model has no such event or parameter.
    """
    match = _RULE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r}: write EVENT.PARAMETER = SCALE * SOURCE + OFFSET")
    rule = Rule(
        match["event"],
        match["value"] or "",
        match["source"],
        float(match["scale"] or 1),
        float(f"{match['sign'] or ''}{match['offset'] or 0}"),
    )
    event = contract.events.get(rule.event)
    if event is None:
        raise ValueError(f"{text!r}: the model has no event {rule.event!r}")
    if rule.value and rule.value not in event.values:
        raise ValueError(f"{text!r}: {rule.event!r} has no parameter {rule.value!r}")
    return rule


class ConfigMap:
    """Turns readings into events; says nothing while nothing that it maps changes."""

    def __init__(self, rules: list[Rule], contract: Contract) -> None:
        self._rules = rules
        self._contract = contract
        self._last: dict[str, dict[str, Any]] = {}

    def events(self, reading: Reading) -> list[tuple[str, dict[str, Any]]]:
        """Return the events that a reading makes, in the map's order."""
        wanted: dict[str, dict[str, Any]] = {}
        for rule in self._rules:
            if rule.source in reading:
                found = rule.scale * reading[rule.source] + rule.offset
                wanted.setdefault(rule.event, {})[rule.value] = self._typed(rule, found)
        changed = {name: data for name, data in wanted.items() if data != self._last.get(name)}
        self._last.update(changed)
        return [(name, _named(data)) for name, data in changed.items() if _is_pressed(data)]

    def _typed(self, rule: Rule, found: float) -> bool | int | float:
        if not rule.value:
            return found > 0
        return _fitting(self._contract.events[rule.event].values[rule.value], found)


def twist_reading(message: Any) -> dict[str, float]:
    """Return a Twist's six numbers by source: ``linear.x``."""
    return {
        f"{part}.{axis}": float(getattr(getattr(message, part), axis))
        for part in ("linear", "angular")
        for axis in "xyz"
    }


def joy_reading(message: Any) -> dict[str, float]:
    """Return a Joy's axes and buttons by source: ``axes[0]``."""
    return {
        f"{part}[{place}]": float(value)
        for part in ("axes", "buttons")
        for place, value in enumerate(getattr(message, part))
    }


def flat_reading(message: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a message that is plain data, by source."""
    found: dict[str, float] = {}
    for name, value in message.items():
        if isinstance(value, Mapping):
            inner = flat_reading(value)  # pyright: ignore[reportUnknownArgumentType]
            found |= {f"{name}.{source}": number for source, number in inner.items()}
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
            found |= flat_reading({f"{name}[{place}]": v for place, v in enumerate(value)})  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        elif isinstance(value, int | float):
            found[name] = float(value)
    return found


def _fitting(value: Value, found: float) -> bool | int | float:
    """Return a number as the event takes it: a stick that goes too far goes as far as it may."""
    if value.kind == "bool":
        return found > 0
    low = found if value.minimum is None else max(found, value.minimum)
    within = low if value.maximum is None else min(low, value.maximum)
    return round(within) if value.kind == "int" else within


def _named(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name}


def _is_pressed(data: dict[str, Any]) -> bool:
    return data.get("", True)
