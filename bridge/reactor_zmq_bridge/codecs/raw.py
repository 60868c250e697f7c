"""Frames that are not compressed, made with numpy alone."""

from __future__ import annotations

import msgspec
import numpy as np

from reactor_zmq.client import Frame
from reactor_zmq_bridge.codecs.encoder import Encoded, metadata_of
from reactor_zmq_bridge.codecs.pictures import picture_of, thinned
from reactor_zmq_bridge.errors import UnsuitableError

ALPHA = 3


class RgbaEncoder:
    """Four bytes for each pixel; what has no alpha is opaque."""

    def __init__(self, max_width: int | None) -> None:
        self._max_width = max_width

    def encode(self, frame: Frame, *, key: bool) -> Encoded:  # noqa: ARG002 - all are key frames
        """Return the frame's pixels."""
        picture = thinned(picture_of(frame), self._max_width)
        last = picture.pixels.shape[2] - 1
        out = np.empty((picture.height, picture.width, 4), np.uint8)
        # Plane by plane: three times as fast as one assignment of all three.
        for channel in range(3):
            out[..., channel] = picture.pixels[..., min(channel, last)]
        out[..., ALPHA] = picture.pixels[..., ALPHA] if last == ALPHA else 255
        return Encoded(
            payload=out.reshape(-1).data,
            key=True,
            width=picture.width,
            height=picture.height,
            metadata=metadata_of(frame),
        )

    def close(self) -> None:
        """Nothing is held."""


class PcmEncoder:
    """16-bit samples, the channels of one moment side by side."""

    def encode(self, frame: Frame, *, key: bool) -> Encoded:  # noqa: ARG002 - all are key frames
        """Return the frame's samples.

        Raises:
            UnsuitableError: They are not ``(channels, samples) int16``.
        """
        samples = frame.array
        if frame.encoding != "s16":
            raise UnsuitableError(
                f"track {frame.track!r}: {samples.shape} {samples.dtype} is no audio"
            )
        return Encoded(
            payload=np.ascontiguousarray(samples.T).tobytes(),
            key=True,
            width=int(frame.rate_hz),
            height=samples.shape[0],
            metadata=metadata_of(frame),
        )

    def close(self) -> None:
        """Nothing is held."""


class TensorEncoder:
    """The numbers themselves; ``dtype`` and ``shape`` stand in the metadata."""

    def encode(self, frame: Frame, *, key: bool) -> Encoded:  # noqa: ARG002 - all are key frames
        """Return the frame's numbers in C order."""
        about: dict[str, object] = {"dtype": frame.array.dtype.str, "shape": frame.array.shape}
        if metadata := metadata_of(frame):
            about["metadata"] = msgspec.Raw(metadata)
        return Encoded(
            payload=frame.array.tobytes(),
            key=True,
            width=0,
            height=0,
            metadata=msgspec.json.encode(about),
        )

    def close(self) -> None:
        """Nothing is held."""
