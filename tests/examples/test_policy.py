"""examples/06_policy."""

from __future__ import annotations

import numpy as np
import pytest
from exhibit import load


@pytest.fixture
def policy(hosted):
    return hosted(load("06_policy").PointAtLight)


def room(x, y):
    """Return a dark picture with one light in it."""
    picture = np.zeros((21, 41, 3), np.uint8)
    picture[y, x] = 255
    return picture


def chunk(policy):
    return policy.next().output.actions.data


def test_without_an_arm_there_is_nothing_to_say(policy):
    """Until joint positions have come a turn ends without a chunk."""
    assert policy.next().output is None


def test_the_arm_turns_to_the_light(policy):
    """A light at the right edge turns the base to the right, by less than the speed allows."""
    policy.push_media("joints", np.zeros(7, np.float32))
    policy.push_media("camera", room(40, 10))
    actions = chunk(policy)
    assert actions.shape == (16, 7)
    assert actions.dtype == np.float32
    assert (np.diff(actions[:, 0]) > 0).all()
    assert np.diff(actions[:, 0]).max() <= 2.0 / 50 + 1e-6
    assert np.abs(actions[:, 1:]).max() < 1e-6


def test_it_arrives_and_stays(policy):
    """Followed for a while the chunk ends where the light is, and does not move on."""
    policy.push_media("joints", np.zeros(7, np.float32))
    policy.push_media("camera", room(40, 0))
    chunks = [chunk(policy) for _ in range(100)]
    np.testing.assert_allclose(chunks[-1][:, :2], np.tile([1.2, -0.8], (16, 1)), atol=1e-5)


def test_hold_stops_it(policy):
    """Under hold every step of the chunk is the pose that was felt."""
    policy.send_event("set_hold", hold=True)
    pose = np.linspace(0, 1, 7, dtype=np.float32)
    policy.push_media("joints", pose)
    policy.push_media("camera", room(40, 10))
    np.testing.assert_array_equal(chunk(policy), np.tile(pose, (16, 1)))


def test_it_counts_its_deadlines(policy):
    """Nothing was missed before anything was due."""
    (reply,) = policy.send_event("get_punctuality")
    assert reply.misses == 0
