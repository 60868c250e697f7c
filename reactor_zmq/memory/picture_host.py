"""Pictures of samples on the host: block by block, so that what is between stays in the cache."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.memory.picture import Plan

Floats = NDArray[np.float32]

_BLOCK_SAMPLES = 2**16  # of float32: a quarter of a MiB
_HALF, _WHITE, _BLACK = np.float32(0.5), np.float32(255), np.float32(0)
_LUMA = (np.float32(0.299), np.float32(0.587), np.float32(0.114))
_COLOURS = 3


class _Places(NamedTuple):
    """Where the rows or columns of a resized picture come from."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: Floats


def convert(array: NDArray[Any], plan: Plan, out: NDArray[np.uint8]) -> None:
    """Write an array's pictures; the same steps in the same order as in ``picture.cu``.

    Args:
        array: Any strides; axes as the plan has them.
        plan: For its shape and dtype.
        out: ``plan.shape`` uint8, C-contiguous.
    """
    samples = _in_order(array, plan)
    pictures = out.reshape(plan.target)
    rows = max(1, _BLOCK_SAMPLES // (plan.target[2] * plan.source[3]))
    for source, target in zip(samples, pictures, strict=True):
        for first in range(0, plan.target[1], rows):
            last = min(first + rows, plan.target[1])
            _mix(_block(source, plan, first, last), target[first:last])


def _in_order(array: NDArray[Any], plan: Plan) -> NDArray[Any]:
    """Return a view as (frames, height, width, channels)."""
    present = [axis for axis in plan.axes if axis is not None]
    missing = tuple(place for place, axis in enumerate(plan.axes) if axis is None)
    return np.expand_dims(array.transpose(present), missing)


def _block(source: NDArray[Any], plan: Plan, first: int, last: int) -> NDArray[Any]:
    """Return some rows of one picture as they are before they are mixed and rounded."""
    if not plan.resized:
        rows = source[first:last]
        return rows if rows.dtype == np.uint8 else _scaled(rows, plan)
    down = _places(np.arange(first, last), plan.ratio[0], plan.source[1])
    across = _places(np.arange(plan.target[2]), plan.ratio[1], plan.source[2])
    share = across.share[None, :, None]
    edges: list[Floats] = []
    for rows in (down.first, down.second):
        values = _scaled(source[rows], plan)
        edges.append(_between(values[:, across.first], values[:, across.second], share))
    return _between(edges[0], edges[1], down.share[:, None, None])


def _scaled(samples: NDArray[Any], plan: Plan) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        values = samples.astype(np.float32)
        if samples.dtype == np.uint8:
            return values
        np.subtract(values, plan.low, out=values)
        np.multiply(values, plan.scale, out=values)
        np.fmax(values, _BLACK, out=values)  # not a number: 0
        np.fmin(values, _WHITE, out=values)
    return values


def _places(at: NDArray[np.intp], ratio: np.float32, size: int) -> _Places:
    exact = at.astype(np.float32) + _HALF
    exact *= ratio
    exact -= _HALF
    np.maximum(exact, _BLACK, out=exact)
    first = np.minimum(exact.astype(np.intp), size - 1)
    return _Places(first, np.minimum(first + 1, size - 1), exact - first.astype(np.float32))


def _between(first: Floats, second: Floats, share: Floats) -> Floats:
    step = second - first
    step *= share
    step += first
    return step


def _mix(values: NDArray[Any], target: NDArray[np.uint8]) -> None:
    """Write pixels, with as many channels as they are to have."""
    came, wanted = values.shape[-1], target.shape[-1]
    if wanted == 1 and came >= _COLOURS:
        red, green, blue = (
            values[..., c].astype(np.float32) * weight for c, weight in enumerate(_LUMA)
        )
        red += green
        red += blue
        _round(red[..., None], target)
        return
    colours = min(_COLOURS, wanted) if came < wanted else wanted
    _round(values[..., :1] if came == 1 else values[..., :colours], target[..., :colours])
    target[..., colours:] = 255


def _round(values: NDArray[Any], target: NDArray[np.uint8]) -> None:
    if values.dtype != np.uint8:
        values = values + _HALF
    np.copyto(target, values, casting="unsafe")
