"""What an encoder is, and which ones there are here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import msgspec

from reactor_zmq.client import Frame
from reactor_zmq_bridge.codecs.pictures import Picture
from reactor_zmq_bridge.record import Codec


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One frame as a codec writes it.

    Attributes:
        payload: Belongs to whoever gets it; nothing changes it any more.
        key: It can be read without the frames before it.
        width: Pixels, or samples per second.
        height: Pixels, or channels.
        metadata: JSON, or empty.
    """

    payload: bytes | bytearray | memoryview
    key: bool
    width: int
    height: int
    metadata: bytes


class Encoder(Protocol):
    """Makes payloads of one codec and size; used by one thread at a time."""

    def encode(self, frame: Frame, *, key: bool) -> Encoded:
        """Return the frame's payload.

        Raises:
            UnsuitableError: This codec can't carry such frames.
        """
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an encoder is made for: viewers with the same recipe share one.

    Attributes:
        codec: What it writes.
        max_width: Wider pictures are made smaller; None for pictures as they are.
        quality: For JPEG, 1 to 100.
    """

    codec: Codec
    max_width: int | None = None
    quality: int = 80


def available_codecs() -> frozenset[Codec]:
    """Return what can be encoded with what is installed here."""
    found = {Codec.RGBA, Codec.PCM_S16, Codec.TENSOR}
    if find_spec("simplejpeg"):
        found.add(Codec.JPEG)
    if find_spec("av"):
        found |= {Codec.I420, Codec.H264}
    return frozenset(found)


def make_encoder(recipe: Recipe) -> Encoder:
    """Return a fresh encoder.

    Raises:
        UnsuitableError: What it needs is not installed; the text names the command for it.
    """
    return _MAKERS[recipe.codec](recipe)


def metadata_of(frame: Frame) -> bytes:
    """Return a frame's metadata as JSON; bytes that are none go as ``{"base64": …}``."""
    if not frame.metadata:
        return b""
    try:
        frame.metadata_json  # noqa: B018 - the property checks
    except ValueError:
        return msgspec.json.encode({"base64": frame.metadata})
    return frame.metadata


def _rgba(recipe: Recipe) -> Encoder:
    from reactor_zmq_bridge.codecs.raw import RgbaEncoder  # noqa: PLC0415

    return RgbaEncoder(recipe.max_width)


def _i420(recipe: Recipe) -> Encoder:
    from reactor_zmq_bridge.codecs.swscale import I420Encoder  # noqa: PLC0415 - av is an extra

    return I420Encoder(recipe.max_width)


def _h264(recipe: Recipe) -> Encoder:
    from reactor_zmq_bridge.codecs.h264 import H264Encoder  # noqa: PLC0415 - av is an extra

    return H264Encoder(recipe.max_width)


def _jpeg(recipe: Recipe) -> Encoder:
    from reactor_zmq_bridge.codecs.jpeg import JpegEncoder  # noqa: PLC0415 - an extra

    return JpegEncoder(recipe.max_width, recipe.quality)


def _pcm(_: Recipe) -> Encoder:
    from reactor_zmq_bridge.codecs.raw import PcmEncoder  # noqa: PLC0415

    return PcmEncoder()


def _tensor(_: Recipe) -> Encoder:
    from reactor_zmq_bridge.codecs.raw import TensorEncoder  # noqa: PLC0415

    return TensorEncoder()


_MAKERS: dict[Codec, Callable[[Recipe], Encoder]] = {
    Codec.RGBA: _rgba,
    Codec.I420: _i420,
    Codec.H264: _h264,
    Codec.JPEG: _jpeg,
    Codec.PCM_S16: _pcm,
    Codec.TENSOR: _tensor,
}

__all__ = [
    "Encoded",
    "Encoder",
    "Picture",
    "Recipe",
    "available_codecs",
    "make_encoder",
    "metadata_of",
]
