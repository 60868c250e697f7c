"""Messages from ROS as frames of an input track."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reactor_zmq_bridge.rosbridge.graph import IMAGE, Topic
from reactor_zmq_bridge.rosbridge.messages import octets_read
from reactor_zmq_ros2 import tensors
from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.inputs import picture_of

Decoder = Callable[[bytes], tuple[bytes, int, int]]
Array = np.ndarray[Any, np.dtype[Any]]


def taken(topic: Topic, message: dict[str, Any], decoder: Decoder | None) -> tuple[Array, int]:
    """Return a message as an array for the track and its media time in nanoseconds.

    Raises:
        ValueError: The message does not fit its type or the track.
        KeyError: It lacks a field.
        TypeError: One of its values is of another kind.
    """
    fields, samples = _fields(topic, message, decoder)
    array = np.frombuffer(samples, fields.get("dtype", "|u1")).reshape(fields["shape"])
    return array, fields["pts_ns"]


def _fields(
    topic: Topic, message: dict[str, Any], decoder: Decoder | None
) -> tuple[dict[str, Any], Any]:
    if topic.role not in ("image", "compressed"):
        whole = decode(topic.type, encode(topic.type, message))
        return tensors.taken(topic.type, topic.tensor or {}, whole)
    octets = octets_read(message)
    if topic.role == "image":
        picture = picture_of(decode(IMAGE, encode(IMAGE, octets)))
        return {"shape": picture.shape, "pts_ns": picture.pts_ns}, picture.samples
    if decoder is None:
        raise ValueError("compressed images need simplejpeg or pillow here")
    rgb, height, width = decoder(octets["data"])
    return {"shape": (height, width, 3), "pts_ns": 0}, rgb
