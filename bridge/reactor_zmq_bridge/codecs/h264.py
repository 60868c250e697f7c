"""H.264 by x264, tuned for latency: Annex B, no B frames, key frames only when asked."""

from __future__ import annotations

import time
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from reactor_zmq.client import Frame
from reactor_zmq_bridge.codecs.encoder import Encoded, metadata_of
from reactor_zmq_bridge.codecs.pictures import picture_of
from reactor_zmq_bridge.codecs.swscale import Scaler

_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23", "forced-idr": "1"}
# Far more than any viewer stays: those who need a key frame ask for one.
_GOP = 100_000
_NAL_IDR = 5
# ISO/IEC 23091-2: primaries, transfer and matrix of SMPTE 170M; 1 is limited range.
_SMPTE170M = 6
_LIMITED = 1


class H264Encoder:
    """One stream of pictures; a change of size begins it anew, with a key frame."""

    def __init__(self, max_width: int | None) -> None:
        self._scaler = Scaler(max_width, even=True)
        self._context: VideoCodecContext | None = None
        self._born = time.monotonic()
        self._last_pts = -1

    def encode(self, frame: Frame, *, key: bool) -> Encoded:
        """Return the frame's access unit, a key frame if asked for or if it is the first."""
        planes = self._scaler.planes(picture_of(frame))
        context = self._fitting(planes.width, planes.height)
        self._last_pts = max(self._last_pts + 1, round((time.monotonic() - self._born) * 1000))
        planes.pts = self._last_pts
        planes.time_base = context.time_base
        planes.pict_type = PictureType.I if key else PictureType.NONE
        payload = b"".join(map(bytes, context.encode(planes)))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        return Encoded(
            payload=payload,
            key=_has_idr(payload),
            width=planes.width,
            height=planes.height,
            metadata=metadata_of(frame),
        )

    def _fitting(self, width: int, height: int) -> VideoCodecContext:
        context = self._context
        if context is None or (context.width, context.height) != (width, height):
            context = self._context = _new_context(width, height)
        return context

    def close(self) -> None:
        """End the stream."""
        self._context = None


def _new_context(width: int, height: int) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - libav's registry says so
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, 1000)
    context.framerate = Fraction(60)
    context.gop_size = _GOP
    context.options = dict(_OPTIONS)
    context.color_range = _LIMITED
    context.color_primaries = context.color_trc = context.colorspace = _SMPTE170M
    context.thread_count = 2
    return context


def _has_idr(payload: bytes) -> bool:
    """Whether one of the units of an Annex B access unit is an IDR slice."""
    start = payload.find(b"\0\0\1")
    while start >= 0:
        if payload[start + 3] & 31 == _NAL_IDR:
            return True
        start = payload.find(b"\0\0\1", start + 3)
    return False
