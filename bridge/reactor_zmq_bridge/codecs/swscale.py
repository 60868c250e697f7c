"""I420 through libav's scaler, BT.601 limited range: ``smpte170m`` to browsers."""

from __future__ import annotations

import av.logging
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from reactor_zmq.client import Frame
from reactor_zmq_bridge.codecs.encoder import Encoded, metadata_of
from reactor_zmq_bridge.codecs.pictures import Picture, fitted_size, picture_of

av.logging.set_level(av.logging.ERROR)


class Scaler:
    """Turns pictures into planes of Y, U and V at most ``max_width`` wide; one thread at a time."""

    def __init__(self, max_width: int | None, *, even: bool = False) -> None:
        self._max_width = max_width
        self._even = even
        self._reformatter = VideoReformatter()

    def planes(self, picture: Picture) -> VideoFrame:
        """Return the picture as yuv420p; the pixels are not needed any more."""
        width, height = fitted_size(picture.width, picture.height, self._max_width)
        if self._even:
            width, height = max(2, width & ~1), max(2, height & ~1)
        frame = VideoFrame.from_numpy_buffer(picture.pixels, format=picture.av_format)
        return self._reformatter.reformat(
            frame,
            width,
            height,
            "yuv420p",
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
        )


class I420Encoder:
    """Planes of Y, U and V, without padding; U and V have half the resolution."""

    def __init__(self, max_width: int | None) -> None:
        self._scaler = Scaler(max_width)

    def encode(self, frame: Frame, *, key: bool) -> Encoded:  # noqa: ARG002 - all are key frames
        """Return the frame's planes, one after another."""
        found = self._scaler.planes(picture_of(frame))
        return Encoded(
            payload=packed(found),
            key=True,
            width=found.width,
            height=found.height,
            metadata=metadata_of(frame),
        )

    def close(self) -> None:
        """Nothing is held that the collector does not take."""


def packed(frame: VideoFrame) -> memoryview:
    """Return the planes of a yuv420p frame without the padding of their lines."""
    planes = [_rows(plane) for plane in frame.planes]
    out = np.empty(sum(plane.size for plane in planes), np.uint8)
    start = 0
    for plane in planes:
        out[start : start + plane.size].reshape(plane.shape)[:] = plane
        start += plane.size
    return out.data


def _rows(plane: VideoPlane) -> NDArray[np.uint8]:
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]
