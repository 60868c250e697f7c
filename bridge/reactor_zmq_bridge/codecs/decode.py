"""From a record that a browser sent to an array that the model takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq_bridge.errors import BadRecordError
from reactor_zmq_bridge.record import Codec, Record

# A small JPEG may claim to be enormous: its header is read before its pixels are.
MOST_SIDE = 4096
MOST_CHANNELS = 8


def decode_payload(record: Record) -> NDArray[Any]:
    """Return ``(height, width, 3) uint8`` of a picture, ``(channels, samples) int16`` of audio.

    Raises:
        BadRecordError: The payload is not what its header says.
    """
    match record.codec:
        case Codec.JPEG:
            return _jpeg(record)
        case Codec.RGBA:
            pixels = _exactly(record, record.width * record.height * 4)
            return np.ascontiguousarray(pixels.reshape(record.height, record.width, 4)[..., :3])
        case Codec.I420:
            return _i420(record)
        case Codec.PCM_S16:
            return _pcm(record)
        case _:
            raise BadRecordError(f"codec {record.codec.name.lower()} is not taken upstream")


def _check_size(width: int, height: int) -> None:
    if not (1 <= width <= MOST_SIDE and 1 <= height <= MOST_SIDE):
        raise BadRecordError(
            f"a picture of {width}x{height} has no side from 1 to {MOST_SIDE} pixels"
        )


def _exactly(record: Record, nbytes: int) -> NDArray[np.uint8]:
    _check_size(record.width, record.height)
    if len(record.payload) != nbytes:
        what = f"{record.codec.name.lower()} of {record.width}x{record.height}"
        raise BadRecordError(f"{what} has {nbytes} bytes, {len(record.payload)} came")
    return np.frombuffer(record.payload, np.uint8)


def _jpeg(record: Record) -> NDArray[np.uint8]:
    import simplejpeg  # noqa: PLC0415 - an extra

    data = bytes(record.payload)
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        _check_size(int(width), int(height))
        return simplejpeg.decode_jpeg(data, colorspace="RGB", fastdct=True)
    except ValueError as error:
        raise BadRecordError(f"no JPEG: {error}") from error


def _i420(record: Record) -> NDArray[np.uint8]:
    width, height = record.width, record.height
    if width % 2 or height % 2:
        raise BadRecordError(f"i420 upstream has even sides, {width}x{height} came")
    data = _exactly(record, width * height * 3 // 2)
    luma = data[: width * height].reshape(height, width)
    chroma = data[width * height :].reshape(2, height // 2, width // 2)
    return _bt601(luma, chroma[0], chroma[1])


def _bt601(
    luma: NDArray[np.uint8], blue: NDArray[np.uint8], red: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return RGB of limited-range BT.601, in integers of 1/256."""
    bright = (luma.astype(np.int32) - 16) * 298 + 128
    u = np.repeat(np.repeat(blue.astype(np.int32) - 128, 2, 0), 2, 1)
    v = np.repeat(np.repeat(red.astype(np.int32) - 128, 2, 0), 2, 1)
    out = np.empty((*luma.shape, 3), np.uint8)
    for channel, value in enumerate(
        (bright + 409 * v, bright - 100 * u - 208 * v, bright + 516 * u)
    ):
        out[..., channel] = np.clip(value >> 8, 0, 255)
    return out


def _pcm(record: Record) -> NDArray[np.int16]:
    channels = record.height
    if (
        not 1 <= channels <= MOST_CHANNELS
        or not record.payload
        or len(record.payload) % (2 * channels)
    ):
        raise BadRecordError(
            f"{len(record.payload)} bytes are no whole samples of {channels} channels"
        )
    samples = np.frombuffer(record.payload, "<i2").reshape(-1, channels)
    return np.ascontiguousarray(samples.T)
