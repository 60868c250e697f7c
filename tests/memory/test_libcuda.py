"""The driver's calls: names, signatures and errors, on a library that is not there."""

from __future__ import annotations

import ctypes

import pytest

from reactor_zmq.memory.libcuda import CudaError, LibCuda


class Function:
    """A C function: checks its arguments by its ``argtypes`` as ctypes does."""

    def __init__(self, name, library):
        self.name = name
        self.library = library
        self.argtypes = ()
        self.restype = None

    def __call__(self, *arguments):
        assert len(arguments) == len(self.argtypes), self.name
        assert self.restype is ctypes.c_int
        for kind, argument in zip(self.argtypes, arguments, strict=True):
            kind.from_param(argument)
        return self.library.answer(self.name, arguments)


class Library:
    """A driver that takes every call, hands out numbers and fails where it is told to."""

    def __init__(self):
        self.functions = {}
        self.calls = []
        self.codes = {}

    def __getattr__(self, name):
        return self.functions.setdefault(name, Function(name, self))

    def answer(self, name, arguments):
        if name == "cuGetErrorName":
            arguments[1]._obj.value = b"CUDA_ERROR_INVALID_VALUE"
            return 0
        if name == "cuGetErrorString":
            arguments[1]._obj.value = b"invalid argument"
            return 0
        self.calls.append(name)
        for argument in arguments:
            if hasattr(argument, "_obj"):
                argument._obj.value = 4711
        return self.codes.get(name, 0)


@pytest.fixture
def library():
    return Library()


def test_every_call_passes_its_signature(library):
    """Each method makes one call whose arguments its signature takes, wide ones uncut."""
    cuda = LibCuda(library)
    high = 0x7FFF_FFFF_F000
    assert cuda.retain_context(0) == 4711
    with cuda.current(high):
        cuda.register(high, 2**33)
        cuda.unregister(high)
        cuda.free(cuda.allocate(2**33))
        event, stream = cuda.event(), cuda.stream()
        cuda.record(event, stream)
        cuda.wait(stream, event)
        cuda.copy_to_host(high, high, 2**33, stream)
        cuda.synchronize(event)
        cuda.destroy_event(event)
        cuda.destroy_stream(stream)
        cuda.copy_to_device(high, high, 2**33, stream)
        assert cuda.allocate_on_device(2**33, stream) == 4711
        cuda.free_on_device(high, stream)
        assert cuda.capability(0) == (4711, 4711)
        function = cuda.load(b"\x7fELF\0image", "to_video")
        cuda.launch(function, 2**31 - 1, 256, high, [ctypes.c_void_p(high), ctypes.c_int(3)])
    cuda.release_context(0)
    assert library.calls == [
        "cuInit", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2",
        "cuMemHostRegister_v2", "cuMemHostUnregister", "cuMemHostAlloc", "cuMemFreeHost",
        "cuEventCreate", "cuStreamCreate", "cuEventRecord", "cuStreamWaitEvent",
        "cuMemcpyDtoHAsync_v2", "cuEventSynchronize", "cuEventDestroy_v2", "cuStreamDestroy_v2",
        "cuMemcpyHtoDAsync_v2", "cuMemAllocAsync", "cuMemFreeAsync", "cuDeviceGet",
        "cuDeviceGetAttribute", "cuDeviceGetAttribute", "cuModuleLoadData", "cuModuleGetFunction",
        "cuLaunchKernel",
        "cuCtxPopCurrent_v2", "cuDevicePrimaryCtxRelease_v2",
    ]  # fmt: skip


def test_an_error_says_which_call(library):
    """A refused call raises with its name, the driver's number and the driver's words."""
    library.codes["cuMemHostRegister_v2"] = 1
    with pytest.raises(CudaError) as caught:
        LibCuda(library).register(4096, 4096)
    assert (caught.value.call, caught.value.code) == ("cuMemHostRegister_v2", 1)
    assert str(caught.value) == (
        "cuMemHostRegister_v2: CUDA_ERROR_INVALID_VALUE: invalid argument (CUDA error 1)"
    )


def test_the_context_is_popped_after_an_error(library):
    """A failing block leaves the thread's context as it was."""
    library.codes["cuEventSynchronize"] = 700
    cuda = LibCuda(library)
    with pytest.raises(CudaError), cuda.current(1):
        cuda.synchronize(2)
    assert library.calls[-1] == "cuCtxPopCurrent_v2"


def test_without_a_driver(monkeypatch):
    """A machine without a driver is told so in one line."""

    def refuse(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(CudaError, match=r"no NVIDIA driver: libcuda\.so\.1"):
        LibCuda()
