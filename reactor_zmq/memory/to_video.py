"""``to_video``: from what a model computes to what a video track carries, where it lies."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory import picture_host
from reactor_zmq.memory.arrays import as_array
from reactor_zmq.memory.device import DeviceArray
from reactor_zmq.memory.foreign import (
    DeviceView,
    Tensor,
    device_view,
    is_cuda_device,
    is_tensor,
    name_of,
)
from reactor_zmq.memory.picture import Layout, Plan, Wish, plan_picture
from reactor_zmq.memory.picture_device import open_pictures


def to_video(
    value: Any,
    *,
    value_range: tuple[float, float] = (0.0, 1.0),
    layout: Layout = "hwc",
    channels: int | None = None,
    size: tuple[int, int] | None = None,
    track: str = "video",
) -> Any:
    """Return a frame, or a batch, as ``(height, width, channels) uint8``, in one pass.

    On a GPU that pass is one kernel on the producer's stream, so that a byte per sample crosses the
    bus, whatever the model computes in; nothing is waited for. The same bits come from every
    device: a float becomes ``(x - black) * (255 / (white - black))`` in float32, cut at 0 and 255;
    pixels between others are interpolated linearly, by rows first, pixel centres at halves, edges
    repeated; halves are rounded up; what is not a number is 0.

    Args:
        value: A numpy, torch or cupy array, or any with ``__cuda_array_interface__``, DLPack or
            the buffer protocol: uint8, which is taken as it is, float16, bfloat16, float32 or
            float64. ``(height, width)`` is one channel. Any strides.
        value_range: The floats that are black and white.
        layout: ``chw`` where channels come first.
        channels: 1, 3 or 4, made of 1, 3 or 4: grey is 0.299 red + 0.587 green + 0.114 blue, a new
            alpha is 255, an old one is dropped. None leaves them as they are.
        size: (height, width) of the result; None leaves it.
        track: For errors.

    Returns:
        An array of the library that it came from, C-contiguous, on the same device; from other
        CUDA libraries something to be yielded.

    Raises:
        TypeError: No array, or of a dtype that is not told above.
        ValueError: A shape that is no picture's, or a wish that can't be granted.
        CudaError: The GPU's driver refused, or NVIDIA's compiler is not installed.
    """
    wish = Wish(value_range, layout, channels, size)
    view = device_view(value, track)
    if view is not None:
        plan = plan_picture(track, view.told, view.shape, view.dtype, wish)
        return _on_device(view, plan)
    array, plan = plan_on_host(value, wish, track)
    out = np.empty(plan.shape, np.uint8)
    picture_host.convert(array, plan, out)
    return sys.modules["torch"].from_numpy(out) if is_tensor(value) else out


def plan_on_host(value: Any, wish: Wish, track: str) -> tuple[NDArray[Any], Plan]:
    """Return an array in host memory, and the way from it to pictures.

    Raises:
        TypeError: No array, on a device, or of a dtype that no picture is made of.
        ValueError: As ``plan_picture``.
    """
    if is_tensor(value) and str(value.dtype) == "torch.bfloat16":
        value = value.float()  # numpy has no such numbers; each of them is a float32
    array = as_array(value, track)
    if isinstance(array, DeviceArray):
        raise TypeError(f"track {track!r}: {array.told} is not in host memory")
    told = f"{name_of(value)} {array.shape} {array.dtype} on host"
    return array, plan_picture(track, told, array.shape, array.dtype.name, wish)


def on_device(value: Any) -> bool:
    """Return whether an array lies on a GPU."""
    if isinstance(value, DeviceArray) or is_tensor(value):
        return isinstance(value, DeviceArray) or value.is_cuda
    if hasattr(value, "__cuda_array_interface__"):
        return True
    return hasattr(value, "__dlpack_device__") and is_cuda_device(value)


def _on_device(view: DeviceView, plan: Plan) -> Any:
    owner: Any = view.owner
    pictures = open_pictures()
    if is_tensor(owner):
        torch: Any = sys.modules["torch"]
        tensor: Tensor = torch.empty(plan.shape, dtype=torch.uint8, device=owner.device)
        pictures.convert(view, plan, tensor.data_ptr())
        return tensor
    if name_of(owner).startswith("cupy"):
        cupy: Any = sys.modules["cupy"]
        with owner.device:
            array = cupy.empty(plan.shape, cupy.uint8)
        pictures.convert(view, plan, int(array.data.ptr))
        return array
    memory = pictures.memory(view, plan.nbytes)
    pictures.convert(view, plan, memory.pointer)
    told = f"picture {plan.shape} uint8 of {view.told}"
    kind = np.dtype(np.uint8)
    return DeviceArray(memory, told, memory.pointer, plan.shape, kind, view.stream)
