"""Peer, run by a Python with rospy: a ROS 1 node that does what it is told, as probe.py does."""

from __future__ import annotations

import base64
import importlib
import json
import sys

import genpy
import rospy
from genpy.message import fill_message_args

WAIT_S = 10


def class_of(name, kind="msg"):
    package, base = name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), base)


def plain(value):
    """Return a message as JSON can hold it; octets as base64."""
    if isinstance(value, genpy.TVal):
        return {"secs": value.secs, "nsecs": value.nsecs}
    if isinstance(value, genpy.Message):
        return {name: plain(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


class Probe:
    def __init__(self):
        self.heard, self.counts, self.publishers = {}, {}, {}

    def subscribe(self, topic, type):
        def heard(message):
            self.heard[topic] = message
            self.counts[topic] += 1

        self.counts[topic] = 0
        rospy.Subscriber(topic, class_of(type), heard, queue_size=10, buff_size=2**25)

    def count(self, topic):
        return self.counts[topic]

    def last(self, topic):
        return plain(self.heard[topic]) if topic in self.heard else None

    def publish(self, topic, type, message, octets=""):
        if topic not in self.publishers:
            self.publishers[topic] = rospy.Publisher(topic, class_of(type), queue_size=10)
        made = class_of(type)()
        fill_message_args(made, [message])
        if octets:
            made.data = base64.b64decode(octets)
        self.publishers[topic].publish(made)
        return self.publishers[topic].get_num_connections()

    def call(self, service, type, *arguments):
        rospy.wait_for_service(service, WAIT_S)
        return plain(rospy.ServiceProxy(service, class_of(type, "srv"))(*arguments))

    def call_with(self, service, type, data):
        return self.call(service, type, data)


def main():
    rospy.init_node("probe", disable_signals=True)
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
