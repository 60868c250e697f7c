"""What stands on which topic of a recording, and how each frame becomes a message."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec
import numpy as np

from reactor_zmq.client import Frame
from reactor_zmq.wire.contract import TensorContract
from reactor_zmq.wire.control import InputInfo, TopicInfo
from reactor_zmq_recording.numbers import message_type, to_message
from reactor_zmq_recording.pictures import Codec, picture_encoder
from reactor_zmq_ros2.cdr import encode, time_of

TEXT = "std_msgs/msg/String"
AUDIO = "foxglove_msgs/msg/RawAudio"
# A rate to plan for where a track's own is not known yet.
USUAL_HZ = 30.0

Direction = Literal["in", "out"]
Track = TopicInfo | InputInfo
# What is not a frame: applied events, the model's messages, its state and its status.
WORDS = ("events", "messages", "state", "status")


@dataclass(frozen=True)
class ChannelPlan:
    """One channel of the file.

    Attributes:
        topic: Under the model's own name, as a ROS node would publish it.
        message_type: Long name of the ROS message.
        notes: What ``replay`` and ``export`` have to know of it.
    """

    topic: str
    message_type: str
    notes: dict[str, str] = field(default_factory=dict[str, str])


class FrameEncoder(Protocol):
    """Turns frames of one track into messages of one channel; used by one thread."""

    def encode(self, frame: Frame) -> bytes:
        """Return a frame as one message in CDR."""
        ...


def ros_name(text: str) -> str:
    """Return a text as a ROS name: letters, digits and underscores, no digit in front."""
    tidy = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "reactor"
    return f"m_{tidy}" if tidy[0].isdigit() else tidy


def word_plan(model: str, word: str) -> ChannelPlan:
    """Return the channel of a kind of words: texts of JSON."""
    return ChannelPlan(f"/{ros_name(model)}/{word}", TEXT, {"words": word})


def metadata_plan(model: str, track: str) -> ChannelPlan:
    """Return the channel of the author's metadata of a track's frames."""
    return ChannelPlan(f"/{ros_name(model)}/{track}/metadata", TEXT, {"metadata_of": track})


def text_message(data: object) -> bytes:
    """Return a value as JSON in a ``std_msgs/msg/String``."""
    return encode(TEXT, {"data": msgspec.json.encode(data).decode()})


def metadata_message(frame: Frame) -> bytes:
    """Return the author's metadata of a frame; bytes that are no text as base64."""
    try:
        told = {"seq": frame.seq, "text": frame.metadata.decode()}
    except UnicodeDecodeError:
        told = {"seq": frame.seq, "base64": b64encode(frame.metadata).decode()}
    return text_message(told)


def plan_track(
    model: str, track: Track, direction: Direction, codec: Codec, first: Frame
) -> tuple[ChannelPlan, FrameEncoder]:
    """Return the channel of a track, and what encodes its frames.

    Args:
        model: Name of the model.
        track: As the runtime told it.
        direction: Whether the model makes it or clients do.
        codec: For pictures.
        first: Its first frame, after which the encoder is made.

    Raises:
        ConfigError: What the codec needs is not installed.
    """
    notes = {"track": track.track, "kind": track.kind, "direction": direction}
    base = f"/{ros_name(model)}/{track.track}"
    frame_id = f"{track.track}_optical_frame"
    match track.kind:
        case "video":
            encoder = picture_encoder(codec, first, frame_id, USUAL_HZ)
            plan = ChannelPlan(f"{base}/{encoder.topic}", encoder.message_type, notes)
            return plan, encoder
        case "audio":
            return ChannelPlan(base, AUDIO, notes), _Audio()
        case _:
            tensor = track.tensor or TensorContract("<f4")
            notes["tensor"] = msgspec.json.encode(tensor).decode()
            return ChannelPlan(base, message_type(tensor), notes), _Numbers(tensor)


class _Numbers:
    def __init__(self, tensor: TensorContract) -> None:
        self._tensor = tensor
        self._type = message_type(tensor)

    def encode(self, frame: Frame) -> bytes:
        return encode(self._type, to_message(frame.array, self._tensor, frame.produced_ns))


class _Audio:
    def encode(self, frame: Frame) -> bytes:
        samples = np.ascontiguousarray(frame.array.T)  # interleaved, as all players want them
        values: dict[str, Any] = {
            "timestamp": time_of(frame.produced_ns),
            "data": samples.reshape(-1).view(np.uint8),
            "format": "pcm-s16",
            "sample_rate": round(frame.rate_hz),
            "number_of_channels": frame.array.shape[0],
        }
        return encode(AUDIO, values)
