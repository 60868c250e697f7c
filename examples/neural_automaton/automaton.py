"""The automaton in numpy: cells that sense their neighbours and change a little each step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float32]
CHANNELS, ALPHA, ALIVE = 16, 3, 0.1
# Identity, Sobel x, Sobel y, Laplacian: what a cell senses of its 3 x 3 neighbourhood.
FILTERS = np.array(
    [
        [0, 0, 0, 0, 1, 0, 0, 0, 0],
        [-0.125, 0, 0.125, -0.25, 0, 0.25, -0.125, 0, 0.125],
        [-0.125, -0.25, -0.125, 0, 0, 0, 0.125, 0.25, 0.125],
        [0.0625, 0.125, 0.0625, 0.125, -0.75, 0.125, 0.0625, 0.125, 0.0625],
    ],
    np.float32,
)


class Rule:
    """Weights made by train.py: what a cell does next.

    Attributes:
        names: The targets that it can be told.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path) as weights:
            self.names: tuple[str, ...] = tuple(weights["names"].tolist())
            sense = weights["sense"].astype(np.float32)
            # Filters and first layer are both linear: one matrix does the work of the two.
            self.sense = np.einsum("fn,fch->nch", FILTERS, sense).reshape(9 * CHANNELS, -1)
            self.target = weights["target"].astype(np.float32)
            self.act = weights["act"].astype(np.float32)

    def change(self, near: Cells, target: str) -> Cells:
        """Return how cells change, (n, CHANNELS), that sense (n, 9 * CHANNELS)."""
        hidden = near @ self.sense
        hidden += self.target[self.names.index(target)]
        return np.maximum(hidden, 0, out=hidden) @ self.act


class Automaton:
    """A square of cells under a rule; its (size, size) cells have a border of dead ones.

    Attributes:
        age: Steps since the grid was last emptied.
    """

    def __init__(self, size: int, rule: Rule, random: np.random.Generator) -> None:
        self.size, self.rule, self.random, self.age = size, rule, random, 0
        self._seeds: set[tuple[int, int]] = set()
        self._cells = np.zeros((size + 2, size + 2, CHANNELS), np.float32)
        steps = np.arange(-1, 2)
        self._offsets = (steps[:, None] * (size + 2) + steps).ravel()
        self._rows, self._columns = np.mgrid[:size, :size] + 0.5

    @property
    def cells(self) -> Cells:
        """The grid, (size, size, CHANNELS) float32: premultiplied RGBA, then the cells' memory."""
        return self._cells[1:-1, 1:-1]

    @property
    def alive(self) -> int:
        return int(np.count_nonzero(self.cells[..., ALPHA] > ALIVE))

    def step(self, target: str, noise: float = 0.0, awake: float = 0.5) -> None:
        """Let half of the living cells act, as if each had a clock of its own."""
        alive = self._living()
        acting = np.flatnonzero(alive & (self.random.random(alive.shape, np.float32) < awake))
        flat = self._cells.reshape(-1, CHANNELS)
        near = flat.take(acting[:, None] + self._offsets, axis=0).reshape(-1, 9 * CHANNELS)
        change = self.rule.change(near, target)
        if noise:
            change += noise * self.random.standard_normal(change.shape, np.float32)
        flat[acting] += change
        self._cells[~(alive & self._living())] = 0
        self.age += 1

    def clear(self) -> None:
        """Empty the grid."""
        self._cells[:] = 0
        self._seeds.clear()
        self.age = 0

    def seed(self, x: float = 0.5, y: float = 0.5) -> None:
        """Plant one cell; x and y are fractions of the width and height."""
        column, row = (min(int(at * self.size), self.size - 1) for at in (x, y))
        self._seeds.add((row, column))
        self.cells[row, column, ALPHA:] = 1

    def forget(self) -> None:
        """Take the cells' memory, leave their colours, and plant anew where seeds were planted.

        What is without memory dissolves, while the seeds grow into whatever they are told.
        """
        self.cells[..., ALPHA + 1 :] = 0
        for row, column in self._seeds:
            self.cells[row, column, ALPHA:] = 1

    def cut(self, x: float, y: float, radius: float) -> int:
        """Kill a disc of cells, all three as fractions of the size; return how many lived there."""
        across, down = self._columns - x * self.size, self._rows - y * self.size
        hit = across**2 + down**2 < (radius * self.size) ** 2
        lived = int(np.count_nonzero(hit & (self.cells[..., ALPHA] > ALIVE)))
        self.cells[hit] = 0
        return lived

    def fill(self, photo: NDArray[np.uint8]) -> None:
        """Make a (size, size, 3) picture of cells without memory, and plant a seed in it."""
        self.clear()
        self.cells[..., :ALPHA] = photo / np.float32(255)
        self.cells[..., ALPHA] = 1
        self.seed()

    def _living(self) -> NDArray[np.bool_]:
        """Return which cells are mature or touch one that is; never the border."""
        mature = self._cells[..., ALPHA] > ALIVE
        rows = mature[:-2] | mature[1:-1] | mature[2:]
        living = np.zeros_like(mature)
        living[1:-1, 1:-1] = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
        return living
