"""Messages of a recording as frames again: what the encoders of each channel were given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from reactor_zmq.wire.contract import TensorContract
from reactor_zmq_recording.channels import ChannelPlan
from reactor_zmq_recording.numbers import from_message
from reactor_zmq_recording.pictures import PictureDecoder

Decode = Callable[[dict[str, Any]], Iterator[NDArray[Any]]]


def frame_decoder(plan: ChannelPlan) -> Decode:
    """Return what yields the frames that a message of this channel brings, from its fields."""
    match plan.notes["kind"]:
        case "video":
            return PictureDecoder(plan.message_type).decode
        case "audio":
            return lambda values: iter([sound(values)])
        case _:
            tensor = msgspec.json.decode(plan.notes["tensor"], type=TensorContract)
            return lambda values: iter([from_message(values, tensor)])


def sound(values: Mapping[str, Any]) -> NDArray[np.int16]:
    """Return a RawAudio as ``(channels, samples) int16``."""
    samples = np.frombuffer(values["data"], "<i2")
    return np.ascontiguousarray(samples.reshape(-1, values["number_of_channels"]).T)
