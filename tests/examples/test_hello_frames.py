"""examples/01_hello_frames."""

from __future__ import annotations

import numpy as np
from exhibit import load


def test_pictures_move(hosted):
    """Each turn yields a picture of the declared size that differs from the one before."""
    example = load("01_hello_frames")
    executor = hosted(example.HelloFrames)
    first, second = (executor.next().output.main_video for _ in range(2))
    assert first.shape == (example.HEIGHT, example.WIDTH, 3)
    assert first.dtype == np.uint8
    assert np.mean(first != second) > 0.1


def test_pictures_use_the_whole_range_of_light(hosted):
    """A picture has both dark and bright places, so that it is worth looking at."""
    picture = hosted(load("01_hello_frames").HelloFrames).next().output.main_video
    assert picture.max() > 200
    assert picture.min() < 20
