"""Numeric tracks in real runs: in and out, over the socket and the lane, on both clients."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import reactor_zmq
from reactor_zmq.client import Client
from reactor_zmq.errors import EventError
from reactor_zmq.testing.running import running

POLICY = Path(__file__).parents[2] / "examples" / "06_policy" / "model.py"
POSE = np.linspace(-1, 1, 7, dtype=np.float32)


@pytest.fixture
def policy(resources, run_directory):
    """A client of a run of examples/06_policy that holds still."""
    with (
        running(f"{POLICY}:PointAtLight", name="policy"),
        reactor_zmq.connect("policy", timeout=20) as client,
    ):
        client.wait_ready(20)
        client.send("set_hold", hold=True)
        yield client


def test_tracks_say_what_they_are(policy: Client):
    """Names, shape and dtype are known before the first frame, and in the schema."""
    (topic,) = policy.tracks
    assert topic.kind == "tensor"
    assert topic.tensor is not None
    assert topic.tensor.shape == (16, 7)
    assert topic.tensor.names[0] == "base"
    told = {t["name"]: t for t in policy.schema()["x-reactor"]["tracks"]}
    assert told["joints"]["direction"] == "in"
    assert told["actions"]["dtype"] == "<f4"
    assert [t.kind for t in policy.input_tracks] == ["video", "tensor"]


@pytest.mark.parametrize("transport", ["socket", "lane"])
def test_joints_in_actions_out(policy: Client, transport):
    """Joint positions go in, and every step of the chunk that holds them comes out, stamped."""
    with policy.frames(timeout=10, transport=transport) as frames:
        assert policy.publish("joints", POSE)
        for frame in frames:
            if frame.array[0, 0] == POSE[0]:
                break
        assert frames.transport == transport
        np.testing.assert_array_equal(frame.array, np.tile(POSE, (16, 1)))
        assert (frame.encoding, frame.rate_hz) == ("tensor", 0.0)
        assert frame.produced_ns > 0
    assert policy.refresh_status().misses >= 0


def test_what_does_not_fit_is_refused(policy: Client, wait_until):
    """The second publish raises what the front end said of the first."""

    def publish_until_refused() -> None:
        wait_until(lambda: not policy.publish("joints", POSE.astype(np.float64)), "the refusal")

    with pytest.raises(EventError, match="'joints' takes <f4") as raised:
        publish_until_refused()
    assert raised.value.code == "publish_refused"


def test_the_same_under_asyncio(policy: Client):
    """A second client, under asyncio, sees what the first one published."""

    async def story() -> np.ndarray:
        async with reactor_zmq.aio.connect("policy") as client:
            await client.wait_ready(20)
            return (await anext(client.frames("actions", timeout=10))).array.copy()

    policy.publish("joints", POSE)
    np.testing.assert_array_equal(asyncio.run(story()), np.tile(POSE, (16, 1)))
