"""The model's state as ROS parameters, typed and bounded, both ways."""
# pyright: basic, reportMissingImports=false
# rclpy is not there where types are checked.

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.parameter import Parameter

from reactor_zmq_ros2.contract import JSON, Contract, Value

if TYPE_CHECKING:
    from reactor_zmq_ros2.node import BridgeNode

_INTEGERS = (-(2**63), 2**63 - 1)
_FLOATS = (-sys.float_info.max, sys.float_info.max)
_TYPES = {
    "bool": Parameter.Type.BOOL,
    "int": Parameter.Type.INTEGER,
    "float": Parameter.Type.DOUBLE,
    "str": Parameter.Type.STRING,
    JSON: Parameter.Type.STRING,
    "bool[]": Parameter.Type.BOOL_ARRAY,
    "int[]": Parameter.Type.INTEGER_ARRAY,
    "float[]": Parameter.Type.DOUBLE_ARRAY,
    "str[]": Parameter.Type.STRING_ARRAY,
}


class StateParameters:
    """Declares a parameter for each settable field; all methods run in the node's default group."""

    def __init__(self, node: BridgeNode) -> None:
        self._node = node
        self._contract: Contract | None = None
        self._declared: dict[str, Value] = {}
        self._wanted: dict[str, Any] = {}
        self._fields: dict[str, Any] = {}
        self._following = False
        node.add_on_set_parameters_callback(self._asked_for)

    def build(self, contract: Contract) -> None:
        """Declare the model's fields, and nothing of an earlier model's."""
        for name in self._declared:
            if self._node.has_parameter(name):
                self._node.undeclare_parameter(name)
        self._contract, self._declared, self._wanted = contract, {}, {}
        for name, value in contract.state.items():
            if value.kind == "upload" or contract.setter(name) is None:
                continue
            if self._node.has_parameter(name):
                self._node.get_logger().warning(f"no parameter for {name!r}: the node has one")
                continue
            self._declared[name] = value

    def close(self) -> None:
        """Undeclare everything."""
        for name in self._declared:
            if self._node.has_parameter(name):
                self._node.undeclare_parameter(name)
        self._declared, self._wanted = {}, {}
        self._node.remove_on_set_parameters_callback(self._asked_for)

    def start(self) -> None:
        """Send what the operator gave for the model at its start: parameter files and -p."""
        for name, value in self._wanted.items():
            self._send(name, value)

    def follow(self, fields: dict[str, Any]) -> None:
        """Take over the model's state, whoever has changed it."""
        self._fields = fields
        self._following = True
        try:
            for name, value in self._declared.items():
                self._follow_one(value, fields.get(name))
        finally:
            self._following = False

    def _follow_one(self, value: Value, found: Any) -> None:
        if not self._node.has_parameter(value.name):
            self._declare(value, found)
        elif found is not None:
            taken = Parameter(value.name, _TYPES[value.kind], _to_ros(value, found))
            if self._node.get_parameter_or(value.name).value != taken.value:
                self._node.set_parameters([taken])

    def _declare(self, value: Value, found: Any) -> None:
        kind = _TYPES[value.kind]
        default = kind if found is None else _to_ros(value, found)
        declared = self._node.declare_parameter(value.name, default, _descriptor(value))
        given = declared.value
        if isinstance(given, (str, bytes)) or not hasattr(given, "__len__"):
            plain = given
        else:
            plain = list(given)
        if plain is not None and (found is None or plain != default):
            self._wanted[value.name] = plain
            self._send(value.name, plain)

    def _asked_for(self, parameters: list[Parameter]) -> SetParametersResult:
        if self._following:
            return SetParametersResult(successful=True)
        for parameter in parameters:
            if parameter.name in self._declared:
                trouble = self._set(parameter.name, parameter.value)
                if trouble:
                    # What went before it in this call has been applied to the model.
                    self._node.later(lambda: self.follow(self._fields))
                    return SetParametersResult(successful=False, reason=trouble)
        return SetParametersResult(successful=True)

    def _set(self, name: str, value: Any) -> str:
        try:
            event, data = self._event(name, value)
        except ValueError as error:
            return f"{name}: {error}"
        kind, reply = self._node.ask_and_wait(event, data)
        if kind != "$error":
            return ""
        return f"{reply.get('code')}: {reply.get('text', '')}"

    def _send(self, name: str, value: Any) -> None:
        def heard(kind: str, reply: dict[str, Any]) -> None:
            if kind == "$error":
                self._node.get_logger().error(f"parameter {name}: {reply.get('text')}")

        self._node.ask(*self._event(name, value), heard)

    def _event(self, name: str, value: Any) -> tuple[str, dict[str, Any]]:
        event = self._contract.setter(name) if self._contract else None
        if event is None:
            raise ValueError("the model has no such field now")
        field = self._declared[name]
        plain = json.loads(value) if field.kind == JSON else value
        listed = list(plain) if field.kind.endswith("[]") else plain
        return event.name, {next(iter(event.values), name): listed}


def _to_ros(value: Value, found: Any) -> Any:
    if value.kind == JSON:
        return json.dumps(found)
    if value.kind.endswith("[]"):
        convert = {"float[]": float, "int[]": int}.get(value.kind, lambda item: item)
        return [convert(item) for item in found]
    return {"float": float, "int": int}.get(value.kind, lambda item: item)(found)


def _descriptor(value: Value) -> ParameterDescriptor:
    described = ParameterDescriptor(description=value.description, type=_TYPES[value.kind].value)
    if value.choices:
        listed = ", ".join(str(choice) for choice in value.choices)
        described.additional_constraints = f"one of: {listed}"
    elif value.kind == JSON:
        described.additional_constraints = "JSON"
    if (value.minimum, value.maximum) != (None, None):
        if value.kind == "int":
            low, high = _bounds(value, _INTEGERS)
            described.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
        elif value.kind == "float":
            low, high = _bounds(value, _FLOATS)
            reach = FloatingPointRange(from_value=float(low), to_value=float(high))
            described.floating_point_range = [reach]
    return described


def _bounds(value: Value, widest: tuple[float, float]) -> tuple[float, float]:
    return (
        widest[0] if value.minimum is None else value.minimum,
        widest[1] if value.maximum is None else value.maximum,
    )
