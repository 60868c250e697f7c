"""From host memory to where a reader computes: a slot of the ring, or what was received."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory.libcuda import LibCuda

Library = Literal["torch", "cupy"]
_LIBRARIES: tuple[Library, ...] = ("torch", "cupy")


class LoaderDriver(Protocol):
    """What the way to a GPU needs of the CUDA driver; told in ``libcuda.LibCuda``."""

    def retain_context(self, ordinal: int) -> int: ...  # noqa: D102 - told where it is implemented
    def device_of(self, pointer: int) -> int: ...  # noqa: D102
    def current(self, context: int) -> AbstractContextManager[None]: ...  # noqa: D102
    def copy_to_device(  # noqa: D102
        self, pointer: int, address: int, nbytes: int, stream: int
    ) -> None: ...


class _Target(NamedTuple):
    """A new array on a GPU, and the stream on which it may be written."""

    array: Any
    pointer: int
    stream: int


class DeviceLoader:
    """Copies host memory to GPUs; any thread may call."""

    def __init__(self, driver: LoaderDriver) -> None:
        self._driver = driver
        self._contexts: dict[int, int] = {}
        self._lock = threading.Lock()

    def load(self, array: NDArray[Any], pointer: int, stream: int) -> None:
        """Begin to copy an array behind a stream's work so far; its memory is read by then.

        Raises:
            CudaError: The driver refused.
        """
        ordinal = self._driver.device_of(pointer)
        with self._lock:
            if ordinal not in self._contexts:
                self._contexts[ordinal] = self._driver.retain_context(ordinal)
        with self._driver.current(self._contexts[ordinal]):
            self._driver.copy_to_device(pointer, array.ctypes.data, array.nbytes, stream)


@cache
def open_loader() -> DeviceLoader:
    """Return this process's way to its GPUs.

    Raises:
        CudaError: There is no driver.
    """
    return DeviceLoader(LibCuda())


def to_device(array: NDArray[Any], device: str, like: Library | None = None) -> Any:
    """Return host memory as an array on a device.

    To a GPU it goes in one call, behind what is on the library's current stream, and work on that
    stream sees it; the host's memory is no longer needed when this returns.

    Args:
        array: Any strides.
        device: ``cpu``, ``cuda`` or ``cuda:1``.
        like: The library whose array it becomes. On a GPU None is torch where it is loaded, else
            cupy; on the host None is the array as it is, and ``torch`` a copy, since torch knows
            no read-only tensors.

    Raises:
        ValueError: There is no such device or library.
        ImportError: Neither torch nor cupy is installed.
        CudaError: There is no driver, or it refused.
    """
    if like not in (None, *_LIBRARIES):
        raise ValueError(f"like is 'torch' or 'cupy', not {like!r}")
    kind, _, number = device.partition(":")
    if device == "cpu" and like != "cupy":
        return importlib.import_module("torch").from_numpy(array.copy()) if like else array
    if kind != "cuda" or (number and not number.isdigit()) or device.endswith(":"):
        asked = f"{device!r}" + (f" for {like}" if like else "")
        raise ValueError(f"device is 'cpu', 'cuda' or 'cuda:N', not {asked}")
    packed = np.ascontiguousarray(array)
    name = like or _loaded()
    make = _empty_torch if name == "torch" else _empty_cupy
    target = make(importlib.import_module(name), packed, int(number) if number else None)
    open_loader().load(packed, target.pointer, target.stream)
    return target.array


def _loaded() -> Library:
    for name in _LIBRARIES:
        if sys.modules.get(name) is not None:
            return name
    for name in _LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        return name
    raise ImportError("a frame on a GPU is torch's or cupy's: install the extra `torch` or `cuda`")


def _empty_torch(torch: Any, array: NDArray[Any], ordinal: int | None) -> _Target:
    device = torch.device("cuda", torch.cuda.current_device() if ordinal is None else ordinal)
    tensor = torch.empty(array.shape, dtype=getattr(torch, array.dtype.name), device=device)
    return _Target(tensor, tensor.data_ptr(), torch.cuda.current_stream(device).cuda_stream)


def _empty_cupy(cupy: Any, array: NDArray[Any], ordinal: int | None) -> _Target:
    with cupy.cuda.Device(ordinal):
        made = cupy.empty(array.shape, array.dtype)
        return _Target(made, int(made.data.ptr), cupy.cuda.get_current_stream().ptr)
