"""One frame as a viewer gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from reactor_zmq.memory.to_device import Library, to_device
from reactor_zmq.wire.envelope import DECODE_ERRORS
from reactor_zmq.wire.header import FrameHeader


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture, or one block of samples, of a track.

    Attributes:
        array: ``(height, width, channels) uint8`` for video, ``(channels, samples) int16`` for
            audio; C-contiguous, host, read-only. It stays as it is for as long as it, or anything
            made from it without a copy, lives. It lies in the memory that the frame was received
            in or, on the same host, in the runtime's own: ``copy()`` what is kept for long, or is
            written into.
        track: Name of the track.
        seq: Position among the track's frames in this epoch, from 0.
        epoch: Generation of the actor that made it.
        pts_ns: Media time since the session's start.
        produced_ns: Unix time at which the model yielded it.
        sent_ns: Unix time at which the runtime gave it to its socket.
        received_ns: Unix time at which this client took it from its socket.
        metadata: The author's bytes for this frame, or empty.
        gap: Frames since the last one shown that this viewer did not see.
        encoding: ``rgb8``, ``rgba8``, ``mono8``…, ``s16`` for audio, or ``raw``.
        rate_hz: Sample rate of audio; 0 for video.
    """

    array: np.ndarray[Any, np.dtype[Any]]
    track: str
    seq: int
    epoch: int
    pts_ns: int
    produced_ns: int
    sent_ns: int
    received_ns: int
    metadata: bytes
    gap: int
    encoding: str
    rate_hz: float

    def to(self, device: str, like: Library | None = None) -> Any:
        """Return the array on a device: ``cpu``, ``cuda`` or ``cuda:1``.

        One copy, from the memory that the frame lies in, behind what is on the library's current
        stream; the frame may go at once. Any thread may call.

        Args:
            device: Where it is needed.
            like: ``torch`` or ``cupy``. None is the one that is loaded, torch before cupy; with
                ``cpu`` it is ``array`` as it is.

        Raises:
            ValueError: There is no such device or library.
            ImportError: The library is not installed.
            CudaError: There is no NVIDIA driver, or it refused.
        """
        return to_device(self.array, device, like)

    @property
    def metadata_json(self) -> Any:
        """Metadata that the author gave as a dict; None where there is none.

        Raises:
            ValueError: The metadata is not JSON.
        """
        if not self.metadata:
            return None
        try:
            return msgspec.json.decode(self.metadata)
        except DECODE_ERRORS as error:
            raise ValueError(f"the metadata of frame {self.seq} is not JSON: {error}") from error

    def __repr__(self) -> str:
        shape = f"{self.array.shape} {self.array.dtype}"
        return f"Frame({self.track!r}, seq={self.seq}, epoch={self.epoch}, {shape}, gap={self.gap})"


def received_array(
    header: FrameHeader, payload: bytes | memoryview
) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a read-only array over a payload; header and payload fit together."""
    return np.ndarray(header.shape, np.dtype(header.dtype), memoryview(payload).toreadonly())


def make_frame(
    track: str,
    header: FrameHeader,
    array: np.ndarray[Any, np.dtype[Any]],
    gap: int,
    received_ns: int,
) -> Frame:
    """Return a frame of what its header says."""
    return Frame(
        array=array,
        track=track,
        seq=header.seq,
        epoch=header.epoch,
        pts_ns=header.pts_ns,
        produced_ns=header.produced_ns,
        sent_ns=header.sent_ns,
        received_ns=received_ns,
        metadata=header.metadata,
        gap=gap,
        encoding=header.encoding,
        rate_hz=header.rate_hz,
    )
