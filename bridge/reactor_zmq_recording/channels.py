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
from reactor_zmq_recording.pictures import PICTURES, Codec, picture_encoder, suitable
from reactor_zmq_ros2.cdr import encode, time_of

TEXT = "std_msgs/msg/String"
AUDIO = "foxglove_msgs/msg/RawAudio"
# A rate to plan for where a track's own is not known yet.
USUAL_HZ = 30.0

Direction = Literal["in", "out"]
Track = TopicInfo | InputInfo
# What is not a frame: applied events, the model's messages, its state and its status.
WORDS = ("events", "messages", "state", "status")
_ANY_NUMBERS = TensorContract("<f4")


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


def track_plan(model: str, track: Track, direction: Direction, codec: Codec) -> ChannelPlan:
    """Return the channel of a track.

    Args:
        model: Name of the model.
        track: As the runtime told it.
        direction: Whether the model makes it or clients do.
        codec: For pictures.
    """
    notes = {"track": track.track, "kind": track.kind, "direction": direction}
    base = f"/{ros_name(model)}/{track.track}"
    match track.kind:
        case "video":
            form = PICTURES[codec]
            return ChannelPlan(f"{base}/{form.topic}", form.message_type, notes)
        case "audio":
            return ChannelPlan(base, AUDIO, notes)
        case _:
            tensor = track.tensor or _ANY_NUMBERS
            notes["tensor"] = msgspec.json.encode(tensor).decode()
            return ChannelPlan(base, message_type(tensor), notes)


def frame_encoder(track: Track, codec: Codec) -> FrameEncoder:
    """Return what encodes a track's frames.

    Raises:
        ConfigError: What the codec needs is not installed.
    """
    match track.kind:
        case "video":
            return picture_encoder(codec, f"{track.track}_optical_frame", USUAL_HZ)
        case "audio":
            return _Audio()
        case _:
            return _Numbers(track.tensor or _ANY_NUMBERS)


def plan_track(
    model: str, track: Track, direction: Direction, codec: Codec, first: Frame
) -> tuple[ChannelPlan, FrameEncoder]:
    """Return the channel of a track, and what encodes its frames.

    Args:
        model: Name of the model.
        track: As the runtime told it.
        direction: Whether the model makes it or clients do.
        codec: For pictures; what it can't hold goes in raw.
        first: The track's first frame.

    Raises:
        ConfigError: What the codec needs is not installed.
    """
    codec = suitable(codec, first)
    return track_plan(model, track, direction, codec), frame_encoder(track, codec)


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
