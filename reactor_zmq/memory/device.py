"""Arrays on a GPU, and the seam through which their bytes reach a slot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

Copied = Callable[[BaseException | None], None]


@dataclass(frozen=True, eq=False)
class DeviceArray:
    """An array on a GPU: any strides, memory owned by ``owner``.

    Attributes:
        owner: The author's object; the memory is good for as long as it lives.
        library: ``torch``, ``cupy``, or empty for anything else.
        pointer: Device address of the first item.
        shape: As in numpy.
        strides: In bytes.
        dtype: As in numpy.
        device: CUDA ordinal.
        stream: Handle of the stream that fills the array; None for the library's current one.
    """

    owner: Any
    library: str
    pointer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]
    device: int = 0
    stream: int | None = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Size of the items, packed."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def contiguous(self) -> bool:
        """Whether the items lie packed, last axis first."""
        step = self.dtype.itemsize
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size > 1 and stride != step:
                return False
            step *= size
        return True

    def __getitem__(self, index: int) -> DeviceArray:
        """Return one item along the first axis; nothing is copied."""
        if not 0 <= index < self.shape[0]:
            raise IndexError(f"index {index} is not within 0..{self.shape[0] - 1}")
        return replace(
            self,
            pointer=self.pointer + index * self.strides[0],
            shape=self.shape[1:],
            strides=self.strides[1:],
        )

    def with_last_axis(self) -> DeviceArray:
        """Return the same items with an axis of length 1 at the end."""
        item = self.dtype.itemsize
        return replace(self, shape=(*self.shape, 1), strides=(*self.strides, item))


class DeviceCopier(Protocol):
    """Moves GPU arrays into slots without holding up the thread that asks."""

    def pin(self, slot: memoryview) -> bool:
        """Page-lock a slot's memory; False where that is refused and copies are staged."""
        ...

    def unpin(self, slot: memoryview) -> None:
        """Undo ``pin``; no copy into the slot is under way."""
        ...

    def copy(self, array: DeviceArray, slot: memoryview, done: Copied) -> None:
        """Begin to copy an array, packed, into a slot's bytes.

        Work that the caller's thread has given to its current stream is waited for by the GPU,
        later work is not. ``done`` is called once, from another thread, with what went wrong or
        None; until then the copier keeps the array alive.
        """
        ...

    def close(self) -> None:
        """Wait for the copies under way and let go of the GPU."""
        ...
