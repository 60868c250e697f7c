"""What a client publishes, as frames of an input track: decoded on a thread, newest first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from reactor_zmq.wire.contract import TensorContract
from reactor_zmq_bridge.codecs.decode import decode_payload
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.foxglove.offer import Channel
from reactor_zmq_bridge.record import Codec, Kind, Record
from reactor_zmq_recording.decoding import sound
from reactor_zmq_recording.numbers import TWIST as TWIST_STAMPED
from reactor_zmq_recording.pictures import COMPRESSED, IMAGE
from reactor_zmq_ros2 import tensors
from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.inputs import picture_of

# Of pictures the newest alone waits for its decoding; numbers and sound come block by block.
_QUEUE = 32
_WRONG = (ValueError, KeyError, TypeError, OverflowError, RecursionError, BridgeError)


def long_type(name: str) -> str:
    """Return a message's long name; Foxglove writes ``pkg/Type`` at times."""
    package, _, base = name.partition("/")
    return name if "/" in base else f"{package}/msg/{base}"


def values_of(type_name: str, encoding: str, data: memoryview) -> Mapping[str, Any]:
    """Return the fields of a published message.

    Raises:
        ValueError: It is no such message.
        KeyError: There is no such message here.
    """
    if encoding == "json":
        data = memoryview(encode(type_name, msgspec.json.decode(data, type=dict[str, Any])))
    return decode(type_name, data)


def array_of(channel: Channel, schema_name: str, encoding: str, data: memoryview) -> NDArray[Any]:
    """Return a published message as the array that its input track takes.

    Raises:
        ValueError: It is not what the track takes, or is none at all.
        BridgeError: The same of pictures.
    """
    kind = long_type(schema_name) if schema_name else channel.plan.message_type
    wanted = channel.plan.message_type
    if kind != wanted and (kind, wanted) != (tensors.TWIST, TWIST_STAMPED):
        raise ValueError(f"{channel.plan.topic} takes {wanted}, not {kind}")
    values = values_of(kind, encoding, data)
    match kind:
        case "sensor_msgs/msg/Image":
            picture = picture_of(values)
            return np.frombuffer(picture.samples, np.uint8).reshape(picture.shape)
        case "sensor_msgs/msg/CompressedImage":
            record = Record(kind=Kind.VIDEO, codec=Codec.JPEG, payload=values["data"])
            return decode_payload(record)
        case "foxglove_msgs/msg/RawAudio":
            return sound(values)
        case _:
            return _numbers(channel, kind, values)


def _numbers(channel: Channel, kind: str, values: Mapping[str, Any]) -> NDArray[Any]:
    tensor = (channel.track.tensor if channel.track else None) or TensorContract("<f4")
    if kind == TWIST_STAMPED:
        kind, values = tensors.TWIST, values["twist"]
    fields, samples = tensors.taken(kind, msgspec.to_builtins(tensor), values)
    return np.frombuffer(samples, fields["dtype"]).reshape(fields["shape"])


class Intake:
    """One channel that a client publishes to; belongs to the loop's thread.

    Args:
        channel: Of the input track.
        schema_name: Of the messages, as the client told it.
        encoding: ``cdr`` or ``json``.
        pool: Where pictures are decoded.
        publish: Takes each array.
        complain: Takes why a message could not be one.
    """

    def __init__(
        self,
        channel: Channel,
        schema_name: str,
        encoding: str,
        *,
        pool: ThreadPoolExecutor,
        publish: Callable[[NDArray[Any]], object],
        complain: Callable[[str], object],
    ) -> None:
        self._as = (channel, schema_name, encoding)
        self._pool = pool
        self._publish = publish
        self._complain = complain
        picture = channel.plan.message_type in (IMAGE, COMPRESSED)
        self._waiting: deque[memoryview] = deque(maxlen=1 if picture else _QUEUE)
        self._busy = self._closed = False

    def take(self, data: memoryview) -> None:
        """Take one message; the oldest that waits gives way where there is no room."""
        self._waiting.append(data)
        self._look()

    def close(self) -> None:
        """Take nothing more."""
        self._waiting.clear()
        self._closed = True

    def _look(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        data = self._waiting.popleft()
        work = asyncio.get_running_loop().run_in_executor(self._pool, array_of, *self._as, data)
        work.add_done_callback(self._decoded)

    def _decoded(self, done: asyncio.Future[NDArray[Any]]) -> None:
        self._busy = False
        if done.cancelled() or self._closed:
            return
        try:
            self._publish(done.result())
        except _WRONG as error:
            self._complain(f"{self._as[0].plan.topic}: {error}")
        self._look()
