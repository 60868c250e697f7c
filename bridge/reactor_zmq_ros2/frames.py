"""Frames: their headers, and the ROS messages that they become."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from reactor_zmq_ros2.cdr import SECOND_NS, encode, time_of
from reactor_zmq_ros2.unpack import unpack

VERSION = 1
REQUIRED = 9  # fields that have no default
ITEM_NBYTES = {"|u1": 1, "<u2": 2}
ENCODINGS = {"rgb8": 3, "rgba8": 4, "mono8": 1, "mono16": 1}


@dataclass(frozen=True)
class Header:
    """What stands before a frame's samples (docs/protocol.md, §3)."""

    version: int
    epoch: int
    seq: int
    pts_ns: int
    produced_ns: int
    sent_ns: int
    shape: tuple[int, ...]
    dtype: str
    encoding: str
    metadata: bytes = b""
    rate_hz: float = 0.0

    @property
    def nbytes(self) -> int:
        """Size of the samples."""
        return math.prod(self.shape) * int(self.dtype[2:])


def read_header(data: bytes) -> Header:
    """Read a header, leaving out what a newer front end has added at its end.

    Raises:
        ValueError: It is no header of this version.
    """
    values: Any = unpack(data)
    if not isinstance(values, list):
        raise ValueError("a frame's header is an array")  # noqa: TRY004 - the peer's bytes
    known: list[Any] = list(values[: len(fields(Header))])  # pyright: ignore[reportUnknownArgumentType]
    if len(known) < REQUIRED or known[0] != VERSION:
        raise ValueError(f"not a frame's header of version {VERSION}")
    known[6] = tuple(known[6])
    return Header(*known)


def ros_encoding(header: Header) -> str:
    """Return ROS's name of the pixels; ``8UC2`` and the like where they have no colour."""
    if header.encoding in ENCODINGS:
        return header.encoding
    bits = {"|u1": "8U", "<u2": "16U", "<i2": "16S", "<f4": "32F", "<f8": "64F"}[header.dtype]
    return f"{bits}C{_channels(header.shape)}"


def image(header: Header, payload: Any, stamp_ns: int, frame_id: str) -> bytes:
    """Return a video frame as ``sensor_msgs/msg/Image``; the samples are copied once."""
    height, width = header.shape[:2]
    return encode(
        "sensor_msgs/msg/Image",
        {
            "header": header_of(stamp_ns, frame_id),
            "height": height,
            "width": width,
            "encoding": ros_encoding(header),
            "step": memoryview(payload).nbytes // max(height, 1),
            "data": payload,
        },
    )


def compressed(picture: bytes, form: str, stamp_ns: int, frame_id: str) -> bytes:
    """Return an encoded picture as ``sensor_msgs/msg/CompressedImage``.

    ``form`` is image_transport's word for it: ``rgb8; jpeg compressed bgr8``.
    """
    fields_ = {"header": header_of(stamp_ns, frame_id), "format": form, "data": picture}
    return encode("sensor_msgs/msg/CompressedImage", fields_)


def camera_info(
    header: Header, stamp_ns: int, frame_id: str, calibration: dict[str, Any] | None = None
) -> bytes:
    """Return ``sensor_msgs/msg/CameraInfo``; K is zero, "uncalibrated", without a calibration."""
    height, width = header.shape[:2]
    known = {**(calibration or {}), "height": height, "width": width}
    return encode("sensor_msgs/msg/CameraInfo", {"header": header_of(stamp_ns, frame_id), **known})


def numbers_layout(shape: Sequence[int], labels: Sequence[str] = ()) -> dict[str, Any]:
    """Return the ``MultiArrayLayout`` of a C-contiguous array."""
    dimensions: list[dict[str, Any]] = []
    stride = 1
    for place in reversed(range(len(shape))):
        stride *= shape[place]
        label = labels[place] if place < len(labels) else ""
        dimensions.insert(0, {"label": label, "size": shape[place], "stride": stride})
    return {"dim": dimensions}


def header_of(stamp_ns: int, frame_id: str) -> dict[str, Any]:
    """Return a ``std_msgs/msg/Header``."""
    return {"stamp": time_of(stamp_ns), "frame_id": frame_id}


def _channels(shape: tuple[int, ...]) -> int:
    return shape[2] if len(shape) > 2 else 1  # noqa: PLR2004 - height, width, channels


def ns_of(stamp: dict[str, int]) -> int:
    """Return a decoded ``Time`` as nanoseconds; never negative."""
    return max(stamp["sec"] * SECOND_NS + stamp["nanosec"], 0)
