"""The CUDA driver, as far as frames need it: page-locked memory, streams, events, one copy.

The driver's own library is there wherever a GPU works, and it shares the device's primary context
with torch, cupy, JAX and numba alike, so that none of them is needed for the others' arrays. Names
and flags are those of the CUDA driver API reference.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Generator, Sequence
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

from reactor_zmq.errors import ReactorError

_HOST_REGISTER_PORTABLE = 1
_STREAM_NON_BLOCKING = 1
_EVENT_BLOCKING_SYNC = 1
_EVENT_DISABLE_TIMING = 2
_POINTER_DEVICE_ORDINAL = 9
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76

_out = POINTER(c_void_p)
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "cuInit": (c_uint,),
    "cuDeviceGet": (POINTER(c_int), c_int),
    "cuDevicePrimaryCtxRetain": (_out, c_int),
    "cuDevicePrimaryCtxRelease_v2": (c_int,),
    "cuCtxPushCurrent_v2": (c_void_p,),
    "cuCtxPopCurrent_v2": (_out,),
    "cuPointerGetAttribute": (c_void_p, c_int, c_uint64),
    "cuMemHostRegister_v2": (c_void_p, c_size_t, c_uint),
    "cuMemHostUnregister": (c_void_p,),
    "cuMemHostAlloc": (_out, c_size_t, c_uint),
    "cuMemFreeHost": (c_void_p,),
    "cuStreamCreate": (_out, c_uint),
    "cuStreamDestroy_v2": (c_void_p,),
    "cuStreamWaitEvent": (c_void_p, c_void_p, c_uint),
    "cuEventCreate": (_out, c_uint),
    "cuEventDestroy_v2": (c_void_p,),
    "cuEventRecord": (c_void_p, c_void_p),
    "cuEventSynchronize": (c_void_p,),
    "cuMemcpyDtoHAsync_v2": (c_void_p, c_uint64, c_size_t, c_void_p),
    "cuMemcpyHtoDAsync_v2": (c_uint64, c_void_p, c_size_t, c_void_p),
    "cuMemAllocAsync": (POINTER(c_uint64), c_size_t, c_void_p),
    "cuMemFreeAsync": (c_uint64, c_void_p),
    "cuDeviceGetAttribute": (POINTER(c_int), c_int, c_int),
    "cuModuleLoadData": (_out, c_char_p),
    "cuModuleGetFunction": (_out, c_void_p, c_char_p),
    "cuLaunchKernel": (c_void_p, *[c_uint] * 7, c_void_p, c_void_p, c_void_p),
    "cuGetErrorName": (c_int, POINTER(c_char_p)),
    "cuGetErrorString": (c_int, POINTER(c_char_p)),
}


class CudaError(ReactorError):
    """The CUDA driver refused a call.

    Attributes:
        call: Name of the call.
        code: The driver's number; -1 when there is no driver.
        text: The driver's words.
    """

    def __init__(self, call: str, code: int, text: str) -> None:
        super().__init__(call, code, text)
        self.call = call
        self.code = code
        self.text = text

    def __str__(self) -> str:
        return f"{self.call}: {self.text} (CUDA error {self.code})"


class LibCuda:
    """Typed calls into ``libcuda.so.1``; handles and addresses are plain integers.

    Any thread may call any method; those that say so need a current context.

    Raises:
        CudaError: There is no driver, or a call was refused.
    """

    def __init__(self, library: Any = None) -> None:
        self._library = library or _load()
        for name, arguments in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.argtypes = arguments
            function.restype = c_int
        self._call("cuInit", 0)

    def device_of(self, pointer: int) -> int:
        """Return the ordinal of the device on which an address lies."""
        ordinal = c_int()
        place = ctypes.cast(ctypes.byref(ordinal), c_void_p)
        self._call("cuPointerGetAttribute", place, _POINTER_DEVICE_ORDINAL, pointer)
        return ordinal.value

    def retain_context(self, ordinal: int) -> int:
        """Return the device's primary context, the one that every library uses."""
        device = c_int()
        self._call("cuDeviceGet", ctypes.byref(device), ordinal)
        return self._make("cuDevicePrimaryCtxRetain", device)

    def release_context(self, ordinal: int) -> None:
        """Undo one ``retain_context``."""
        self._call("cuDevicePrimaryCtxRelease_v2", ordinal)

    @contextlib.contextmanager
    def current(self, context: int) -> Generator[None]:
        """Make a context the calling thread's current one."""
        self._call("cuCtxPushCurrent_v2", context)
        try:
            yield
        finally:
            self._call("cuCtxPopCurrent_v2", ctypes.byref(c_void_p()))

    def register(self, address: int, nbytes: int) -> None:
        """Page-lock memory for every context; needs a current one."""
        self._call("cuMemHostRegister_v2", address, nbytes, _HOST_REGISTER_PORTABLE)

    def unregister(self, address: int) -> None:
        """Undo ``register``; needs a current context."""
        self._call("cuMemHostUnregister", address)

    def allocate(self, nbytes: int) -> int:
        """Return the address of new page-locked memory; needs a current context."""
        return self._make("cuMemHostAlloc", nbytes, _HOST_REGISTER_PORTABLE)

    def free(self, address: int) -> None:
        """Undo ``allocate``; needs a current context."""
        self._call("cuMemFreeHost", address)

    def stream(self) -> int:
        """Return a new stream that does not wait for the default one; needs a current context."""
        return self._make("cuStreamCreate", _STREAM_NON_BLOCKING)

    def destroy_stream(self, stream: int) -> None:
        """Undo ``stream``."""
        self._call("cuStreamDestroy_v2", stream)

    def event(self) -> int:
        """Return a new event whose waiters sleep instead of spinning; needs a current context."""
        return self._make("cuEventCreate", _EVENT_BLOCKING_SYNC | _EVENT_DISABLE_TIMING)

    def destroy_event(self, event: int) -> None:
        """Undo ``event``."""
        self._call("cuEventDestroy_v2", event)

    def record(self, event: int, stream: int) -> None:
        """Let an event happen when the stream's work so far is done; needs its context."""
        self._call("cuEventRecord", event, stream)

    def wait(self, stream: int, event: int) -> None:
        """Hold a stream's later work until the event as recorded last has happened."""
        self._call("cuStreamWaitEvent", stream, event, 0)

    def synchronize(self, event: int) -> None:
        """Block the calling thread, without the GIL, until an event has happened."""
        self._call("cuEventSynchronize", event)

    def copy_to_host(self, address: int, pointer: int, nbytes: int, stream: int) -> None:
        """Begin a copy from the device; needs its context."""
        self._call("cuMemcpyDtoHAsync_v2", address, pointer, nbytes, stream)

    def copy_to_device(self, pointer: int, address: int, nbytes: int, stream: int) -> None:
        """Begin a copy to the device; needs its context.

        From memory that is not page-locked the driver copies before this returns.
        """
        self._call("cuMemcpyHtoDAsync_v2", pointer, address, nbytes, stream)

    def allocate_on_device(self, nbytes: int, stream: int) -> int:
        """Return the address of memory that the stream's later work may use; needs its context."""
        pointer = c_uint64()
        self._call("cuMemAllocAsync", ctypes.byref(pointer), nbytes, stream)
        return pointer.value

    def free_on_device(self, pointer: int, stream: int) -> None:
        """Undo ``allocate_on_device`` once the stream's work so far is done; needs its context."""
        self._call("cuMemFreeAsync", pointer, stream)

    def capability(self, ordinal: int) -> tuple[int, int]:
        """Return a device's compute capability, such as (9, 0)."""
        device, major, minor = c_int(), c_int(), c_int()
        self._call("cuDeviceGet", ctypes.byref(device), ordinal)
        for place, what in ((major, _CAPABILITY_MAJOR), (minor, _CAPABILITY_MINOR)):
            self._call("cuDeviceGetAttribute", ctypes.byref(place), what, device)
        return major.value, minor.value

    def load(self, image: bytes, function: str) -> int:
        """Return a function of a cubin or of PTX; it lives as long as the current context."""
        module = self._make("cuModuleLoadData", image)
        return self._make("cuModuleGetFunction", module, function.encode())

    def launch(
        self, function: int, blocks: int, threads: int, stream: int, arguments: Sequence[Any]
    ) -> None:
        """Begin a kernel on a line of blocks; needs its context.

        Args:
            function: What ``load`` returned.
            blocks: How many.
            threads: In each.
            stream: Where it waits its turn.
            arguments: ctypes values, copied before this returns.
        """
        places = (c_void_p * len(arguments))(*(ctypes.addressof(a) for a in arguments))
        shape = (blocks, 1, 1, threads, 1, 1)
        self._call("cuLaunchKernel", function, *shape, 0, stream, places, None)

    def _make(self, name: str, *arguments: object) -> int:
        handle = c_void_p()
        self._call(name, ctypes.byref(handle), *arguments)
        return handle.value or 0

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            raise CudaError(name, code, self._explain(code))

    def _explain(self, code: int) -> str:
        words: list[str] = []
        for name in ("cuGetErrorName", "cuGetErrorString"):
            text = c_char_p()
            getattr(self._library, name)(code, ctypes.byref(text))
            words.append((text.value or b"unknown").decode())
        return ": ".join(words)


def _load() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise CudaError("libcuda.so.1", -1, f"no NVIDIA driver: {error}") from error
