"""What clients may publish to a numeric input track."""

from __future__ import annotations

import numpy as np
import pytest
from stage import CONTRACT, Stage

from reactor_zmq.machines.frontend_vocabulary import StoreInput
from reactor_zmq.wire.contract import TensorContract, TrackContract, msgspec

JOINTS = TensorContract("<f4", (None, 3), ("a", "b", "c"), "position")
NUMBERS = np.float32([[1, 2, 3]]).tobytes()


@pytest.fixture
def stage():
    """A model with a numeric input track and one that takes any shape; client a is there."""
    inputs = (
        TrackContract("joints", "tensor", tensor=JOINTS),
        TrackContract("latent", "tensor", tensor=TensorContract("<f4")),
    )
    stage = Stage(loaded=False)
    stage.load(msgspec.structs.replace(CONTRACT, inputs=inputs))
    stage.hello("a")
    return stage


def publish(stage, track="joints", payload=NUMBERS, **words):
    word = {"track": track, "shape": [1, 3], "dtype": "<f4", **words}
    return stage.say("a", "$publish", word, payload)


def test_what_fits_goes_to_the_model(stage):
    """Nothing is answered; the frame is stored for the actor."""
    assert publish(stage) == []
    (stored,) = (i for i in stage.log if isinstance(i, StoreInput))
    assert (stored.track, bytes(stored.payload)) == (0, NUMBERS)


def test_a_track_of_any_shape_takes_any(stage):
    """Where no shape was declared every one of the bytes' size fits."""
    assert publish(stage, "latent", shape=[1, 1, 3, 1, 1]) == []


@pytest.mark.parametrize(
    ("words", "field", "told"),
    [
        ({"shape": [3, 1]}, "shape", "tensor track 'joints' takes (any, 3), (3, 1) came"),
        ({"shape": [3]}, "shape", "tensor track 'joints' takes (any, 3), (3,) came"),
        ({"dtype": "<i4"}, "dtype", "tensor track 'joints' takes <f4, <i4 came"),
        ({"shape": [2, 3]}, "shape", "(2, 3) of <f4 is 24 bytes, 12 came"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(stage, words, field, told):
    """The text names the track and what it takes."""
    (reply,) = publish(stage, **words)
    assert reply["data"]["code"] == "publish_refused"
    assert (reply["data"]["field"], reply["data"]["text"]) == (field, told)


def test_the_welcome_says_what_inputs_take(stage):
    """A client knows dtype, shape and names before it publishes."""
    told = stage.hello("a")["input_tracks"]
    assert told[0] == {
        "track": "joints",
        "kind": "tensor",
        "sample_rate": 0,
        "tensor": {
            "dtype": "<f4",
            "shape": [None, 3],
            "names": ["a", "b", "c"],
            "quantity": "position",
        },
    }


@pytest.mark.parametrize(("shape", "taken"), [([2, 3, 1], True), ([1, 2, 3], False)])
def test_depth_is_published_with_sixteen_bits(shape, taken):
    """A video track takes one channel of them, and no more."""
    stage = Stage(loaded=False)
    stage.load(msgspec.structs.replace(CONTRACT, inputs=(TrackContract("depth", "video"),)))
    stage.hello("a")
    said = publish(stage, "depth", payload=bytes(12), shape=shape, dtype="<u2")
    assert (said == []) is taken
