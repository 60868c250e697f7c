"""Train the weights: ``python train.py`` (needs torch; an hour on one CPU core).

The method is that of A. Mordvintsev, E. Randazzo, E. Niklasson, M. Levin: "Growing Neural Cellular
Automata", Distill 2020, doi:10.23915/distill.00023: a pool of grids, of which the worst are started
anew and the best are damaged. Three things are added: every grid is told its target; some begin
as a photograph, or as what was grown for another target, memory lost, which has to dissolve; and
some are left to themselves for hundreds of steps between two lessons, so that they stay in shape.

The weights beside this file took 62 minutes in three runs of 25, 20 and 17, joined by ``--start``
with ``--done`` 0.6 and 0.7. The first two left no grid to itself; in the first, grids kept their
memory when their target changed, which the rule did not learn.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import targets
import torch
from torch import Tensor
from torch.nn import functional

GRID, CHANNELS, HIDDEN, ALIVE = 40, 16, 96, 0.1
STRIDE = GRID + 2  # a border of dead cells makes every neighbourhood whole
NAMES = tuple(targets.PAINTERS)
EACH, KEPT = 2, 48  # grids of every target in a batch, and in the pool
BATCH = EACH * len(NAMES)
OFFSETS = torch.tensor([dy * STRIDE + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
# Identity, Sobel x, Sobel y, Laplacian over a 3 x 3 neighbourhood: the order of a cell's senses.
FILTERS = torch.tensor(
    [
        [0, 0, 0, 0, 1, 0, 0, 0, 0],
        [-0.125, 0, 0.125, -0.25, 0, 0.25, -0.125, 0, 0.125],
        [-0.125, -0.25, -0.125, 0, 0, 0, 0.125, 0.25, 0.125],
        [0.0625, 0.125, 0.0625, 0.125, -0.75, 0.125, 0.0625, 0.125, 0.0625],
    ]
)


class Neighbourhoods(torch.autograd.Function):
    """Gather rows; the scatter back is several times faster than autograd's own."""

    @staticmethod
    def forward(ctx, cells: Tensor, rows: Tensor) -> Tensor:  # noqa: ANN001 - torch names it
        ctx.save_for_backward(rows)
        ctx.count = len(cells)
        return cells.index_select(0, rows)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN001 - torch names it
        (rows,) = ctx.saved_tensors
        return gradient.new_zeros(ctx.count, CHANNELS).index_add_(0, rows, gradient), None


class Rule(torch.nn.Module):
    """What a cell does next, from what it senses and from the target that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.sense = torch.nn.Parameter(torch.randn(4, CHANNELS, HIDDEN) * (4 * CHANNELS) ** -0.5)
        self.target = torch.nn.Parameter(torch.randn(len(NAMES), HIDDEN) * 0.5)
        self.act = torch.nn.Parameter(torch.zeros(HIDDEN, CHANNELS))

    def forward(self, cells: Tensor, wanted: Tensor, steps: int) -> Tensor:
        """Run steps on (batch, STRIDE, STRIDE, CHANNELS) grids; ``wanted`` holds target numbers."""
        shape = cells.shape
        kernel = torch.einsum("fn,fch->nch", FILTERS, self.sense).reshape(9 * CHANNELS, HIDDEN)
        alive = living(cells)
        for _ in range(steps):
            fires = alive & (torch.rand(alive.shape) < 0.5)
            active = fires.flatten().nonzero().squeeze(1)
            flat = cells.reshape(-1, CHANNELS)
            near = Neighbourhoods.apply(flat, (active[:, None] + OFFSETS).flatten())
            told = self.target.index_select(0, wanted[active // STRIDE**2])
            hidden = (near.view(-1, 9 * CHANNELS) @ kernel).add_(told).relu_()
            cells = flat.index_add(0, active, hidden @ self.act).view(shape)
            survives = alive & living(cells)
            cells = cells * survives[..., None]
            alive = living(cells)
        return cells

    def save(self, path: Path) -> None:
        """Write float16 weights, the names of the targets with them."""
        weights = {name: value.detach().numpy() for name, value in self.named_parameters()}
        half = {name: value.astype(np.float16) for name, value in weights.items()}
        np.savez_compressed(path, **half, names=np.array(NAMES))

    def load(self, path: Path) -> None:
        """Take up weights that were saved."""
        with np.load(path) as weights, torch.no_grad():
            for name, value in self.named_parameters():
                value.copy_(torch.from_numpy(weights[name]))


@torch.no_grad()
def living(cells: Tensor) -> Tensor:
    """Return which cells of the grid, border excepted, are mature or touch one that is."""
    mature = functional.max_pool2d(cells[None, ..., 3], 3, stride=1, padding=1)[0] > ALIVE
    inner = torch.zeros_like(mature)
    inner[:, 1:-1, 1:-1] = mature[:, 1:-1, 1:-1]
    return inner


def seed(cells: Tensor) -> Tensor:
    """Put one living cell into the middle."""
    cells[..., STRIDE // 2, STRIDE // 2, 3:] = 1
    return cells


def photograph() -> Tensor:
    """Return a seeded grid full of colour without memory, such as an uploaded picture makes."""
    coarse = torch.rand(1, 3, *torch.randint(1, 14, (2,)).tolist())
    smooth = functional.interpolate(coarse, (GRID, GRID), mode="bilinear")
    texture = torch.rand(3, GRID, GRID) - 0.5
    colours = (smooth[0] + 0.3 * torch.rand(()) * texture).clamp(0, 1)
    cells = torch.zeros(STRIDE, STRIDE, CHANNELS)
    cells[1:-1, 1:-1, :3] = colours.permute(1, 2, 0)
    cells[1:-1, 1:-1, 3] = 1
    return seed(cells)


def forgotten(cells: Tensor) -> Tensor:
    """Return a seeded copy of which only the colours are left."""
    kept = cells.clone()
    kept[..., 4:] = 0
    return seed(kept)


def damage(cells: Tensor) -> Tensor:
    """Return a copy with a disc cut out somewhere in the body."""
    y, x = torch.meshgrid(torch.arange(STRIDE), torch.arange(STRIDE), indexing="ij")
    centre_y, centre_x = (STRIDE * (0.2 + 0.6 * torch.rand(2))).tolist()
    radius = 4 + 7 * float(torch.rand(()))
    return cells * ((x - centre_x) ** 2 + (y - centre_y) ** 2 > radius**2)[..., None]


def pictures() -> Tensor:
    """Return every target in the middle of a grid: (targets, STRIDE, STRIDE, 4)."""
    painted = torch.from_numpy(np.stack([targets.paint(name) for name in NAMES]))
    before = (STRIDE - targets.SIZE) // 2
    after = STRIDE - targets.SIZE - before
    return functional.pad(painted, (0, 0, before, after, before, after))


class Trainer:
    """A pool of grids, the rule that they follow, and how it is bettered."""

    def __init__(self, rate: float, start: Path | None) -> None:
        self.rule, self.goal = Rule(), pictures()
        if start is not None:
            self.rule.load(start)
        self.rate = rate
        self.optimizer = torch.optim.Adam(self.rule.parameters(), rate, betas=(0.9, 0.99))
        self.wanted = torch.arange(len(NAMES)).repeat(KEPT)
        self.pool = seed(torch.zeros(len(self.wanted), STRIDE, STRIDE, CHANNELS))

    def losses(self, cells: Tensor, wanted: Tensor) -> Tensor:
        return ((cells[..., :4] - self.goal[wanted]) ** 2).sum(-1).mean((1, 2))

    def batch(self, done: float) -> Tensor:
        """Choose grids of the pool, worst first, and prepare them; ``done`` is 0..1."""
        rows = torch.stack([torch.randperm(KEPT)[:EACH] for _ in NAMES], 1) * len(NAMES)
        chosen = (rows + torch.arange(len(NAMES))).flatten()
        losses = self.losses(self.pool[chosen], self.wanted[chosen])
        chosen = chosen[losses.argsort(descending=True)]
        dead = chosen[~living(self.pool[chosen]).flatten(1).any(1)]
        self.pool[dead] = seed(torch.zeros(STRIDE, STRIDE, CHANNELS))
        self.pool[chosen[0]] = self.beginning(done)
        if done > 0.3:
            for best in chosen[-3:]:
                self.pool[best] = damage(self.pool[best])
        return chosen

    def beginning(self, done: float) -> Tensor:
        """Return a grid to start from: a seed, and later on something that has to dissolve."""
        match int(torch.randint(3, ())) if done > 0.4 else 0:
            case 0:
                return seed(torch.zeros(STRIDE, STRIDE, CHANNELS))
            case 1:
                return photograph()
            case _:
                return forgotten(self.pool[torch.randint(len(self.pool), ())])

    @torch.no_grad()
    def age(self) -> None:
        """Let some grids grow old, so that drift is seen that no single rollout shows."""
        chosen = torch.randperm(len(self.pool))[:BATCH]
        steps = int(torch.randint(100, 300, ()))
        self.pool[chosen] = self.rule(self.pool[chosen], self.wanted[chosen], steps)

    def step(self, done: float) -> float:
        """Better the rule once; return the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * (0.02 + 0.98 * (1 + np.cos(np.pi * done)) / 2)
        chosen = self.batch(done)
        wanted = self.wanted[chosen]
        cells = self.rule(self.pool[chosen], wanted, int(torch.randint(32, 52, ())))
        overflow = (cells - cells.clamp(-2, 2)).square().mean()
        loss = self.losses(cells, wanted).mean()
        self.optimizer.zero_grad()
        (loss + overflow).backward()
        for parameter in self.rule.parameters():
            parameter.grad /= parameter.grad.norm() + 1e-8
        self.optimizer.step()
        self.pool[chosen] = cells.detach()
        return loss.item()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--rate", type=float, default=2e-3)
    options.add_argument("--start", type=Path, help="weights to go on from")
    options.add_argument("--done", type=float, default=0, help="part of the schedule left out")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "weights.npz")
    given = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    trainer, start, recent = Trainer(given.rate, given.start), time.monotonic(), []
    while (part := (time.monotonic() - start) / (60 * given.minutes)) < 1:
        done = given.done + part * (1 - given.done)
        recent.append(trainer.step(done))
        if done > 0.5 and len(recent) % 4 == 0:
            trainer.age()
        if len(recent) % 50 == 0:
            mean = np.mean(recent[-50:])
            print(f"{len(recent):5d} {100 * done:5.1f} % loss {mean:.5f}", flush=True)
            trainer.rule.save(given.out)
    trainer.rule.save(given.out)


if __name__ == "__main__":
    main()
