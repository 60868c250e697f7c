"""Pictures of samples on a GPU: one kernel, for every library's arrays alike."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from reactor_zmq.memory.foreign import DeviceView
from reactor_zmq.memory.libcuda import LibCuda
from reactor_zmq.memory.nvrtc import compile_kernel
from reactor_zmq.memory.picture import Plan

SOURCE = Path(__file__).with_name("picture.cu")
_THREADS = 256


class KernelDriver(Protocol):
    """What a kernel needs of the CUDA driver; told in ``libcuda.LibCuda``."""

    def device_of(self, pointer: int) -> int: ...  # noqa: D102 - told where it is implemented
    def retain_context(self, ordinal: int) -> int: ...  # noqa: D102
    def current(self, context: int) -> AbstractContextManager[None]: ...  # noqa: D102
    def capability(self, ordinal: int) -> tuple[int, int]: ...  # noqa: D102
    def load(self, image: bytes, function: str) -> int: ...  # noqa: D102
    def launch(  # noqa: D102
        self, function: int, blocks: int, threads: int, stream: int, arguments: Any
    ) -> None: ...
    def allocate_on_device(self, nbytes: int, stream: int) -> int: ...  # noqa: D102
    def free_on_device(self, pointer: int, stream: int) -> None: ...  # noqa: D102


class DeviceMemory:
    """Memory on a GPU that goes back when nobody refers to it any more.

    Attributes:
        pointer: Its address.
    """

    def __init__(self, driver: KernelDriver, context: int, nbytes: int, stream: int) -> None:
        self._driver = driver
        self._context = context
        self._stream = stream
        self.pointer = 0
        with driver.current(context):
            self.pointer = driver.allocate_on_device(nbytes, stream)

    def __del__(self) -> None:
        if self.pointer:
            with self._driver.current(self._context):
                self._driver.free_on_device(self.pointer, self._stream)


class DevicePictures:
    """Launches the kernel where an array is, on the stream that makes it; any thread may call.

    Args:
        driver: Of this machine.
        compiler: From source and compute capability to what the driver loads.
    """

    def __init__(
        self,
        driver: KernelDriver,
        compiler: Callable[[str, tuple[int, int]], bytes] = compile_kernel,
    ) -> None:
        self._driver = driver
        self._compiler = compiler
        self._loaded: dict[int, tuple[int, int]] = {}  # ordinal -> context, function
        self._lock = threading.Lock()

    def memory(self, view: DeviceView, nbytes: int) -> DeviceMemory:
        """Return new memory beside an array, good for later work on the array's stream."""
        context, _ = self._at(view)
        return DeviceMemory(self._driver, context, nbytes, view.stream)

    def convert(self, view: DeviceView, plan: Plan, out: int) -> None:
        """Begin to write an array's pictures; nothing is waited for.

        Args:
            view: Of the array that the plan is for.
            plan: What to make of it.
            out: Address of ``plan.nbytes`` on the same device.

        Raises:
            CudaError: The driver refused, or there is no compiler.
        """
        context, function = self._at(view)
        pixels = plan.nbytes // plan.target[3]
        arguments = (
            ctypes.c_void_p(view.pointer), ctypes.c_void_p(out), plan.struct(view.strides)
        )  # fmt: skip
        with self._driver.current(context):
            blocks = -(-pixels // _THREADS)
            self._driver.launch(function, blocks, _THREADS, view.stream, arguments)

    def _at(self, view: DeviceView) -> tuple[int, int]:
        ordinal = self._driver.device_of(view.pointer)
        with self._lock:
            found = self._loaded.get(ordinal)
            if found is None:
                image = self._compiler(SOURCE.read_text(), self._driver.capability(ordinal))
                context = self._driver.retain_context(ordinal)
                with self._driver.current(context):
                    found = context, self._driver.load(image, "to_video")
                self._loaded[ordinal] = found
        return found


@cache
def open_pictures() -> DevicePictures:
    """Return this process's way to make pictures on its GPUs.

    Raises:
        CudaError: There is no driver.
    """
    return DevicePictures(LibCuda())
