"""Run by ROS's Python: publish pictures as rclpy does, or subscribe and measure.

ros2_peer.py publish WIDTH HEIGHT HZ SECONDS | subscribe TOPIC SECONDS
"""

from __future__ import annotations

import array
import json
import statistics
import sys
import time

import rclpy
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

WARM_S = 2
IMAGES = QoSProfile(depth=2)  # reliable, as the bridge publishes


def publish(width: int, height: int, rate_hz: float, seconds: float) -> None:
    node = rclpy.create_node("direct")
    publisher = node.create_publisher(Image, "/direct/image_raw", IMAGES)
    pixels = array.array("B", bytes(range(256)) * (width * height * 3 // 256))
    message = Image(height=height, width=width, encoding="rgb8", step=width * 3, data=pixels)
    due = time.monotonic()
    end = due + seconds
    while due < end:
        now_ns = time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(now_ns, 10**9)
        publisher.publish(message)
        due += 1 / rate_hz
        time.sleep(max(due - time.monotonic(), 0))


def subscribe(topic: str, seconds: float) -> None:
    node = rclpy.create_node("meter")
    ages_ms: list[float] = []
    begin = time.monotonic() + WARM_S

    def heard(message: Image) -> None:
        stamp = message.header.stamp
        if time.monotonic() > begin:
            ages_ms.append((time.time_ns() - stamp.sec * 10**9 - stamp.nanosec) / 1e6)

    node.create_subscription(Image, topic, heard, IMAGES)
    while time.monotonic() < begin + seconds:
        rclpy.spin_once(node, timeout_sec=0.1)
    p50 = statistics.median(ages_ms) if ages_ms else None
    print(json.dumps({"rate_hz": len(ages_ms) / seconds, "p50_ms": p50}))


def main() -> None:
    rclpy.init()
    mode, *arguments = sys.argv[1:]
    if mode == "publish":
        width, height, rate_hz, seconds = arguments
        publish(int(width), int(height), float(rate_hz), float(seconds))
    else:
        subscribe(arguments[0], float(arguments[1]))


if __name__ == "__main__":
    main()
