"""Events from ROS: services, the command topic, and what Twist and Joy are mapped to."""
# pyright: basic, reportMissingImports=false
# rospy is not there where types are checked.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import rospy
from geometry_msgs.msg import Twist
from sensor_msgs.msg import Joy
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from reactor_zmq_ros2.config_map import ConfigMap, joy_reading, read_rule, twist_reading
from reactor_zmq_ros2.contract import Contract, Event
from reactor_zmq_ros2.link import answered
from reactor_zmq_ros2.names import service_name

if TYPE_CHECKING:
    from reactor_zmq_ros1.node import BridgeNode

_MAPS = {"twist_map": (Twist, "~cmd_vel", twist_reading), "joy_map": (Joy, "~joy", joy_reading)}


class Commands:
    """What ROS can ask of the model; each service waits for the reply in a thread of rospy's."""

    def __init__(self, node: BridgeNode) -> None:
        self._node = node
        self._services: list[Any] = []
        self._subscribers: list[Any] = []
        self._results = rospy.Publisher("~command_result", String, queue_size=10)
        self._commands = rospy.Subscriber("~command", String, self._command, queue_size=10)

    def build(self, contract: Contract) -> None:
        """Offer the model's events, and nothing of an earlier model's."""
        self.clear()
        for event in contract.events.values():
            self._offer(event)
        for name, (kind, topic, reading) in _MAPS.items():
            if rules := _rules(name, contract):
                self._map(kind, topic, reading, ConfigMap(rules, contract))

    def clear(self) -> None:
        """Take services and maps back."""
        for service in self._services:
            service.shutdown("the model has gone")
        for subscriber in self._subscribers:
            subscriber.unregister()
        self._services, self._subscribers = [], []

    def _offer(self, event: Event) -> None:
        values = list(event.values.values())
        name = service_name(event.name).replace("~/", "~")
        if not values:
            service = rospy.Service(name, Trigger, lambda _asked: self._asked(event, {}))
        elif len(values) == 1 and values[0].kind == "bool":
            only = values[0].name
            answer = lambda asked: self._asked(event, {only: asked.data})  # noqa: E731
            service = rospy.Service(name, SetBool, answer)
        else:
            return
        self._services.append(service)

    def _asked(self, event: Event, data: dict[str, Any]) -> tuple[bool, str]:
        kind, reply = answered(lambda take: self._node.ask(event.name, data, take))
        if kind == "$error":
            return False, f"{reply.get('code')}: {reply.get('text', '')}"
        plain = kind == "$ok"
        return True, "" if plain else json.dumps({"type": kind, "data": reply}, ensure_ascii=False)

    def _command(self, message: Any) -> None:
        try:
            command = json.loads(message.data)
            kind, data = str(command["type"]), dict(command.get("data") or {})
            number = command.get("id")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._answer("$error", {"code": "bad_message", "text": f"not a command: {error}"}, None)
            return
        if kind.startswith("$"):
            text = "control words are the bridge's own"
            self._answer("$error", {"code": "unknown_event", "text": text}, number)
        else:
            self._node.ask(kind, data, lambda kind, reply: self._answer(kind, reply, number))

    def _answer(self, kind: str, data: dict[str, Any], number: Any) -> None:
        result = {"type": kind, "data": data} | ({} if number is None else {"id": number})
        self._results.publish(json.dumps(result, ensure_ascii=False))

    def _map(self, kind: Any, topic: str, reading: Any, table: ConfigMap) -> None:
        def heard(message: Any) -> None:
            for event, data in table.events(reading(message)):
                self._node.ask(event, data, _complain)

        self._subscribers.append(rospy.Subscriber(topic, kind, heard, queue_size=1))


def _rules(name: str, contract: Contract) -> list[Any]:
    found: list[Any] = []
    for text in rospy.get_param(f"~{name}", []):
        try:
            found.append(read_rule(text, contract))
        except ValueError as error:
            rospy.logerr(f"{name}: {error}")
    return found


def _complain(kind: str, reply: dict[str, Any]) -> None:
    if kind == "$error":
        rospy.logwarn_throttle(1, f"{reply.get('code')}: {reply.get('text', '')}")
