"""Whatever a model makes, as one of two things: a numpy array, or an array on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory.device import DeviceArray
from reactor_zmq.memory.foreign import (
    from_cuda_interface,
    from_dlpack,
    from_torch,
    is_tensor,
    name_of,
)

HostArray: TypeAlias = NDArray[Any]
AnyArray: TypeAlias = HostArray | DeviceArray

_VIDEO = "(height, width, channels) uint8"
_AUDIO = "(channels, samples) int16"
_SAMPLES = (np.dtype(np.uint8), np.dtype(np.uint16))
_FRAME_NDIM, _BATCH_NDIM = 3, 4
_BLOCK_NDIM = 2
_MAX_CHANNELS = 4
_MAX_AUDIO_CHANNELS = 32
_MAX_NDIM = 8


def as_array(value: object, track: str) -> AnyArray:
    """Return what an author yielded as an array; nothing is copied to the host.

    numpy, torch and cupy arrays, anything with ``__cuda_array_interface__``, ``__dlpack__``,
    ``__array_interface__`` or the buffer protocol. A non-contiguous array on a GPU is packed there.

    Raises:
        TypeError: It is nothing like an array, or of a dtype or on a device that no track takes.
    """
    if isinstance(value, np.ndarray):
        return cast("HostArray", value)
    if isinstance(value, DeviceArray):
        return value
    for recognise, convert in _KINDS:
        if recognise(value):
            return convert(value, track)
    return _from_buffer(value, track)


def check_video(track: str, value: object) -> AnyArray:
    """Return a frame as (height, width, channels), a batch as (n, height, width, channels).

    Args:
        track: For errors.
        value: What ``as_array`` takes: uint8, 1 to 4 channels, or uint16, 1 channel, as depth
            cameras have it; (height, width) is one channel.

    Raises:
        TypeError: The samples are neither, or it is no array.
        ValueError: The shape is no picture's.
    """
    array = as_array(value, track)
    if array.dtype not in _SAMPLES:
        raise TypeError(_complain(track, _VIDEO, value, array, _video_advice(value, array.dtype)))
    try:
        shape = video_shape(track, array.shape)
    except ValueError:
        advice = _shape_advice(value, array.shape)
        raise ValueError(_complain(track, _VIDEO, value, array, advice)) from None
    if array.dtype == np.uint16 and shape[-1] != 1:
        advice = "16 bits are for one channel, mono16; bring colours to 8"
        raise ValueError(_complain(track, _VIDEO, value, array, advice))
    return array if shape == array.shape else array.reshape(shape)


def video_shape(track: str, shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of a frame or batch with all its axes.

    Raises:
        ValueError: It is no picture's.
    """
    full = (*shape, 1) if len(shape) == _FRAME_NDIM - 1 else tuple(shape)
    if len(full) not in (_FRAME_NDIM, _BATCH_NDIM) or full[-1] > _MAX_CHANNELS or min(full) < 1:
        raise ValueError(f"track {track!r}: expected {_VIDEO}, got shape {tuple(shape)}")
    return full


def is_batch(video: AnyArray) -> bool:
    """Return whether a checked video array holds several frames."""
    return video.ndim == _BATCH_NDIM


def check_audio(track: str, value: object) -> AnyArray:
    """Return a block of audio as (channels, samples).

    Args:
        track: For errors.
        value: What ``as_array`` takes: int16, 1 to 32 channels; (samples,) is one channel.

    Raises:
        TypeError: The samples are not int16, or it is no array.
        ValueError: The shape is no block's.
    """
    array = as_array(value, track)
    if array.dtype != np.int16:
        raise TypeError(_complain(track, _AUDIO, value, array, _audio_advice(value, array.dtype)))
    shape = (1, *array.shape) if array.ndim == _BLOCK_NDIM - 1 else array.shape
    if len(shape) != _BLOCK_NDIM or not 1 <= shape[0] <= _MAX_AUDIO_CHANNELS:
        flat = len(shape) == _BLOCK_NDIM and 1 <= shape[1] <= _MAX_AUDIO_CHANNELS
        raise ValueError(_complain(track, _AUDIO, value, array, "call x.T" if flat else ""))
    return array if shape == array.shape else array.reshape(shape)


def check_tensor(
    track: str, value: object, dtype: str, shape: Sequence[int | None] | None
) -> AnyArray:
    """Return one frame of a numeric track, or a batch of them.

    Args:
        track: For errors.
        value: What ``as_array`` takes; a single number is ``(1,)``.
        dtype: numpy's array-interface name.
        shape: Of one frame, None for a size that varies; a batch has an axis before it. None
            takes any shape, and never a batch.

    Raises:
        TypeError: The numbers are of another dtype, or it is no array.
        ValueError: The shape is another, or it is empty.
    """
    array = as_array(value, track)
    expected = _tensor_text(dtype, shape)
    if array.dtype != np.dtype(dtype):
        advice = f"call {_cast(value, 'x', np.dtype(dtype).name)}"
        raise TypeError(_complain(track, expected, value, array, advice))
    array = array if array.ndim else array.reshape((1,))
    frame = array.shape if shape is None else array.shape[max(array.ndim - len(shape), 0) :]
    whole = shape is None or fits_tensor(frame, shape)
    batch = 0 if shape is None else array.ndim - len(shape)
    if not whole or batch not in (0, 1) or array.ndim > _MAX_NDIM or 0 in array.shape:
        raise ValueError(_complain(track, expected, value, array, ""))
    return array


def fits_tensor(shape: Sequence[int], declared: Sequence[int | None] | None) -> bool:
    """Return whether an array of this shape is one frame of a numeric track."""
    if declared is None:
        return True
    same = len(shape) == len(declared)
    return same and all(d in (None, n) for n, d in zip(shape, declared, strict=True))


def _tensor_text(dtype: str, shape: Sequence[int | None] | None) -> str:
    sizes = "..." if shape is None else ", ".join("*" if n is None else str(n) for n in shape)
    return f"({sizes}{',' if shape is not None and len(shape) == 1 else ''}) {np.dtype(dtype).name}"


def _has(*attributes: str) -> Callable[[object], bool]:
    return lambda value: all(hasattr(value, attribute) for attribute in attributes)


# In this order: a torch tensor on a GPU has the CUDA interface too, but not for every dtype, and
# torch's own way needs no detour for one that requires a gradient.
_KINDS: tuple[tuple[Callable[[object], bool], Callable[[Any, str], AnyArray]], ...] = (
    (is_tensor, from_torch),
    (_has("__cuda_array_interface__"), from_cuda_interface),
    (_has("__dlpack__", "__dlpack_device__"), from_dlpack),
    (_has("__array_interface__"), lambda value, _: np.asarray(value)),
)


def _from_buffer(value: object, track: str) -> HostArray:
    try:
        return np.asarray(memoryview(cast("Any", value)))
    except (TypeError, ValueError):
        text = f"track {track!r}: expected an array, got {name_of(value)}; call numpy.asarray(x)"
        raise TypeError(text) from None


def _complain(track: str, expected: str, value: object, array: AnyArray, advice: str) -> str:
    text = f"track {track!r}: expected {expected}, got {_told(value, array)}"
    return f"{text}; {advice}" if advice else text


def _told(value: object, array: AnyArray) -> str:
    if isinstance(array, DeviceArray):
        return array.told
    return f"{name_of(value)} {array.shape} {array.dtype} on host"


def _video_advice(value: object, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        cast = _cast(value, "(x.clip(0, 1) * 255)", "uint8")
        return f"call {cast}, or to_video(x) of reactor_zmq, if its range is 0..1"
    if dtype.kind == "b":
        return f"call {_cast(value, 'x', 'uint8')} * 255"
    return f"call {_cast(value, 'x', 'uint8')} if its range is 0..255"


def _audio_advice(value: object, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return f"call {_cast(value, '(x.clip(-1, 1) * 32767)', 'int16')} if its range is -1..1"
    return f"call {_cast(value, 'x', 'int16')} if its range fits"


def _cast(value: object, samples: str, dtype: str) -> str:
    return f"{samples}.to(torch.{dtype})" if is_tensor(value) else f"{samples}.astype('{dtype}')"


def _shape_advice(value: object, shape: tuple[int, ...]) -> str:
    verb = "permute" if is_tensor(value) else "transpose"
    if len(shape) == _FRAME_NDIM and shape[0] <= _MAX_CHANNELS:
        return f"channels come last: call x.{verb}(1, 2, 0), or to_video(x, layout='chw')"
    if len(shape) == _BATCH_NDIM and shape[1] <= _MAX_CHANNELS:
        return f"channels come last: call x.{verb}(0, 2, 3, 1), or to_video(x, layout='chw')"
    if len(shape) == _FRAME_NDIM:
        return "a batch of grey frames is (n, height, width, 1)"
    return ""
