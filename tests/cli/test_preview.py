"""Frames as coloured characters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.cli.preview import as_rgb, cells, fit, resized


def test_two_pixels_in_each_cell():
    """The upper pixel is a cell's first colour, the lower one its second."""
    frame = np.zeros((2, 1, 3), np.uint8)
    frame[0], frame[1] = (255, 0, 0), (0, 0, 255)
    grid = cells(frame, 1, 1)
    assert grid is not None
    assert grid.tolist() == [[[[255, 0, 0], [0, 0, 255]]]]


def test_smaller_means_averages():
    """A pixel of a smaller picture is the mean of the pixels that it stands for."""
    frame = np.array([[[0], [100]], [[200], [100]]], np.uint8)
    assert resized(frame, 1, 1).tolist() == [[[100]]]


def test_larger_repeats():
    """A larger picture repeats pixels and invents none."""
    frame = np.array([[[1], [2]]], np.uint8)
    assert resized(frame, 1, 4).ravel().tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (np.full((1, 1, 1), 7, np.uint8), [7, 7, 7]),
        (np.array([[[1, 2, 3, 99]]], np.uint8), [1, 2, 3]),
        (np.full((1, 1, 3), 0.5, np.float32), [127, 127, 127]),
        (np.full((1, 1, 1), 65535, np.uint16), [255, 255, 255]),
        (np.full((1, 1, 1), True), [255, 255, 255]),
        (np.full((1, 1, 2), 9, np.uint8), [9, 9, 9]),
    ],
)
def test_every_kind_of_picture(frame, expected):
    """Grey, RGBA, floats, 16 bits and masks are all shown as RGB."""
    picture = as_rgb(frame)
    assert picture is not None
    assert picture[0, 0].tolist() == expected


@pytest.mark.parametrize("shape", [(2, 480), (0, 4, 3), (4, 4, 0)])
def test_what_is_no_picture(shape):
    """Audio and empty frames are not drawn."""
    assert cells(np.zeros(shape, np.uint8), 10, 10) is None


@given(
    st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    st.integers(1, 300),
    st.integers(1, 100),
)
def test_fits_and_keeps_proportions(shape, columns, rows):
    """Any picture fits any terminal, uses one side fully, and its height fills whole cells."""
    height, width = fit(shape, columns, rows)
    assert 1 <= width <= columns
    assert 2 <= height <= 2 * rows
    assert height % 2 == 0
    assert width == columns or height >= 2 * rows - 1


def test_a_large_frame_is_drawn():
    """A frame larger than the terminal keeps its proportions."""
    grid = cells(np.zeros((1080, 1920, 3), np.uint8), 80, 24)
    assert grid is not None
    assert grid.shape == (22, 80, 2, 3)
