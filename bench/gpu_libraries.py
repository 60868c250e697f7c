"""The libraries that make frames on a GPU for ``bench/gpu.py``."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from reactor_zmq.memory.libcuda import CudaError, LibCuda


class Library(Protocol):
    """How a library makes a frame on the GPU and brings one to the host."""

    def make(self, shape: tuple[int, ...]) -> Any:
        """Return random bytes on the GPU, there when this returns."""
        ...

    def floats(self, shape: tuple[int, ...]) -> Any:
        """Return random float32 in 0..1 on the GPU, there when this returns."""
        ...

    def ops(self, picture: Any) -> Any:
        """Return a (channels, height, width) picture as bytes by the library's own means."""
        ...

    def host(self, array: Any) -> Any:
        """Return a copy on the host."""
        ...


class Torch:
    """torch."""

    def __init__(self) -> None:
        self._torch: Any = importlib.import_module("torch")

    def make(self, shape: tuple[int, ...]) -> Any:
        array = self._torch.randint(0, 256, shape, dtype=self._torch.uint8, device="cuda")
        self._torch.cuda.synchronize()
        return array

    def floats(self, shape: tuple[int, ...]) -> Any:
        array = self._torch.rand(shape, device="cuda")
        self._torch.cuda.synchronize()
        return array

    def ops(self, picture: Any) -> Any:
        return (picture.clip(0, 1) * 255 + 0.5).to(self._torch.uint8).permute(1, 2, 0)

    def host(self, array: Any) -> Any:
        return array.cpu().numpy()


class Cupy:
    """cupy."""

    def __init__(self) -> None:
        self._cupy: Any = importlib.import_module("cupy")

    def make(self, shape: tuple[int, ...]) -> Any:
        array = self._cupy.random.randint(0, 256, shape).astype(self._cupy.uint8)
        self._cupy.cuda.Device().synchronize()
        return array

    def floats(self, shape: tuple[int, ...]) -> Any:
        array = self._cupy.random.rand(*shape).astype(self._cupy.float32)
        self._cupy.cuda.Device().synchronize()
        return array

    def ops(self, picture: Any) -> Any:
        return (picture.clip(0, 1) * 255 + 0.5).astype(self._cupy.uint8).transpose(1, 2, 0)

    def host(self, array: Any) -> Any:
        return array.get()


def find_library() -> Library:
    """Return the first library that works here.

    Raises:
        CudaError: There is no driver, or no library.
    """
    LibCuda()
    for kind in (Torch, Cupy):
        try:
            library = kind()
        except ImportError:
            continue
        library.make((1, 1, 1))
        return library
    raise CudaError("import", -1, "neither torch nor cupy is installed")
