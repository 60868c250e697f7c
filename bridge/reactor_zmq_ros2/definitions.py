"""The ROS messages that this project speaks, as the ``.msg`` text that defines them.

The text is the one source: the encoder reads it, and recorders write it beside their data.
Names are ROS 2's long ones, ``package/msg/Type``. Field names, order and types are ROS's own;
tests compare the bytes with those that rclpy makes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

TEXTS: dict[str, str] = {
    "builtin_interfaces/msg/Time": "int32 sec\nuint32 nanosec",
    "std_msgs/msg/Header": "builtin_interfaces/Time stamp\nstring frame_id",
    "std_msgs/msg/String": "string data",
    "std_msgs/msg/Bool": "bool data",
    "std_msgs/msg/Float32": "float32 data",
    "std_msgs/msg/MultiArrayDimension": "string label\nuint32 size\nuint32 stride",
    "std_msgs/msg/MultiArrayLayout": "MultiArrayDimension[] dim\nuint32 data_offset",
    "std_msgs/msg/UInt8MultiArray": "MultiArrayLayout layout\nuint8[] data",
    "std_msgs/msg/Int16MultiArray": "MultiArrayLayout layout\nint16[] data",
    "std_msgs/msg/Int32MultiArray": "MultiArrayLayout layout\nint32[] data",
    "std_msgs/msg/Int64MultiArray": "MultiArrayLayout layout\nint64[] data",
    "std_msgs/msg/Float32MultiArray": "MultiArrayLayout layout\nfloat32[] data",
    "std_msgs/msg/Float64MultiArray": "MultiArrayLayout layout\nfloat64[] data",
    "geometry_msgs/msg/Vector3": "float64 x\nfloat64 y\nfloat64 z",
    "geometry_msgs/msg/Twist": "Vector3 linear\nVector3 angular",
    "geometry_msgs/msg/TwistStamped": "std_msgs/Header header\nTwist twist",
    "sensor_msgs/msg/Image": (
        "std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\n"
        "uint8 is_bigendian\nuint32 step\nuint8[] data"
    ),
    "sensor_msgs/msg/CompressedImage": "std_msgs/Header header\nstring format\nuint8[] data",
    "sensor_msgs/msg/RegionOfInterest": (
        "uint32 x_offset\nuint32 y_offset\nuint32 height\nuint32 width\nbool do_rectify"
    ),
    "sensor_msgs/msg/CameraInfo": (
        "std_msgs/Header header\nuint32 height\nuint32 width\nstring distortion_model\n"
        "float64[] d\nfloat64[9] k\nfloat64[9] r\nfloat64[12] p\n"
        "uint32 binning_x\nuint32 binning_y\nRegionOfInterest roi"
    ),
    "sensor_msgs/msg/JointState": (
        "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\n"
        "float64[] effort"
    ),
    "sensor_msgs/msg/Joy": "std_msgs/Header header\nfloat32[] axes\nint32[] buttons",
    "diagnostic_msgs/msg/KeyValue": "string key\nstring value",
    "diagnostic_msgs/msg/DiagnosticStatus": (
        "byte OK=0\nbyte WARN=1\nbyte ERROR=2\nbyte STALE=3\n"
        "byte level\nstring name\nstring message\nstring hardware_id\nKeyValue[] values"
    ),
    "diagnostic_msgs/msg/DiagnosticArray": "std_msgs/Header header\nDiagnosticStatus[] status",
    # Foxglove's: ROS has no message of its own for a video stream.
    "foxglove_msgs/msg/CompressedVideo": (
        "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format"
    ),
    "foxglove_msgs/msg/RawAudio": (
        "builtin_interfaces/Time timestamp\nuint8[] data\nstring format\n"
        "uint32 sample_rate\nuint32 number_of_channels"
    ),
}

_FIELD = re.compile(r"([\w/]+?)(\[(\d*)\])? (\w+)")
PRIMITIVES = {
    "bool": "?",
    "byte": "B",
    "uint8": "B",
    "int8": "b",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}


class Field(NamedTuple):
    """One field of a message: ``length`` is None for one value, 0 for any number of them."""

    name: str
    type: str
    length: int | None


@cache
def fields_of(type_name: str) -> tuple[Field, ...]:
    """Return the fields of a message in their order on the wire.

    Raises:
        KeyError: No such message here.
    """
    lines = TEXTS[type_name].splitlines()
    return tuple(_field(type_name, line) for line in lines if "=" not in line)


def schema_text(type_name: str) -> str:
    """Return the message's definition with all that it refers to, as bags and MCAP write it.

    Raises:
        KeyError: No such message here.
    """
    rule = "=" * 80
    inner = (f"{rule}\nMSG: {_short(name)}\n{TEXTS[name]}" for name in _referred(type_name))
    return "\n".join((TEXTS[type_name], *inner)) + "\n"


def _field(owner: str, line: str) -> Field:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise ValueError(f"{owner}: no field: {line!r}")
    type_name, array, length, name = match.groups()
    return Field(name, _long(owner, type_name), int(length or 0) if array else None)


def _long(owner: str, type_name: str) -> str:
    if type_name in PRIMITIVES or type_name == "string":
        return type_name
    package, _, base = type_name.rpartition("/")
    return f"{package or owner.partition('/')[0]}/msg/{base}"


def _short(type_name: str) -> str:
    return type_name.replace("/msg/", "/")


def _referred(type_name: str) -> list[str]:
    found: list[str] = []
    for field in fields_of(type_name):
        if field.type in TEXTS:
            found += [field.type, *_referred(field.type)]
    return list(dict.fromkeys(found))
