"""Arrays on a GPU, and the seam through which their bytes reach a slot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

# What went wrong or None, and how many bytes a processor had to copy on the way.
Copied = Callable[[BaseException | None, int], None]


@dataclass(frozen=True, eq=False)
class DeviceArray:
    """A C-contiguous array on a CUDA device.

    Attributes:
        owner: Keeps the memory good for as long as it lives.
        told: What the author gave, for errors: its type and device.
        pointer: Device address of the first item.
        shape: As in numpy.
        dtype: As in numpy.
        stream: Handle of the stream whose work so far makes the items; None when they are there.
    """

    owner: Any
    told: str
    pointer: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stream: int | None = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Size of the items."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __getitem__(self, index: int) -> DeviceArray:
        """Return one item along the first axis; nothing is copied."""
        if not 0 <= index < self.shape[0]:
            raise IndexError(f"index {index} is not within 0..{self.shape[0] - 1}")
        item = replace(self, shape=self.shape[1:])
        return replace(item, pointer=self.pointer + index * item.nbytes)

    def reshape(self, shape: tuple[int, ...]) -> DeviceArray:
        """Return the same items in another shape of the same size."""
        if math.prod(shape) != math.prod(self.shape):
            raise ValueError(f"{self.shape} can't become {shape}")
        return replace(self, shape=shape)


class DeviceCopier(Protocol):
    """Moves GPU arrays into slots without holding up the thread that asks."""

    def copy(self, array: DeviceArray, slot: memoryview, done: Copied) -> None:
        """Begin to copy an array into the first bytes of a slot.

        The GPU waits for what is on the array's stream at the time of the call. ``done`` is
        called once, from another thread; until then the copier keeps the array and the slot's
        memory alive.

        Args:
            array: No larger than the slot.
            slot: All of a slot's memory, writable; page-locked when it is seen first.
            done: Must not raise.

        Raises:
            CudaError: Nothing was begun, and ``done`` is not called.
        """
        ...

    def forget(self, slot: memoryview) -> None:
        """Unlock a slot's memory, which is about to go; no copy into it is under way."""
        ...

    def close(self) -> None:
        """Wait for the copies under way, unlock all memory and let go of the GPU."""
        ...
