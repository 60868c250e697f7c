"""Tracks as topics: what the model gives out, and what it takes in."""
# pyright: basic, reportMissingImports=false
# rclpy is not there where types are checked.

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from reactor_zmq_ros2 import frames, tensors
from reactor_zmq_ros2.calibration import read_calibration
from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.figures import Figures
from reactor_zmq_ros2.forms import VIDEO, Form
from reactor_zmq_ros2.inputs import Picture, picture_of
from reactor_zmq_ros2.names import optical_frame
from reactor_zmq_ros2.ros_types import ros_type

if TYPE_CHECKING:
    from reactor_zmq_ros2.frames import Header
    from reactor_zmq_ros2.lane import Samples
    from reactor_zmq_ros2.link import Link
    from reactor_zmq_ros2.node import BridgeNode

# Reliable still matches best-effort subscribers; best effort would lose most of raw video.
IMAGES = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=2, reliability=ReliabilityPolicy.RELIABLE
)
_LOOSE = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT
)
_FIRM = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1)


class Outlet:
    """One output track's publishers. `show` runs in the link's thread, the rest in the node's."""

    def __init__(self, node: BridgeNode, topic: dict[str, Any]) -> None:
        self.track: str = topic["track"]
        self.figures = Figures()
        self._node = node
        self._lock = threading.Lock()
        self._publishers: dict[str, Any] = {}
        pictures = topic["kind"] == "video"
        self._form = Form(
            frame_id=node.text_parameter(f"{self.track}.frame_id", optical_frame(self.track)),
            encoder=node.encoder,
            tensor=topic.get("tensor") or {},
            calibration=self._calibration() if pictures else None,
            pictures=pictures,
        )
        if pictures:
            for key, (suffix, type_name) in VIDEO.items():
                self._add(key, type_name, f"~/{self.track}{suffix}")
        for suffix, type_name in tensors.topics_of(topic):
            self._add(suffix, type_name, f"~/{self.track}{suffix}")

    def is_watched(self) -> bool:
        """Say whether anybody subscribes to one of the topics."""
        return any(found.get_subscription_count() for found in self._publishers.values())

    def show(self, header: Header, samples: Samples, stamp_ns: int, received_ns: int) -> None:
        """Publish one frame on each topic that somebody subscribes to; not one that has gone."""
        with self._lock:
            publishers = self._publishers.items()
            watched = {key: to for key, to in publishers if to.get_subscription_count()}
            copy = self._form.copied(watched, header, samples.view, stamp_ns)
            if not samples.is_whole():
                return
            self.figures.note(header, received_ns)
            for key, publisher in watched.items():
                data = self._message(key, header, copy, stamp_ns)
                if data:
                    publisher.publish(data)

    def close_with(self, _link: Link) -> None:
        """Take the topics back."""
        with self._lock:
            for publisher in self._publishers.values():
                self._node.destroy_publisher(publisher)
            self._publishers = {}

    def _calibration(self) -> dict[str, Any] | None:
        url = self._node.text_parameter(f"{self.track}.camera_info_url", "")
        try:
            return read_calibration(url) if url else None
        except ValueError as error:
            self._node.get_logger().error(str(error))
            return None

    def _add(self, key: str, type_name: str, topic: str) -> None:
        self._publishers[key] = self._node.create_publisher(
            ros_type(type_name),
            topic,
            IMAGES,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def _message(self, key: str, header: Header, copy: bytes, stamp_ns: int) -> bytes:
        try:
            return self._form.message_of_copy(key, header, copy, stamp_ns)
        except ValueError as error:
            self._node.get_logger().warning(f"{self.track}: {error}", once=True)
            return b""


class Inlet:
    """One input track's subscriptions, in the node's threads; their QoS follows the publisher."""

    def __init__(self, node: BridgeNode, track: dict[str, Any], name: str) -> None:
        self.track: str = track["track"]
        self._node = node
        self._tensor: dict[str, Any] = track.get("tensor") or {}
        self._subscriptions: dict[str, Any] = {}
        self._qos: dict[str, QoSProfile] = {}
        self._kinds: dict[str, str] = {}
        if track.get("kind", "video") == "video":
            self._kinds[f"~/{name}/image_raw"] = "sensor_msgs/msg/Image"
            if node.decoder:
                self._kinds[f"~/{name}/image_raw/compressed"] = "sensor_msgs/msg/CompressedImage"
        for suffix, type_name in tensors.topics_of(track)[-1:]:
            self._kinds[f"~/{name}{suffix}"] = type_name
        self.look()

    def look(self) -> None:
        """Subscribe as the publishers offer: firmly where all of them are reliable."""
        for topic in self._kinds:
            found = self._node.get_publishers_info_by_topic(self._node.resolve_topic_name(topic))
            firm = found and all(
                end.qos_profile.reliability == ReliabilityPolicy.RELIABLE for end in found
            )
            self._subscribe(topic, _FIRM if firm else _LOOSE)

    def close_with(self, link: Link) -> None:
        """Take the subscriptions back, and leave the track to others."""
        for subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._subscriptions = {}
        link.release(self.track)

    def _subscribe(self, topic: str, qos: QoSProfile) -> None:
        if self._qos.get(topic) is qos:
            return
        if topic in self._subscriptions:
            self._node.destroy_subscription(self._subscriptions[topic])
        type_name = self._kinds[topic]
        self._qos[topic] = qos
        self._subscriptions[topic] = self._node.create_subscription(
            ros_type(type_name), topic, lambda data: self._heard(type_name, data), qos, raw=True
        )

    def _heard(self, type_name: str, data: bytes) -> None:
        try:
            fields, samples = self._taken(type_name, data)
        except (ValueError, OSError) as error:
            text = f"{self.track}: {error}"
            self._node.get_logger().warning(text, throttle_duration_sec=5.0)
            return
        self._node.give(self.track, fields, samples)

    def _taken(self, type_name: str, data: bytes) -> tuple[dict[str, Any], Any]:
        message = decode(type_name, data)
        if type_name == "sensor_msgs/msg/Image":
            return _published(picture_of(message))
        if type_name == "sensor_msgs/msg/CompressedImage":
            assert self._node.decoder is not None  # noqa: S101 - else nothing is subscribed to
            rgb, height, width = self._node.decoder(bytes(message["data"]))
            stamp_ns = frames.ns_of(message["header"]["stamp"])
            return _published(Picture((height, width, 3), stamp_ns, rgb))
        return tensors.taken(type_name, self._tensor, message)


def _published(picture: Picture) -> tuple[dict[str, Any], Any]:
    return {"shape": list(picture.shape), "pts_ns": picture.pts_ns}, picture.samples
