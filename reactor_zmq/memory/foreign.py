"""Arrays of other libraries, seen as numpy or as CUDA memory; nothing is imported for it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory.device import DeviceArray

_CPU, _CUDA, _CUDA_PINNED, _CUDA_MANAGED = 1, 2, 3, 13  # DLDeviceType of dlpack.h
_LEGACY_STREAM = 1  # CU_STREAM_LEGACY of cuda.h: what a library without streams of its own uses
_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_TORCH_DTYPES = _INTEGERS | {"float16", "float32", "float64", "bool"}


class Tensor(Protocol):
    """What is used of ``torch.Tensor``."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102 - torch's own words
    @property
    def dtype(self) -> object: ...  # noqa: D102
    @property
    def device(self) -> Any: ...  # noqa: D102
    @property
    def is_cuda(self) -> bool: ...  # noqa: D102
    def detach(self) -> Tensor: ...  # noqa: D102
    def resolve_conj(self) -> Tensor: ...  # noqa: D102
    def contiguous(self) -> Tensor: ...  # noqa: D102
    def data_ptr(self) -> int: ...  # noqa: D102
    def numpy(self) -> NDArray[Any]: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class DeviceView:
    """An array on a CUDA device as it lies there, whatever its strides and its dtype.

    Attributes:
        owner: The library's own array.
        told: What the author gave, for errors.
        pointer: Device address of the first item.
        shape: As in numpy.
        strides: In items.
        dtype: numpy's name for it, or torch's where numpy has none.
        stream: Handle of the stream whose work so far makes the items.
    """

    owner: Any
    told: str
    pointer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str
    stream: int


def device_view(value: Any, track: str) -> DeviceView | None:
    """Return an array on a CUDA device as it lies there; None for anything else.

    Raises:
        TypeError: It is on a device that nothing loaded can reach, or it has a mask.
    """
    if is_tensor(value):
        return _tensor_view(value) if value.is_cuda else None
    if hasattr(value, "__cuda_array_interface__"):
        return _interface_view(value, track)
    if hasattr(value, "__dlpack_device__") and is_cuda_device(value):
        return device_view(_adopted(value, track), track)
    return None


def _tensor_view(tensor: Any) -> DeviceView:
    told = f"torch.Tensor {tuple(tensor.shape)} {tensor.dtype} on {tensor.device}"
    tensor = tensor.detach()
    stream = sys.modules["torch"].cuda.current_stream(tensor.device).cuda_stream
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape, strides = tuple(tensor.shape), tuple(tensor.stride())
    return DeviceView(tensor, told, tensor.data_ptr(), shape, strides, dtype, stream)


def _interface_view(value: Any, track: str) -> DeviceView:
    interface = cast("dict[str, Any]", value.__cuda_array_interface__)
    shape, dtype = tuple(interface["shape"]), np.dtype(interface["typestr"])
    told = f"{name_of(value)} {shape} {dtype} on {_device_of(value)}"
    if interface.get("mask") is not None:
        raise TypeError(f"track {track!r}: {told} has a mask, which no frame carries")
    nbytes = interface.get("strides") or _packed_strides(shape, dtype.itemsize)
    strides = tuple(step // dtype.itemsize for step in nbytes)
    pointer = int(interface["data"][0])
    stream = _stream_of(value, interface) or _LEGACY_STREAM
    return DeviceView(value, told, pointer, shape, strides, dtype.name, stream)


def _packed_strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    return tuple(itemsize * math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def name_of(value: object) -> str:
    """Return a type's name as its users write it, such as ``torch.Tensor``."""
    kind = type(value)
    module = kind.__module__.partition(".")[0]
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def is_tensor(value: object) -> bool:
    """Return whether a value is torch's; torch is loaded where one exists."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def from_torch(tensor: Tensor, track: str) -> NDArray[Any] | DeviceArray:
    """Return a tensor's memory; one on a GPU is packed there when it is not contiguous.

    Raises:
        TypeError: numpy has no such dtype, or the device is neither host nor CUDA.
    """
    told = f"torch.Tensor {tuple(tensor.shape)} {tensor.dtype} on {tensor.device}"
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in _TORCH_DTYPES:
        text = f"track {track!r}: {told} has a dtype that no track carries; call x.float() first"
        raise TypeError(text)
    tensor = tensor.detach()
    if tensor.is_cuda:
        stream = sys.modules["torch"].cuda.current_stream(tensor.device).cuda_stream
        packed = tensor.contiguous()
        kind = np.dtype(dtype)
        return DeviceArray(packed, told, packed.data_ptr(), tuple(packed.shape), kind, stream)
    try:
        return tensor.numpy()
    except (TypeError, RuntimeError) as error:
        raise TypeError(f"track {track!r}: {told} is no host memory; call x.cpu()") from error


def from_cuda_interface(value: Any, track: str) -> DeviceArray:
    """Return the memory behind ``__cuda_array_interface__`` (versions 2 and 3).

    Raises:
        TypeError: It is masked, or not contiguous and its library is none that can pack it.
    """
    interface = cast("dict[str, Any]", value.__cuda_array_interface__)
    shape = tuple(interface["shape"])
    dtype = np.dtype(interface["typestr"])
    told = f"{name_of(value)} {shape} {dtype} on {_device_of(value)}"
    if interface.get("mask") is not None:
        raise TypeError(f"track {track!r}: {told} has a mask, which no frame carries")
    if not _packed(shape, interface.get("strides"), dtype.itemsize):
        return from_cuda_interface(_pack(value, told, track), track)
    pointer, stream = int(interface["data"][0]), _stream_of(value, interface)
    return DeviceArray(value, told, pointer, shape, dtype, stream)


def from_dlpack(value: Any, track: str) -> NDArray[Any] | DeviceArray:
    """Return the memory behind ``__dlpack__``.

    Raises:
        TypeError: It is on a device that nothing loaded can reach, or of a dtype that numpy has
            not.
    """
    device, _ = value.__dlpack_device__()
    if int(device) in (_CPU, _CUDA_PINNED):
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError, TypeError) as error:
            told = f"track {track!r}: {name_of(value)} can't be read as numpy: {error}"
            raise TypeError(told) from error
    adopted = _adopted(value, track)
    return from_torch(adopted, track) if is_tensor(adopted) else from_cuda_interface(adopted, track)


def is_cuda_device(value: Any) -> bool:
    """Return whether DLPack says of an array that it is on a CUDA device."""
    return int(value.__dlpack_device__()[0]) in (_CUDA, _CUDA_MANAGED)


def _adopted(value: Any, track: str) -> Any:
    """Return an array behind ``__dlpack__`` as one of cupy's or torch's, whichever is loaded."""
    device, ordinal = value.__dlpack_device__()
    if is_cuda_device(value):
        for library in ("cupy", "torch"):
            if library in sys.modules:
                return sys.modules[library].from_dlpack(value)
    raise TypeError(
        f"track {track!r}: {name_of(value)} is on DLPack device {int(device)}:{ordinal}; "
        "bring it to the host, or import cupy or torch for one on a CUDA device"
    )


def _stream_of(value: Any, interface: dict[str, Any]) -> int | None:
    if name_of(value).startswith("cupy"):
        return sys.modules["cupy"].cuda.get_current_stream().ptr or _LEGACY_STREAM
    return interface.get("stream", _LEGACY_STREAM)


def _device_of(value: Any) -> str:
    ordinal = getattr(getattr(value, "device", None), "id", None)
    return "cuda" if ordinal is None else f"cuda:{ordinal}"


def _packed(shape: tuple[int, ...], strides: tuple[int, ...] | None, itemsize: int) -> bool:
    if strides is None:
        return True
    step = itemsize
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size > 1 and stride != step:
            return False
        step *= size
    return True


def _pack(value: Any, told: str, track: str) -> Any:
    cupy = sys.modules.get("cupy")
    if cupy is None:
        raise TypeError(f"track {track!r}: {told} is not contiguous; pack it first, or import cupy")
    return cupy.ascontiguousarray(cupy.asarray(value))
