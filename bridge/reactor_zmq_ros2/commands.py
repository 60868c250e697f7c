"""Events from ROS: services, the command topic, and what Twist and Joy are mapped to."""
# pyright: basic, reportMissingImports=false
# rclpy is not there where types are checked.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from geometry_msgs.msg import Twist
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Joy
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from reactor_zmq_ros2.config_map import ConfigMap, joy_reading, read_rule, twist_reading
from reactor_zmq_ros2.contract import Contract, Event
from reactor_zmq_ros2.names import service_name

if TYPE_CHECKING:
    from reactor_zmq_ros2.node import BridgeNode

_TYPES = {"twist_map": (Twist, "~/cmd_vel", twist_reading), "joy_map": (Joy, "~/joy", joy_reading)}
_DEPTH = QoSProfile(depth=10)
_NEWEST = QoSProfile(depth=1)


class Commands:
    """What ROS can ask of the model. Services wait for the reply, in threads of the executor."""

    def __init__(self, node: BridgeNode) -> None:
        self._node = node
        self._group = ReentrantCallbackGroup()
        self._services: list[Any] = []
        self._subscriptions: list[Any] = []
        self._results = node.create_publisher(String, "~/command_result", _DEPTH)
        self._commands = node.create_subscription(String, "~/command", self._command, _DEPTH)
        for name in _TYPES:
            if not node.has_parameter(name):
                node.declare_parameter(name, [""])

    def build(self, contract: Contract) -> None:
        """Offer the model's events, and nothing of an earlier model's."""
        self._clear()
        for event in contract.events.values():
            self._offer(event)
        for name, (kind, topic, reading) in _TYPES.items():
            rules = self._rules(name, contract)
            if rules:
                self._map(kind, topic, reading, ConfigMap(rules, contract))

    def close(self) -> None:
        """Take everything back."""
        self._clear()
        self._node.destroy_subscription(self._commands)
        self._node.destroy_publisher(self._results)

    def _clear(self) -> None:
        for service in self._services:
            self._node.destroy_service(service)
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._services, self._subscriptions = [], []

    def _offer(self, event: Event) -> None:
        values = list(event.values.values())
        if not values:
            kind, answer = Trigger, lambda _request, response: self._asked(event, {}, response)
        elif len(values) == 1 and values[0].kind == "bool":
            kind, name = SetBool, values[0].name
            answer = lambda request, response: self._asked(event, {name: request.data}, response)  # noqa: E731
        else:
            return
        made = self._node.create_service(
            kind, service_name(event.name), answer, callback_group=self._group
        )
        self._services.append(made)

    def _asked(self, event: Event, data: dict[str, Any], response: Any) -> Any:
        kind, reply = self._node.ask_and_wait(event.name, data)
        response.success = kind != "$error"
        if kind == "$error":
            response.message = f"{reply.get('code')}: {reply.get('text', '')}"
        elif kind != "$ok":
            response.message = json.dumps({"type": kind, "data": reply}, ensure_ascii=False)
        return response

    def _command(self, message: String) -> None:
        try:
            command = json.loads(message.data)
            kind, data = str(command["type"]), dict(command.get("data") or {})
        except (ValueError, TypeError, KeyError) as error:
            self._answer("$error", {"code": "bad_message", "text": f"not a command: {error}"}, None)
            return
        number = command.get("id")
        if kind.startswith("$"):
            text = "control words are the bridge's own"
            self._answer("$error", {"code": "unknown_event", "text": text}, number)
        else:
            self._node.ask(kind, data, lambda kind, reply: self._answer(kind, reply, number))

    def _answer(self, kind: str, data: dict[str, Any], number: Any) -> None:
        result = {"type": kind, "data": data}
        if number is not None:
            result["id"] = number
        self._results.publish(String(data=json.dumps(result, ensure_ascii=False)))

    def _rules(self, name: str, contract: Contract) -> list[Any]:
        found: list[Any] = []
        for text in self._node.get_parameter(name).value or ():
            try:
                found += [read_rule(text, contract)] if text else []
            except ValueError as error:
                self._node.get_logger().error(f"{name}: {error}")
        return found

    def _map(self, kind: Any, topic: str, reading: Any, table: ConfigMap) -> None:
        def heard(message: Any) -> None:
            for event, data in table.events(reading(message)):
                self._node.ask(event, data, self._heard)

        self._subscriptions.append(self._node.create_subscription(kind, topic, heard, _NEWEST))

    def _heard(self, kind: str, reply: dict[str, Any]) -> None:
        if kind == "$error":
            text = f"{reply.get('event', '')} {reply.get('code')}: {reply.get('text', '')}"
            self._node.get_logger().warning(text, throttle_duration_sec=1.0)
