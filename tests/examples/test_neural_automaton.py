"""examples/neural_automaton: the shipped weights, and the model around them."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
from exhibit import EXAMPLES, huge_png, load, png, upload

from reactor_zmq import EventError

NAMES = ("lizard", "butterfly", "flower", "fish", "heart")
GROWN = 120  # steps after which a target has its shape


@pytest.fixture(scope="module")
def example():
    return load("neural_automaton")


@pytest.fixture(scope="module")
def goals():
    """The pictures that the weights were trained for, in the middle of a 64 x 64 grid."""
    sys.path.insert(0, str(EXAMPLES / "neural_automaton"))
    try:
        targets = importlib.import_module("targets")
    finally:
        sys.path.remove(str(EXAMPLES / "neural_automaton"))
    return {name: np.pad(targets.paint(name), ((16, 16), (16, 16), (0, 0))) for name in NAMES}


@pytest.fixture(scope="module")
def rule(example):
    return example.Rule(EXAMPLES / "neural_automaton" / "weights.npz")


@pytest.fixture
def grid(example, rule):
    """An automaton with one seed in the middle."""
    cells = example.Automaton(64, rule, np.random.default_rng(1))
    cells.seed()
    return cells


def run(grid, target, steps):
    for _ in range(steps):
        grid.step(target)
    return grid


def distance(grid, goal):
    """Return the squared error as a part of the picture's own energy; an empty grid has 1.

    The middle of an even grid lies between cells, so the picture may lie one cell off.
    """
    grown = grid.cells[..., :4]
    shifts = [np.roll(goal, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return min(float(((grown - shifted) ** 2).sum()) for shifted in shifts) / (goal**2).sum()


@pytest.mark.parametrize("target", NAMES)
def test_weights_grow_the_target_and_keep_it(grid, goals, target):
    """One cell becomes the picture, and it is still the picture a long time later."""
    assert distance(run(grid, target, GROWN), goals[target]) < 0.15
    assert distance(run(grid, target, 480), goals[target]) < 0.2
    others = {name: distance(grid, goal) for name, goal in goals.items()}
    assert min(others, key=others.__getitem__) == target


@pytest.mark.parametrize("target", NAMES)
def test_a_wound_heals(grid, goals, target):
    """A disc is cut out of the body; afterwards the picture is whole again."""
    run(grid, target, GROWN)
    lived = grid.alive
    cut = grid.cut(0.56, 0.5, 0.09)
    assert 20 < cut < lived
    assert grid.alive == lived - cut
    hurt = distance(grid, goals[target])
    assert distance(run(grid, target, GROWN), goals[target]) < min(0.25, hurt)


@pytest.mark.parametrize("target", NAMES)
def test_another_target_takes_over(grid, goals, target):
    """Cells that have lost their memory dissolve, and what they are told next grows."""
    run(grid, NAMES[NAMES.index(target) - 1], GROWN)
    grid.forget()
    assert distance(run(grid, target, GROWN), goals[target]) < 0.25


def test_a_photograph_dissolves_into_the_target(grid, goals):
    """The grid begins as the picture and ends as the target."""
    photo = np.random.default_rng(2).integers(0, 255, (4, 4, 3), np.uint8)
    photo = photo.repeat(16, 0).repeat(16, 1)
    grid.fill(photo)
    np.testing.assert_allclose(grid.cells[..., :3], photo / 255, atol=1e-6)
    assert distance(run(grid, "butterfly", 240), goals["butterfly"]) < 0.25


def test_nothing_grows_without_a_seed(grid):
    """A cleared grid stays empty."""
    grid.clear()
    assert run(grid, "lizard", 20).alive == 0


def test_cells_only_know_their_neighbours(example, rule):
    """A step changes nothing further than two cells from where something lives."""
    cells = example.Automaton(32, rule, np.random.default_rng(3))
    cells.seed()
    run(cells, "heart", 3)
    assert not cells.cells[:10].any()
    assert not cells.cells[:, :10].any()


@pytest.mark.parametrize("at", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_the_border_is_safe(example, rule, at):
    """Seeds may be planted in the corners; the grid grows up to its border and no further."""
    cells = example.Automaton(24, rule, np.random.default_rng(4))
    cells.seed(*at)
    run(cells, "heart", 40)
    assert cells.alive > 20
    border = cells._cells.copy()
    border[1:-1, 1:-1] = 0
    assert not border.any()


# --- the model ------------------------------------------------------------------------------


@pytest.fixture
def executor(example, hosted):
    return hosted(example.NeuralAutomaton)


def picture(executor, turns):
    for _ in range(turns):
        result = executor.next()
    return result.output.main_video.astype(int)


def alive(executor, example):
    """Return how many cells live, by the next ``growth`` message."""
    while True:
        for message in executor.next().messages:
            if isinstance(message, example.Growth):
                return message.alive


def test_a_creature_grows_in_the_middle(executor, example):
    """From a dark picture with one cell to a creature that `growth` tells of."""
    executor.send_event("set_speed", speed=2)
    first = picture(executor, 1)
    later = picture(executor, 60)
    assert first.shape == (384, 384, 3)
    assert (later.max(2) > 120).mean() > 10 * (first.max(2) > 120).mean()
    assert 150 < alive(executor, example) < 800


def test_damage_makes_a_hole_that_heals(executor, example):
    """The caller learns how many cells died; the picture is dark there, and bright again later."""
    executor.send_event("set_target", target="heart")
    executor.send_event("set_speed", speed=4)
    whole = picture(executor, 40)[170:214, 170:214, 0].mean()
    [damaged] = executor.send_event("damage", x=0.5, y=0.5, radius=0.08)
    assert damaged.cells > 50
    executor.send_event("set_speed", speed=0)
    hurt = picture(executor, 1)[170:214, 170:214, 0].mean()
    executor.send_event("set_speed", speed=4)
    healed = picture(executor, 40)[170:214, 170:214, 0].mean()
    assert hurt < 0.5 * whole
    assert healed > 0.8 * whole


def test_set_target_changes_what_grows(executor, example, hosted):
    """What grew before dissolves: the picture becomes that of a run which never knew it."""
    fresh = hosted(example.NeuralAutomaton)
    fresh.send_event("set_target", target="fish")
    for each in (executor, fresh):
        each.send_event("set_speed", speed=8)
    lizard = picture(executor, 20)
    executor.send_event("set_target", target="fish")
    turned, fish = picture(executor, 20), picture(fresh, 20)
    assert abs(turned - fish).mean() < 0.4 * abs(lizard - fish).mean()


def test_clear_and_seed(executor, example):
    """Cleared, nothing lives; a seed planted elsewhere grows there."""
    executor.send_event("set_speed", speed=4)
    picture(executor, 20)
    executor.send_event("clear")
    assert alive(executor, example) == 0
    executor.send_event("seed", x=0.25, y=0.3)
    grown = picture(executor, 30).max(2) > 120
    assert grown[:192, :192].sum() > 5 * grown[192:, 192:].sum()


def test_a_photo_fills_the_picture_first(executor):
    """The frame shows the upload, cropped to a square, before it dissolves."""
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:50], pixels[50:] = (220, 60, 20), (30, 80, 230)
    executor.send_event("set_speed", speed=0)
    executor.send_event("set_photo", photo=png(pixels))
    shown = picture(executor, 1)
    assert shown[20:170, :, 0].mean() > 2 * shown[20:170, :, 2].mean()
    assert shown[214:364, :, 2].mean() > 2 * shown[214:364, :, 0].mean()
    executor.send_event("set_speed", speed=4)
    assert abs(picture(executor, 5) - shown).mean() < 10
    assert picture(executor, 140)[:60, :60].mean() < 0.5 * shown[:60, :60].mean()


@pytest.mark.parametrize("data", [b"", b"nonsense", b"P6 2 2 255 abc"])
def test_a_photo_that_is_none_is_refused(executor, data):
    """The caller learns why, and what grew goes on growing."""
    before = picture(executor, 30)
    with pytest.raises(EventError) as refused:
        executor.send_event("set_photo", photo=upload(data))
    assert (refused.value.code, refused.value.field) == ("invalid_data", "photo")
    assert abs(picture(executor, 1) - before).mean() < 10


def test_a_huge_photo_is_refused_by_its_header(executor):
    """It is not decoded first: this file has no pixels at all."""
    pytest.importorskip("PIL", reason="PNG needs pillow")
    with pytest.raises(EventError, match="6000 x 6000 pixels"):
        executor.send_event("set_photo", photo=huge_png())


def test_a_portable_pixmap_needs_no_pillow(example, monkeypatch):
    """Without pillow a PPM is read all the same, and others are refused with what to install."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    seen = example.square(b"P6\n# made by hand\n4 4\n255\n" + pixels.tobytes(), 4)
    np.testing.assert_array_equal(seen, pixels)
    with pytest.raises(EventError, match="install pillow"):
        example.square(b"\x89PNG\r\n\x1a\n", 4)
    with pytest.raises(EventError, match="999999 x 999999 pixels"):
        example.square(b"P6 999999 999999 255 ", 4)
    with pytest.raises(EventError, match="ends too early"):
        example.square(b"P6 4 4 255 abc", 4)


def test_config_sizes_the_picture(example, hosted):
    """The config's grid and scale are the picture's."""
    executor = hosted(example.NeuralAutomaton, {"grid": 96, "scale": 4})
    assert picture(executor, 1).shape == (384, 384, 3)


def test_speed_is_steps_per_frame(executor, example):
    """Growth's step counts them, and 0 stands still."""
    executor.send_event("set_speed", speed=3)
    steps = [m.step for _ in range(31) for m in executor.next().messages]
    assert steps == [3, 48, 93]
    executor.send_event("set_speed", speed=0)
    first, second = picture(executor, 1), picture(executor, 1)
    assert (first == second).all()
