"""JPEG by libjpeg-turbo: what every browser shows, over every link."""

from __future__ import annotations

import simplejpeg

from reactor_zmq.client import Frame
from reactor_zmq_bridge.codecs.encoder import Encoded, metadata_of
from reactor_zmq_bridge.codecs.pictures import picture_of, thinned


class JpegEncoder:
    """Stills; chroma has half the resolution."""

    def __init__(self, max_width: int | None, quality: int) -> None:
        self._max_width = max_width
        self._quality = quality

    def encode(self, frame: Frame, *, key: bool) -> Encoded:  # noqa: ARG002 - all are key frames
        """Return the frame as a JPEG file."""
        picture = thinned(picture_of(frame), self._max_width)
        colours = picture.jpeg_format
        payload = simplejpeg.encode_jpeg(
            picture.pixels,
            quality=self._quality,
            colorspace=colours,
            colorsubsampling="Gray" if colours == "GRAY" else "420",
            fastdct=True,
        )
        return Encoded(
            payload=payload,
            key=True,
            width=picture.width,
            height=picture.height,
            metadata=metadata_of(frame),
        )

    def close(self) -> None:
        """Nothing is held."""
