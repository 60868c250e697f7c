"""Frames that say what they are."""

from __future__ import annotations

import numpy as np
import pytest

from reactor_zmq.benchmark.pictures import (
    Gallery,
    TornFrameError,
    check,
    made_ns,
    shape_of,
    stamp,
)
from reactor_zmq.benchmark.sizes import SIZES

SHAPE = (48, 64, 3)


def test_a_stamped_frame_tells_number_and_time():
    """What a producer stamps, a reader finds."""
    picture = np.zeros(SHAPE, np.uint8)
    stamp(picture, 2**40)
    assert check(picture, SHAPE) == 2**40
    assert made_ns(picture) > 1.7e18


@pytest.mark.parametrize("place", range(0, 9216, 576))
def test_a_torn_frame_is_found(place: int):
    """A frame that another one has overwritten from anywhere on is not whole."""
    picture, newer = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    stamp(picture, 7)
    stamp(newer, 8)
    half = picture.reshape(-1)
    half[place : place + 576] = newer.reshape(-1)[place : place + 576]
    with pytest.raises(TornFrameError, match="not whole"):
        check(picture, SHAPE)


def test_every_byte_is_compared():
    """A byte between the marks that changed on the way is found by comparison."""
    sent, received = Gallery(), Gallery()
    picture = sent.at(SHAPE, 5)
    stamp(picture, 5)
    arrived = picture.copy()
    received.compare(arrived, 5)
    arrived[20, 20, 1] ^= 1
    with pytest.raises(TornFrameError, match="other bytes"):
        received.compare(arrived, 5)


def test_a_frame_of_another_shape_is_no_frame():
    """A reader checks the shape before anything else."""
    with pytest.raises(TornFrameError, match="shape"):
        check(np.zeros((2, 2, 3), np.uint8), SHAPE)


@pytest.mark.parametrize("size", SIZES)
def test_known_sizes_have_whole_words(size: str):
    """Marks lie on words of 64 bits."""
    assert np.prod(shape_of(size)) % 8 == 0


@pytest.mark.parametrize("size", ["", "640", "640x", "x480", "2x2", "641x481", "-1x5", "axb"])
def test_sizes_that_are_none(size: str):
    """What can't be measured is refused with the reason."""
    with pytest.raises(ValueError, match="size"):
        shape_of(size)
