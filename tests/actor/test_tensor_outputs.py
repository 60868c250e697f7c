"""Numeric payloads on their way out: checked by name, batches split, deadlines counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from reactor_zmq import Idle, Output, PipelineExecutor, ReactorPipeline, Tensor, Video
from reactor_zmq.actor.outputs import split
from reactor_zmq.model.tracks import TrackPayload, track_specs


class Chunk(Tensor):
    shape = (4, None)


class Out(Output):
    view: Video
    actions: Chunk
    latent: Tensor


TRACKS = track_specs(Out)
VIEW = np.zeros((2, 3, 3), np.uint8)
LATENT = np.zeros((2, 2), np.float32)


def given(actions, view=VIEW, latent=LATENT):
    return split({"view": view, "actions": actions, "latent": latent}, TRACKS)


def chunk(*shape, dtype=np.float32):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def test_an_array_as_declared_passes_as_it_is():
    """One frame of each track, the numbers untouched."""
    pieces = given(TrackPayload(chunk(4, 7), metadata={"a": 1}))
    (piece,) = pieces["actions"]
    assert piece is not None
    np.testing.assert_array_equal(piece.data, chunk(4, 7))
    assert piece.metadata == b'{"a":1}'


def test_a_batch_beside_a_batch_is_split():
    """Each frame of a batch of pictures gets the array of its own."""
    pieces = given(chunk(3, 4, 7), np.zeros((3, 2, 3, 3), np.uint8))
    np.testing.assert_array_equal([p.data for p in pieces["actions"]], chunk(3, 4, 7))
    assert [p.data.shape for p in pieces["latent"]] == [(2, 2)] * 3


def test_a_number_alone_is_an_array_of_one():
    """A track that takes any shape takes a scalar too."""
    assert given(chunk(4, 7), latent=np.float32(3))["latent"][0].data.tolist() == [3.0]


@pytest.mark.parametrize(
    ("actions", "error", "told"),
    [
        (chunk(4, 7, dtype=np.float64), TypeError, r"expected \(4, \*\) float32, got .*float64.*"),
        (chunk(4, 7, dtype=np.float64), TypeError, r"call x\.astype\('float32'\)"),
        (chunk(5, 7), ValueError, r"expected \(4, \*\) float32, got numpy\.ndarray \(5, 7\)"),
        (chunk(7), ValueError, "expected"),
        (chunk(2, 2, 4, 7), ValueError, "expected"),
        (chunk(4, 0), ValueError, "expected"),
        ([1.0, 2.0], TypeError, r"call numpy\.asarray"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_tracks_name(actions, error, told):
    """The text names the track, what came and what was expected."""
    with pytest.raises(error, match=rf"track 'actions'.*{told}"):
        given(actions)


class Slow(ReactorPipeline):
    """Rests, and then takes two periods for a turn."""

    output: Out
    fps = 50

    def inference(self) -> Iterator[Out | type[Idle]]:
        late = Out(view=VIEW, actions=chunk(4, 7), latent=LATENT)
        yield late
        yield Idle
        yield late


def test_a_model_may_ask_how_many_deadlines_it_missed():
    """``self.output.misses`` begins with none."""
    with PipelineExecutor(Slow) as slow:
        slow.connect()
        slow.next()
        assert slow.model.output.misses == 0


def test_a_numeric_input_takes_what_it_declares():
    """``push_media`` checks as the front end does, and splits a batch."""
    from reactor_zmq import Input  # noqa: PLC0415 - the class below is local too

    class Joints(Tensor):
        names = ("a", "b")

    class Senses(Input):
        joints: Joints

    class Reader(ReactorPipeline):
        input: Senses
        output: Out

        def inference(self) -> Iterator[type[Idle]]:
            yield Idle

    with PipelineExecutor(Reader) as reader:
        reader.connect()
        reader.push_media("joints", np.float32([[1, 2], [3, 4]]))
        assert reader.model.input.joints.total_received == 2
        with pytest.raises(ValueError, match=r"track 'joints': expected \(2,\) float32"):
            reader.push_media("joints", np.float32([1, 2, 3]))
