"""How the grid is shown: glowing beads on a dark ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
RIM, MIDDLE = np.array([9, 11, 20], np.float32), np.array([30, 36, 58], np.float32)


class Look:
    """Draw (size, size) grids as (size * scale, size * scale, 3) uint8 pictures."""

    def __init__(self, size: int, scale: int) -> None:
        side = size * scale
        axis = np.linspace(-1, 1, side, dtype=np.float32)
        near = np.exp(-1.6 * (axis[:, None] ** 2 + axis**2))[..., None]
        shape = size, scale, size, scale
        beads = np.tile(bead(scale), (size, size))[..., None]
        # An axis for cells, one for the pixels in a cell: a cell's colour is broadcast, not copied.
        self._bead = np.broadcast_to(beads, (side, side, 3)).reshape(*shape, 3).copy()
        self._ground = ((RIM + (MIDDLE - RIM) * near) * (1.05 - 0.1 * beads)).reshape(*shape, 3)
        self._picture, self._glow = np.empty((2, *self._bead.shape), np.float32)
        self._spread = spread(size)

    def draw(self, cells: Floats) -> NDArray[np.uint8]:
        """Return the picture of (size, size, 4) premultiplied RGBA cells."""
        seen = np.clip(cells, 0, 1)
        glow = (self._spread @ seen[..., :3].transpose(2, 0, 1) @ self._spread).transpose(1, 2, 0)
        light, shade = seen[..., :3] * 225, 1 - 0.8 * seen[..., 3:]
        picture = np.multiply(self._bead, wide(light), out=self._picture)
        picture += np.multiply(self._ground, wide(shade), out=self._glow)
        picture += wide(glow * 60)
        np.minimum(picture, 255, out=picture)
        side = len(cells) * self._bead.shape[1]
        return picture.astype(np.uint8).reshape(side, side, 3)


def wide(cells: Floats) -> Floats:
    """Return a view in which every cell can be as many pixels as need be."""
    return cells[:, None, :, None]


def bead(scale: int) -> Floats:
    """Return the brightness of one cell, (scale, scale): full, with darker rounded edges."""
    axis = np.abs(np.linspace(-1, 1, scale, dtype=np.float32))
    return 1 - 0.5 * np.clip((axis[:, None] ** 6 + axis**6), 0, 1)


def spread(size: int) -> Floats:
    """Return the (size, size) matrix that widens one axis of the grid to a soft glow."""
    axis = np.arange(size, dtype=np.float32)
    weight = np.exp(-0.5 * ((axis[:, None] - axis) / 2) ** 2)
    return weight / weight.sum(1).max()
