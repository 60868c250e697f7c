"""ROS 2: sensor_msgs/Image through rclpy, reliable, keep last 8."""

from __future__ import annotations

import array

import numpy as np
import rclpy
from drawing import drawn
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

_QOS = QoSProfile(depth=8, reliability=ReliabilityPolicy.RELIABLE)
_TOPIC = "bench_frames"


class Producer:
    """A publisher; ``array.array`` is the type that rclpy takes without walking through it."""

    def __init__(self, _folder: str) -> None:
        self.address: dict[str, str] = {}
        rclpy.init()
        self._node = rclpy.create_node("bench_producer")
        self._publisher = self._node.create_publisher(Image, _TOPIC, _QOS)

    def send(self, order, number, gallery) -> None:
        height, width, channels = order.shape
        message = Image(height=height, width=width, encoding="rgb8", step=width * channels)
        message.data = array.array("B", drawn(order, number, gallery).tobytes())
        self._publisher.publish(message)

    def close(self) -> None:
        self._node.destroy_node()
        rclpy.shutdown()


class Reader:
    """A subscription, spun by the thread that reads."""

    def __init__(self, _address, place: int) -> None:
        rclpy.init()
        self._node = rclpy.create_node(f"bench_reader_{place}")
        self._messages: list[Image] = []
        self._node.create_subscription(Image, _TOPIC, self._messages.append, _QOS)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)

    def take(self, timeout_s: float):
        if not self._messages:
            self._executor.spin_once(timeout_sec=timeout_s)
        if not self._messages:
            return None
        message = self._messages.pop(0)
        return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown()
