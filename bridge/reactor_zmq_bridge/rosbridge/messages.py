"""Frames as the messages of a topic, and messages as a client wants them written."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from reactor_zmq.client import Frame
from reactor_zmq_bridge.rosbridge.cbor import encode_cbor
from reactor_zmq_bridge.rosbridge.graph import Topic
from reactor_zmq_ros2.cdr import time_of
from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.forms import Form
from reactor_zmq_ros2.frames import Header
from reactor_zmq_ros2.pictures import Encoder

CBOR, CBOR_RAW = "cbor", "cbor-raw"


def frame_message(topic: Topic, frame: Frame, encoder: Encoder) -> bytes:
    """Return a frame as CDR; it may take milliseconds, so not on the loop's thread.

    Raises:
        ValueError: A picture that the topic's form has no room for.
    """
    array: Any = frame.array
    header = Header(
        version=1,
        epoch=frame.epoch,
        seq=frame.seq,
        pts_ns=frame.pts_ns,
        produced_ns=frame.produced_ns,
        sent_ns=frame.sent_ns,
        shape=tuple(array.shape),
        dtype=array.dtype.str,
        encoding=frame.encoding,
    )
    form = Form(topic.frame_id, encoder, topic.tensor or {})
    payload = array.reshape(-1) if topic.role == "compressed" else array
    return form.message(topic.role, header, payload, frame.produced_ns)


def written(name: str, type_name: str, cdr: bytes, compression: str, now_ns: int) -> str | bytes:
    """Return a topic's message as the client asked: JSON, CBOR, or the bytes that ROS has."""
    if compression == CBOR_RAW:
        now = time_of(now_ns)
        raw = {"secs": now["sec"], "nsecs": now["nanosec"], "bytes": cdr}
        return encode_cbor({"op": "publish", "topic": name, "msg": raw})
    message = decode(type_name, cdr)
    if compression == CBOR:
        return encode_cbor({"op": "publish", "topic": name, "msg": message})
    return as_json(name, message)


def as_json(name: str, message: Mapping[str, Any]) -> str:
    """Return a `publish` operation as JSON, octets as base64."""
    return json.dumps({"op": "publish", "topic": name, "msg": message}, default=_base64)


def text_written(name: str, told: Mapping[str, Any], compression: str) -> str | bytes:
    """Return a String topic's message, its data JSON."""
    message = {"data": json.dumps(told, ensure_ascii=False)}
    whole = {"op": "publish", "topic": name, "msg": message}
    return encode_cbor(whole) if compression == CBOR else json.dumps(whole)


def octets_read(message: dict[str, Any]) -> dict[str, Any]:
    """Return a published image with its data as bytes: base64, or a list of numbers."""
    data = message.get("data", "")
    try:
        octets = base64.b64decode(data, validate=True) if isinstance(data, str) else bytes(data)
    except (TypeError, ValueError) as error:
        raise ValueError(f"data is neither base64 nor octets: {error}") from error
    return {**message, "data": octets}


def _base64(value: object) -> str:
    if isinstance(value, memoryview):
        return base64.b64encode(bytes(value)).decode()  # pyright: ignore[reportUnknownArgumentType]
    raise TypeError(f"{type(value).__name__} has no form in JSON")
