"""Peer, run by ROS's Python: a node that does what it is told, one line of JSON at a time.

{"n": 1, "do": "subscribe", "topic": "/x", "type": "std_msgs/msg/String"} on stdin is answered by
{"n": 1, "answer": …} or {"n": 1, "error": …} on stdout.
"""

from __future__ import annotations

import base64
import importlib
import json
import sys
import threading

import rclpy
from rcl_interfaces.msg import Parameter as ParameterMessage
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

WAIT_S = 10
MOST = 2000


def class_of(name):
    package, kind, base = name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), base)


def plain(value):
    """Return a message as JSON can hold it; octets as base64."""
    if hasattr(value, "get_fields_and_field_types"):
        return {name: plain(getattr(value, name)) for name in value.get_fields_and_field_types()}
    if isinstance(value, bytes) or getattr(value, "typecode", "") == "B":
        return base64.b64encode(bytes(value)).decode()
    if hasattr(value, "__len__") and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def filled(message, values):
    kinds = message.get_fields_and_field_types()
    for name, value in values.items():
        if isinstance(value, dict):
            filled(getattr(message, name), value)
        elif kinds[name] == "sequence<uint8>":
            getattr(message, name).frombytes(base64.b64decode(value))
        else:
            setattr(message, name, value)
    return message


class Probe:
    def __init__(self):
        self.node = Node("probe")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.heard = {}
        self.firsts = {}
        self.counts = {}
        self.subscriptions = {}
        self.publishers = {}
        threading.Thread(target=self.executor.spin, daemon=True).start()

    def subscribe(self, topic, type, reliable=True, latched=False, depth=10):
        def heard(message):
            self.heard[topic] = message
            self.counts[topic] = self.counts.get(topic, 0) + 1
            octets = getattr(message, "data", None)
            if getattr(octets, "typecode", "") == "B" and len(self.firsts[topic]) < MOST:
                stamp = message.header.stamp
                self.firsts[topic].append(
                    [int.from_bytes(octets[:3], "big"), stamp.sec * 10**9 + stamp.nanosec]
                )

        self.firsts[topic] = []
        self.counts[topic] = 0
        self.subscriptions[topic] = self.node.create_subscription(
            class_of(type), topic, heard, qos(reliable, latched, depth)
        )

    def unsubscribe(self, topic):
        self.node.destroy_subscription(self.subscriptions.pop(topic))

    def count(self, topic):
        return self.counts[topic]

    def firsts_of(self, topic):
        """Return the first three octets and the stamp of each message."""
        return self.firsts[topic]

    def last(self, topic):
        return plain(self.heard[topic]) if topic in self.heard else None

    def publish(self, topic, type, message, reliable=True):
        if topic not in self.publishers:
            self.publishers[topic] = self.node.create_publisher(
                class_of(type), topic, qos(reliable, False, 10)
            )
        self.publishers[topic].publish(filled(class_of(type)(), message))
        return self.publishers[topic].get_subscription_count()

    def call(self, service, type, **request):
        client = self.node.create_client(class_of(type), service)
        try:
            if not client.wait_for_service(WAIT_S):
                raise TimeoutError(f"there is no service {service}")
            asked = filled(class_of(type).Request(), request)
            return plain(waited(client.call_async(asked)))
        finally:
            self.node.destroy_client(client)

    def set_parameter(self, node, name, value):
        result = waited(self.client(node).set_parameters([Parameter(name, value=value)]))
        return plain(result.results[0])

    def get_parameter(self, node, name):
        found = waited(self.client(node).get_parameters([name])).values[0]
        return Parameter.from_parameter_msg(ParameterMessage(name=name, value=found)).value

    def describe(self, node, name):
        return plain(waited(self.client(node).describe_parameters([name])).descriptors[0])

    def client(self, node):
        made = AsyncParameterClient(self.node, node)
        if not made.wait_for_services(WAIT_S):
            raise TimeoutError(f"{node} has no parameters")
        return made

    def topics(self):
        return dict(self.node.get_topic_names_and_types())


def qos(reliable, latched, depth):
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def waited(future):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    if not done.wait(WAIT_S):
        raise TimeoutError("no answer")
    return future.result()


def main():
    rclpy.init()
    probe = Probe()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        number, do = asked.pop("n"), asked.pop("do")
        try:
            told = {"n": number, "answer": getattr(probe, do)(**asked)}
        except Exception as error:
            told = {"n": number, "error": repr(error)}
        print(json.dumps(told), flush=True)


main()
