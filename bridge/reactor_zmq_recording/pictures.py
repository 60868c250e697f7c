"""Pictures on their way into a file, and out of it: as they are, as JPEG, as H.264."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.client import Frame
from reactor_zmq.errors import ConfigError
from reactor_zmq_ros2.cdr import encode, time_of

Codec = Literal["raw", "jpeg", "h264"]
IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
VIDEO = "foxglove_msgs/msg/CompressedVideo"
JPEG_QUALITY = 90
_JPEG_COLOURS = {"rgb8": "RGB", "rgba8": "RGBA", "mono8": "GRAY"}
_CHANNELS = {"rgb8": 3, "rgba8": 4, "mono8": 1, "mono16": 1}
# A reader that begins anywhere sees a picture within so many.
_KEY_EVERY = 60

Picture = NDArray[Any]


class PictureEncoder(Protocol):
    """Turns frames of one track into messages of one type; used by one thread.

    Attributes:
        message_type: Its long name.
        topic: What follows the track's name in the topic.
    """

    message_type: str
    topic: str

    def encode(self, frame: Frame) -> bytes:
        """Return a frame as one message in CDR."""
        ...


def suitable(codec: Codec, sample: Frame) -> Codec:
    """Return the codec for frames like this one: what it can't hold goes as JPEG, or raw."""
    if codec == "h264" and sample.encoding in ("rgb8", "rgba8"):
        return "h264"
    return "jpeg" if codec != "raw" and sample.encoding in _JPEG_COLOURS else "raw"


def picture_encoder(codec: Codec, frame_id: str, rate_hz: float) -> PictureEncoder:
    """Return an encoder for frames that the codec is suitable for.

    Raises:
        ConfigError: What the codec needs is not installed.
    """
    if codec == "h264":
        return H264(frame_id, rate_hz)
    return Jpeg(frame_id) if codec == "jpeg" else Raw(frame_id)


class Raw:
    """Every sample as it is: ``sensor_msgs/msg/Image``."""

    message_type, topic = IMAGE, "image_raw"

    def __init__(self, frame_id: str) -> None:
        self._frame_id = frame_id

    def encode(self, frame: Frame) -> bytes:
        """Return a frame as one message in CDR."""
        height, width, channels = frame.array.shape
        known = frame.encoding in _CHANNELS
        return encode(
            IMAGE,
            {
                "header": _header(frame, self._frame_id),
                "height": height,
                "width": width,
                "encoding": frame.encoding if known else f"8UC{channels}",
                "step": width * channels * frame.array.itemsize,
                "data": np.ascontiguousarray(frame.array).reshape(-1).view(np.uint8),
            },
        )


class Jpeg:
    """A JPEG for each frame: ``sensor_msgs/msg/CompressedImage``."""

    message_type, topic = COMPRESSED, "image_raw/compressed"

    def __init__(self, frame_id: str) -> None:
        self._jpeg = optional("simplejpeg", "recording")
        self._frame_id = frame_id

    def encode(self, frame: Frame) -> bytes:
        """Return a frame as one message in CDR."""
        colours = _JPEG_COLOURS[frame.encoding]
        samples = np.ascontiguousarray(frame.array)
        # 4:2:2 is what eyes and policies don't miss; 4:4:4 costs a third more.
        kept = "Gray" if colours == "GRAY" else "422"
        picture = self._jpeg.encode_jpeg(samples, JPEG_QUALITY, colours, kept)
        fields = {"header": _header(frame, self._frame_id), "format": "jpeg", "data": picture}
        return encode(COMPRESSED, fields)


class H264:
    """A stream in Annex B, a key frame every second at 60 Hz, no frame waiting for the next."""

    message_type, topic = VIDEO, "video"

    def __init__(self, frame_id: str, rate_hz: float) -> None:
        self._av = optional("av", "h264")
        self._frame_id = frame_id
        self._rate_hz = max(1, round(rate_hz))
        self._codec: Any = None

    def encode(self, frame: Frame) -> bytes:
        """Return a frame as one message in CDR; the last row or column of an odd size is lost."""
        height, width = (size // 2 * 2 for size in frame.array.shape[:2])
        if self._codec is None or (self._codec.width, self._codec.height) != (width, height):
            self._codec = self._open(width, height)
        samples = np.ascontiguousarray(frame.array[:height, :width, :3])
        picture = self._av.VideoFrame.from_ndarray(samples)
        packets = b"".join(bytes(packet) for packet in self._codec.encode(picture))
        fields = {
            "timestamp": time_of(frame.produced_ns),
            "frame_id": self._frame_id,
            "data": packets,
            "format": "h264",
        }
        return encode(VIDEO, fields)

    def _open(self, width: int, height: int) -> Any:
        codec = self._av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.framerate = self._rate_hz
        codec.gop_size, codec.max_b_frames = _KEY_EVERY, 0
        codec.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18"}
        return codec


# The forms of pictures; each stands on a topic of its own.
PICTURES: dict[Codec, type[Raw | Jpeg | H264]] = {"raw": Raw, "jpeg": Jpeg, "h264": H264}


class PictureDecoder:
    """Messages of one video channel, as pictures again; in order, for H.264 remembers."""

    def __init__(self, message_type: str) -> None:
        self._type = message_type
        self._codec: Any = None

    def decode(self, values: dict[str, Any]) -> Iterator[Picture]:
        """Yield the pictures that a message brings, ``(height, width, channels)``.

        They are uint8, or uint16 where they were ``mono16``.
        """
        if self._type == IMAGE:
            shape = (values["height"], values["width"], -1)
            samples = np.asarray(values["data"])
            deep = values["encoding"] == "mono16"
            yield (samples.view("<u2") if deep else samples).reshape(shape)
        elif self._type == COMPRESSED:
            colours = optional("simplejpeg", "recording")
            data = bytes(values["data"])
            grey = colours.decode_jpeg_header(data)[2] == "Gray"
            yield colours.decode_jpeg(data, "GRAY" if grey else "RGB")
        else:
            yield from self._film(bytes(values["data"]))

    def _film(self, data: bytes) -> Iterator[Picture]:
        av = optional("av", "h264")
        if self._codec is None:
            self._codec = av.CodecContext.create("h264", "r")
            self._codec.options = {"flags": "low_delay"}
        for packet in (av.Packet(data),):
            for frame in self._codec.decode(packet):
                yield frame.to_ndarray(format="rgb24")


def optional(module: str, extra: str) -> Any:
    """Return a module that an extra brings.

    Raises:
        ConfigError: It is not installed; the text is the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError:
        text = f"this needs {module.partition('.')[0]}: pip install 'reactor-zmq[{extra}]'"
        raise ConfigError(text) from None


def _header(frame: Frame, frame_id: str) -> dict[str, Any]:
    return {"stamp": time_of(frame.produced_ns), "frame_id": frame_id}
