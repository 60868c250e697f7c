"""examples/04_camera_echo."""

from __future__ import annotations

import numpy as np
import pytest
from exhibit import load


@pytest.fixture
def executor(hosted):
    return hosted(load("04_camera_echo").CameraEcho)


def echoed(executor, frame):
    """Push a frame and return the pixels that come back."""
    executor.push_media("camera", frame)
    return executor.next().output.main_video.data


def scene(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)


def test_a_mirror_swaps_left_and_right(executor):
    """What was at the left edge comes back at the right one."""
    np.testing.assert_array_equal(echoed(executor, scene()), scene()[:, ::-1])


def test_an_outline_shows_edges_only(executor):
    """At full strength flat places are black, and the border between two of them is lit."""
    executor.send_event("set_effect", effect="outline")
    executor.send_event("set_strength", strength=1)
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:, 32:] = 200
    seen = echoed(executor, frame)
    assert seen[10:-10, 31:33].min() > 90
    assert seen[:, :30].max() == seen[:, 35:].max() == 0


def test_trails_fade(executor):
    """A light that has gone is still seen, darker in each frame."""
    executor.send_event("set_effect", effect="trails")
    light = np.full((48, 64, 3), 200, np.uint8)
    dark = np.zeros_like(light)
    levels = [int(echoed(executor, frame)[0, 0, 0]) for frame in (light, dark, dark)]
    assert levels[0] == 200 > levels[1] > levels[2] > 100


def test_a_frame_of_another_size_is_taken(executor):
    """A publisher may change the picture's size while it runs."""
    echoed(executor, scene())
    assert echoed(executor, scene()[:24, :32]).shape == (24, 32, 3)


def test_nothing_published_is_no_error(executor):
    """Without a camera a turn ends without a frame, so that events are still handled."""
    assert executor.next().output is None
    executor.send_event("set_effect", effect="outline")
