"""The CUDA kernel as a function of this machine's processor, and a driver that launches it."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_zmq.memory.picture import PlanStruct
from reactor_zmq.memory.picture_device import SOURCE

_BEFORE = """
#define __device__ static
#define __global__
struct Index { unsigned int x; };
static thread_local Index blockIdx, threadIdx, blockDim;
"""
_AFTER = """
extern "C" void launch(unsigned int blocks, unsigned int threads,
                       const void *in, unsigned char *out, const Plan *plan) {
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++)
            to_video(in, out, *plan);
}
"""


@functools.cache
def kernel() -> Any:
    """Return the compiled kernel; skip where there is no compiler."""
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("needs a C++ compiler to run the kernel on the host")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "kernel.cpp"), Path(folder, "kernel.so")
        source.write_text(f'{_BEFORE}\n#include "{SOURCE}"\n{_AFTER}')
        flags = ("-O1", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")
        subprocess.run([compiler, *flags, "-o", library, source], check=True)
        return ctypes.CDLL(str(library)).launch


class HostKernelDriver:
    """A CUDA driver with one device of plain memory, whose work is done at once."""

    def __init__(self) -> None:
        self.log: list[tuple[object, ...]] = []
        self.memory: dict[int, object] = {}

    def device_of(self, pointer: int) -> int:
        return 0

    def retain_context(self, ordinal: int) -> int:
        return 7

    @contextlib.contextmanager
    def current(self, context: int) -> Iterator[None]:
        assert context == 7
        yield

    def capability(self, ordinal: int) -> tuple[int, int]:
        return 9, 0

    def load(self, image: bytes, function: str) -> int:
        assert (image, function) == (b"image", "to_video")
        self.log.append(("load",))
        return 5

    def launch(
        self, function: int, blocks: int, threads: int, stream: int, arguments: Sequence[Any]
    ) -> None:
        assert function == 5
        self.log.append(("launch", stream))
        source, target, plan = arguments
        assert isinstance(plan, PlanStruct)
        kernel()(blocks, threads, source, target, ctypes.byref(plan))

    def allocate_on_device(self, nbytes: int, stream: int) -> int:
        memory = ctypes.create_string_buffer(nbytes)
        self.memory[ctypes.addressof(memory)] = memory
        return ctypes.addressof(memory)

    def free_on_device(self, pointer: int, stream: int) -> None:
        del self.memory[pointer]


class CudaLike:
    """Host memory that says of itself, as numba's and others' arrays do, that a GPU has it."""

    def __init__(self, array: np.ndarray, **interface: object) -> None:
        self.array = array
        self.__cuda_array_interface__ = {
            "shape": array.shape, "typestr": array.dtype.str, "strides": array.strides,
            "data": (array.ctypes.data, False), "version": 3, "stream": 9, **interface,
        }  # fmt: skip
