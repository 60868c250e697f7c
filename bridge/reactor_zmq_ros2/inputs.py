"""ROS images as frames of an input track: rows without padding, RGB, 8 bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from reactor_zmq_ros2.frames import ns_of

# encoding: (channels that come, their order as they go out)
_COLOURS = {
    "rgb8": (3, (0, 1, 2)),
    "bgr8": (3, (2, 1, 0)),
    "rgba8": (4, (0, 1, 2, 3)),
    "bgra8": (4, (2, 1, 0, 3)),
    "mono8": (1, (0,)),
    "8UC1": (1, (0,)),
    "8UC3": (3, (0, 1, 2)),
    "8UC4": (4, (0, 1, 2, 3)),
}
_DEEP = ("mono16", "16UC1")  # their high bytes are taken
ACCEPTED = (*_COLOURS, *_DEEP)


class Picture(NamedTuple):
    """What `$publish` takes: C-contiguous ``uint8`` samples of ``shape``."""

    shape: tuple[int, int, int]
    pts_ns: int
    samples: bytes | bytearray | memoryview


def picture_of(message: Mapping[str, Any]) -> Picture:
    """Return a ``sensor_msgs/msg/Image``, decoded by ``decode``, as a frame.

    Its ``step`` and ``is_bigendian`` are honoured; colours become RGB, 16 bits the upper 8.

    Raises:
        ValueError: An encoding that is not taken, or less data than it says.
    """
    height, width, step = message["height"], message["width"], message["step"]
    encoding, data = message["encoding"], memoryview(message["data"]).cast("B")
    channels, item_nbytes = _layout(encoding)
    row_nbytes = width * channels * item_nbytes
    if step < row_nbytes or len(data) < step * height:
        raise ValueError(
            f"step {step} and {len(data)} bytes are too few for {width}x{height} {encoding}"
        )
    rows = _dense(data, height, step, row_nbytes)
    if encoding in _DEEP:
        rows = bytes(rows[0 if message["is_bigendian"] else 1 :: 2])
    pts_ns = ns_of(message["header"]["stamp"])
    return Picture((height, width, channels), pts_ns, _ordered(rows, encoding))


def _layout(encoding: str) -> tuple[int, int]:
    if encoding in _DEEP:
        return 1, 2
    if encoding not in _COLOURS:
        raise ValueError(f"encoding {encoding!r} is not taken; {', '.join(ACCEPTED)} are")
    return _COLOURS[encoding][0], 1


def _dense(data: memoryview, height: int, step: int, row_nbytes: int) -> bytes | memoryview:
    if step == row_nbytes:
        return data[: height * step]
    return b"".join(data[y * step : y * step + row_nbytes] for y in range(height))


def _ordered(rows: bytes | memoryview, encoding: str) -> bytes | bytearray | memoryview:
    channels, order = _COLOURS.get(encoding, (1, (0,)))
    if order == tuple(range(channels)):
        return rows
    out = bytearray(rows)
    for place, source in enumerate(order):
        out[place::channels] = rows[source::channels]
    return out
