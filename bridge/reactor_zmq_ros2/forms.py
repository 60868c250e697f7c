"""A frame as the message of one of its track's topics, whichever ROS it goes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from reactor_zmq_ros2 import frames, tensors
from reactor_zmq_ros2.frames import Header
from reactor_zmq_ros2.pictures import Encoder

VIDEO = {
    "image": ("/image_raw", "sensor_msgs/msg/Image"),
    "compressed": ("/image_raw/compressed", "sensor_msgs/msg/CompressedImage"),
    "info": ("/camera_info", "sensor_msgs/msg/CameraInfo"),
}


@dataclass(frozen=True)
class Form:
    """What does not change from frame to frame."""

    frame_id: str
    encoder: Encoder
    tensor: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calibration: dict[str, Any] | None = None
    pictures: bool = True

    def message(self, key: str, header: Header, payload: Any, stamp_ns: int) -> bytes:
        """Return a frame as CDR; ``key`` is one of `VIDEO`, or a numeric topic's suffix.

        Raises:
            ValueError: A picture that the topic's form has no room for.
        """
        if key == "image":
            return frames.image(header, payload, stamp_ns, self.frame_id)
        if key == "info":
            return frames.camera_info(header, stamp_ns, self.frame_id, self.calibration)
        if key == "compressed":
            return self._compressed(header, payload, stamp_ns)
        return tensors.message(key, self.tensor, header, payload, stamp_ns, self.frame_id)

    def copied(self, keys: Collection[str], header: Header, view: Any, stamp_ns: int) -> bytes:
        """Return the only copy of the samples: of pictures the message that ends with them."""
        if not self.pictures:
            return bytes(view)
        if "image" in keys or "compressed" in keys:
            return frames.image(header, view, stamp_ns, self.frame_id)
        return b""

    def message_of_copy(self, key: str, header: Header, copy: bytes, stamp_ns: int) -> bytes:
        """Return what `message` does, from what `copied` gave.

        Raises:
            ValueError: As `message`.
        """
        if key == "image":
            return copy
        payload = memoryview(copy)[len(copy) - header.nbytes :] if key == "compressed" else copy
        return self.message(key, header, payload, stamp_ns)

    def _compressed(self, header: Header, payload: Any, stamp_ns: int) -> bytes:
        encoding = frames.ros_encoding(header)
        if encoding not in ("rgb8", "rgba8", "mono8"):
            raise ValueError(f"{encoding} has no compressed form here")
        height, width, *rest = header.shape
        picture = self.encoder.encode(payload, height, width, rest[0] if rest else 1)
        stored = encoding if encoding == "mono8" else "bgr8"
        form = f"{encoding}; {self.encoder.form} compressed {stored}"
        return frames.compressed(picture, form, stamp_ns, self.frame_id)
