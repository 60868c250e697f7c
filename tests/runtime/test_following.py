"""What a recorder needs, in a real run: events as they are applied, and what clients publish."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import reactor_zmq
from reactor_zmq.errors import ConfigError
from reactor_zmq.testing.running import running

POLICY = Path(__file__).parents[2] / "examples" / "06_policy" / "model.py"
POSE = np.linspace(-1, 1, 7, dtype=np.float32)


@pytest.fixture
def two(resources, run_directory):
    """A follower of examples/06_policy, and a client that steers it."""
    with (
        running(f"{POLICY}:PointAtLight", name="policy"),
        reactor_zmq.connect("policy", timeout=20, follow_events=True) as follower,
        reactor_zmq.connect("policy", timeout=20) as client,
    ):
        follower.wait_ready(20)
        client.wait_ready(20)
        yield follower, client


def test_events_and_state_come_in_order(two):
    """A follower hears of the change and then of the event that made it."""
    follower, client = two
    client.send("set_speed", speed=3.0)
    heard = []
    for message in follower.messages(timeout=10):
        heard.append(message)
        if message.type == "$event":
            break
    assert heard[-1].data == {
        "client": client.client_id,
        "type": "set_speed",
        "data": {"speed": 3.0},
    }
    assert heard[-2].data["fields"] == {"speed": 3.0}


def test_others_hear_nothing_of_it(two):
    """A client that does not follow gets the model's own messages alone."""
    _, client = two
    client.send("set_speed", speed=3.0)
    client.send("get_punctuality")
    with pytest.raises(TimeoutError):
        next(client.messages(timeout=0.2))


def test_what_is_published_can_be_watched(two):
    """An input track's frames come to whoever asks for them, as they were published."""
    follower, client = two
    with follower.frames("joints", every=True, timeout=10) as frames:
        for count in range(3):
            # One at a time: of a burst, the sender drops what does not fit a viewer's queue.
            client.publish("joints", POSE + count, metadata={"n": count}, pts_ns=count)
            frame = next(frames)
            np.testing.assert_array_equal(frame.array, POSE + count)
            assert (frame.seq, frame.pts_ns, frame.gap) == (count, count, 0)
            assert frame.metadata_json == {"n": count}
            assert frame.encoding == "tensor"


def test_an_input_track_has_no_lane(two):
    """Published frames don't lie in shared memory; asking for that says so."""
    follower, _ = two
    with pytest.raises(ConfigError, match="joints"):
        follower.frames("joints", transport="lane")


def test_following_under_asyncio(two):
    """The asyncio client follows too."""
    _, client = two

    async def story():
        async with reactor_zmq.aio.connect("policy", follow_events=True) as follower:
            client.post("set_speed", speed=4.0)
            async for message in follower.messages(timeout=10):
                if message.type == "$event":
                    return message.data["data"]
        raise AssertionError

    assert asyncio.run(story()) == {"speed": 4.0}
