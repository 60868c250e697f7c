"""What a numeric track's class may say, and what is refused when the class statement runs."""

from __future__ import annotations

import numpy as np
import pytest

from reactor_zmq import Audio, Input, Output, Tensor, Video
from reactor_zmq.model.tracks import track_specs
from reactor_zmq.wire.contract import TensorContract


class Chunk(Tensor):
    dtype = "float64"
    shape = (16, None)
    names = ("base", "grip")
    quantity = "position"


class Policy(Output):
    view: Video
    actions: Chunk
    sound: Audio
    latent: Tensor


def test_tracks_of_every_kind_stand_beside_each_other():
    """A bare Tensor is float32 of any shape; a subclass says what its arrays are."""
    kinds = [(t.name, t.kind, t.tensor) for t in track_specs(Policy)]
    assert kinds == [
        ("view", "video", None),
        ("actions", "tensor", TensorContract("<f8", (16, 2), ("base", "grip"), "position")),
        ("sound", "audio", None),
        ("latent", "tensor", TensorContract("<f4")),
    ]


def test_names_alone_are_a_shape():
    """Names without a shape mean one number each."""

    class Joints(Tensor):
        names = ("a", "b", "c")

    class Senses(Input):
        joints: Joints

    (track,) = track_specs(Senses)
    assert track.tensor is not None
    assert track.tensor.shape == (3,)


@pytest.mark.parametrize("given", ["float32", np.float32, np.dtype("float32"), np.dtype(">f4")])
def test_a_dtype_is_written_in_several_ways(given):
    """Numpy's classes and instances say what its names say."""
    declared = type("Given", (Tensor,), {"dtype": given})
    (track,) = track_specs(type("Out", (Output,), {"__annotations__": {"x": declared}}))
    assert track.tensor == TensorContract("<f4")


@pytest.mark.parametrize(
    ("attributes", "error", "told"),
    [
        ({"dtype": "complex64"}, TypeError, r"dtype must be one of float32, .* not 'complex64'"),
        ({"dtype": None}, TypeError, "dtype must be one of"),
        ({"shape": 7}, TypeError, r"shape must be a tuple such as \(16, 7\), not 7"),
        ({"shape": ()}, ValueError, "1 to 8 sizes"),
        ({"shape": (1,) * 9}, ValueError, "1 to 8 sizes"),
        ({"shape": (0, 7)}, ValueError, "at least 1"),
        ({"shape": (True, 7)}, ValueError, "at least 1"),
        ({"shape": (16, 3), "names": ("a", "b")}, ValueError, "2 names for a last axis of 3"),
        ({"names": "ab"}, TypeError, "names must be a tuple of texts"),
        ({"names": ("a", "")}, TypeError, "a text of 1 to 64"),
        ({"names": ("a", "a")}, ValueError, "not all different"),
        ({"quantity": "smell"}, ValueError, "quantity must be one of"),
    ],
)
def test_what_can_not_be_is_refused_by_name(attributes, error, told):
    """The error names class, track and attribute."""
    declared = type("Given", (Tensor,), attributes)
    with pytest.raises(error, match=rf"^Out\.x: .*{told}"):
        type("Out", (Output,), {"__annotations__": {"x": declared}})
