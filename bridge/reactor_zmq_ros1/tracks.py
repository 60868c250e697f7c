"""Tracks as topics: what the model gives out, and what it takes in."""
# pyright: basic, reportMissingImports=false
# rospy is not there where types are checked.

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import rospy

from reactor_zmq_ros1.messages import fields_of_message, from_cdr, ros_class
from reactor_zmq_ros2 import tensors
from reactor_zmq_ros2.calibration import read_calibration
from reactor_zmq_ros2.figures import Figures
from reactor_zmq_ros2.forms import VIDEO, Form
from reactor_zmq_ros2.frames import ns_of
from reactor_zmq_ros2.inputs import picture_of
from reactor_zmq_ros2.names import optical_frame

if TYPE_CHECKING:
    from reactor_zmq_ros1.node import BridgeNode
    from reactor_zmq_ros2.frames import Header
    from reactor_zmq_ros2.lane import Samples

DEPTH = 2
# rospy keeps only the newest where its buffer holds more than one message.
BUFFER_NBYTES = 2**25


class Outlet:
    """One output track's publishers. `show` runs in the link's thread."""

    def __init__(self, node: BridgeNode, topic: dict[str, Any]) -> None:
        self.track: str = topic["track"]
        self.figures = Figures()
        self._lock = threading.Lock()
        self._form = Form(
            frame_id=rospy.get_param(f"~{self.track}/frame_id", optical_frame(self.track)),
            encoder=node.encoder,
            tensor=topic.get("tensor") or {},
            calibration=self._calibration(),
            pictures=topic["kind"] == "video",
        )
        kinds = dict(VIDEO) if topic["kind"] == "video" else {}
        kinds |= {suffix: (suffix, kind) for suffix, kind in tensors.topics_of(topic)}
        self._publishers = {
            key: (kind, _publisher(f"~{self.track}{suffix}", kind))
            for key, (suffix, kind) in kinds.items()
        }

    def is_watched(self) -> bool:
        """Say whether anybody subscribes to one of the topics."""
        return any(found.get_num_connections() for _, found in self._publishers.values())

    def show(self, header: Header, samples: Samples, stamp_ns: int, received_ns: int) -> None:
        """Publish one frame on each topic that somebody subscribes to; not one that has gone."""
        with self._lock:
            watched = {
                key: found
                for key, found in self._publishers.items()
                if found[1].get_num_connections()
            }
            copy = self._form.copied(watched, header, samples.view, stamp_ns)
            if not samples.is_whole():
                return
            self.figures.note(header, received_ns)
            for key, (kind, publisher) in watched.items():
                try:
                    cdr = self._form.message_of_copy(key, header, copy, stamp_ns)
                except ValueError as error:
                    rospy.logwarn_once(f"{self.track}: {error}")
                else:
                    publisher.publish(from_cdr(kind, cdr))

    def close(self) -> None:
        """Take the topics back."""
        with self._lock:
            for _, publisher in self._publishers.values():
                publisher.unregister()
            self._publishers = {}

    def _calibration(self) -> dict[str, Any] | None:
        url = rospy.get_param(f"~{self.track}/camera_info_url", "")
        try:
            return read_calibration(url) if url else None
        except ValueError as error:
            rospy.logerr(str(error))
            return None


class Inlet:
    """One input track's subscriptions; each is heard in a thread of rospy's."""

    def __init__(self, node: BridgeNode, track: dict[str, Any], name: str) -> None:
        self.track: str = track["track"]
        self._node = node
        self._tensor: dict[str, Any] = track.get("tensor") or {}
        kinds = dict(tensors.topics_of(track)[-1:])
        if track.get("kind", "video") == "video":
            forms = ("image", "compressed") if node.decoder else ("image",)
            kinds |= {VIDEO[form][0]: VIDEO[form][1] for form in forms}
        self._subscribers = [
            rospy.Subscriber(
                f"~{name}{suffix}",
                ros_class(kind),
                self._heard,
                callback_args=kind,
                queue_size=1,
                buff_size=BUFFER_NBYTES,
                tcp_nodelay=True,
            )
            for suffix, kind in kinds.items()
        ]

    def close(self) -> None:
        """Take the subscriptions back, and leave the track to others."""
        for subscriber in self._subscribers:
            subscriber.unregister()
        self._subscribers = []
        self._node.link.release(self.track)

    def _heard(self, message: Any, kind: str) -> None:
        try:
            fields, samples = self._taken(kind, fields_of_message(kind, message))
        except (ValueError, OSError) as error:
            rospy.logwarn_throttle(5, f"{self.track}: {error}")
            return
        self._node.link.give(self.track, fields, samples)

    def _taken(self, kind: str, message: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        if kind == VIDEO["image"][1]:
            picture = picture_of(message)
            return {"shape": list(picture.shape), "pts_ns": picture.pts_ns}, picture.samples
        if kind == VIDEO["compressed"][1]:
            assert self._node.decoder is not None  # noqa: S101 - else nothing is subscribed to
            rgb, height, width = self._node.decoder(message["data"])
            return {"shape": [height, width, 3], "pts_ns": ns_of(message["header"]["stamp"])}, rgb
        return tensors.taken(kind, self._tensor, message)


def _publisher(name: str, kind: str) -> Any:
    return rospy.Publisher(name, ros_class(kind), queue_size=DEPTH, tcp_nodelay=True)
