"""From an array to the two parts of a published frame."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from reactor_zmq.wire.control import Publish
from reactor_zmq.wire.header import ITEMSIZE, MAX_METADATA_NBYTES

Metadata = bytes | dict[str, Any] | None


def publication(
    track: str, array: np.ndarray[Any, Any], metadata: Metadata, pts_ns: int
) -> tuple[Publish, memoryview]:
    """Return the words and the bytes for one frame; the bytes are the array's own memory.

    An array that is not C-contiguous is copied first.

    Raises:
        TypeError: It is no host array of a type that travels.
        ValueError: It is empty, or the metadata is too long or has no JSON form.
    """
    if not isinstance(array, np.ndarray):  # pyright: ignore[reportUnnecessaryIsInstance]
        text = f"track {track!r} takes a numpy array, {type(array).__name__} came"
        raise TypeError(f"{text}; copy device arrays to the host first")
    dtype = array.dtype.str
    if dtype not in ITEMSIZE:
        raise TypeError(f"track {track!r}: arrays of {array.dtype} don't travel")
    if not array.size:
        raise ValueError(f"track {track!r}: the array of shape {array.shape} is empty")
    payload = np.ascontiguousarray(array)
    words = Publish(track, array.shape, dtype, pts_ns, _metadata_bytes(track, metadata))  # pyright: ignore[reportArgumentType]
    return words, payload.reshape(-1).view(np.uint8).data


def _metadata_bytes(track: str, metadata: Metadata) -> bytes:
    if metadata is None:
        return b""
    try:
        packed = metadata if isinstance(metadata, bytes) else msgspec.json.encode(metadata)
    except (TypeError, ValueError) as error:
        raise ValueError(f"track {track!r}: the metadata has no JSON form: {error}") from error
    if len(packed) > MAX_METADATA_NBYTES:
        text = f"track {track!r}: {len(packed)} bytes of metadata"
        raise ValueError(f"{text}, at most {MAX_METADATA_NBYTES} are allowed")
    return packed
