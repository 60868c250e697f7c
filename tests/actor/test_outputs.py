"""From an Output to single frames."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from actor_fakes import FakeOutlet, JumpingClock
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq import Audio, Output, ReactorPipeline, TrackPayload, Video
from reactor_zmq.actor.emission import Emitter
from reactor_zmq.actor.outputs import divide_audio
from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.picture import Wish
from reactor_zmq.memory.to_video import to_video
from reactor_zmq.memory.writer import FrameWriter
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.wire import link


class Scene(Output):
    left: Video
    right: Video
    sound: Audio


class Model(ReactorPipeline):
    output: Scene

    def inference(self):
        yield None


class Picture(Output):
    main_video: Video


class Single(ReactorPipeline):
    output: Picture

    def inference(self):
        yield None


def picture(n=0, count=None):
    shape = (2, 4, 3) if count is None else (count, 2, 4, 3)
    return np.full(shape, n, np.uint8)


def sound(samples, channels=2):
    return np.arange(samples * channels, dtype=np.int16).reshape(channels, samples)


class Stage:
    def __init__(self, model=Model):
        self.outlet = FakeOutlet()
        self.clock = JumpingClock()
        self.emitter = Emitter(ModelSpec.of(model), self.outlet, self.clock)
        self.emitter.begin_session()

    def emit(self, value, **options):
        self.emitter.emit(value, self.clock.now_ns, **options)
        return self.outlet.of(link.Frame)

    def shapes(self, track):
        return [f.shape for f in self.outlet.of(link.Frame) if f.track == track]


def test_each_track_has_its_own_sequence_and_description():
    """Shape, dtype, ROS name, rate, media time and Unix time."""
    stage = Stage()
    stage.clock.work(5)
    frames = stage.emit(Scene(left=picture(1), right=picture(2)[..., :1], sound=sound(10)))
    left, right, audio = frames
    assert [f.seq for f in frames] == [0, 0, 0]
    assert (left.shape, left.dtype, left.encoding, left.rate_hz) == ((2, 4, 3), "|u1", "rgb8", 0)
    assert (right.shape, right.encoding) == ((2, 4, 1), "mono8")
    assert (audio.shape, audio.dtype, audio.encoding) == ((2, 10), "<i2", "s16")
    assert audio.rate_hz == 48_000
    assert left.pts_ns == 5_000_000
    assert left.produced_ns == stage.clock.unix_ns()
    assert stage.emit(Scene(left=picture(), right=picture(), sound=sound(10)))[-1].seq == 1


def test_audio_is_divided_among_the_frames_of_a_batch():
    """10 samples over 3 frames are 4, 3, 3, and nothing is lost."""
    stage = Stage()
    stage.emit(Scene(left=picture(count=3), right=picture(count=3), sound=sound(10)))
    assert stage.shapes(2) == [(2, 4), (2, 3), (2, 3)]
    blocks = [a for a in stage.outlet.frames.arrays if a.dtype == np.int16]
    assert np.array_equal(np.concatenate(blocks, axis=1), sound(10))


def test_audio_with_fewer_samples_than_frames_leaves_frames_out():
    """An empty block is no frame."""
    stage = Stage()
    stage.emit(Scene(left=picture(count=3), right=picture(count=3), sound=sound(2)))
    assert stage.shapes(2) == [(2, 1), (2, 1)]


def test_a_single_frame_beside_a_batch_is_shown_with_each_of_it():
    """The still picture goes with every frame."""
    stage = Stage()
    stage.emit(Scene(left=picture(count=3), right=picture(7), sound=sound(3)))
    assert stage.shapes(1) == [(2, 4, 3)] * 3
    assert [f.seq for f in stage.outlet.of(link.Frame) if f.track == 1] == [0, 1, 2]


@given(samples=st.integers(0, 500), parts=st.integers(1, 40))
def test_divided_audio_adds_up_and_differs_by_one_sample_at_most(samples, parts):
    """The longer ones come first."""
    audio = sound(samples, channels=1)
    blocks = divide_audio(audio, parts)
    lengths = [b.shape[1] for b in blocks]
    assert np.array_equal(np.concatenate(blocks, axis=1), audio)
    assert max(lengths) - min(lengths) <= 1
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        ({"left": None}, "left"),
        ({"left": picture(count=2), "right": picture(count=3)}, "'left' has 2, 'right' has 3"),
        ({"sound": sound(4).astype(np.float32)}, r"'sound'.*int16"),
        ({"sound": TrackPayload(sound(4), metadata={"a": 1})}, "metadata"),
        ({"left": TrackPayload(picture(count=2), metadata=[{}])}, "metadata"),
        ({"left": TrackPayload(picture(), metadata={"a": object()})}, "metadata"),
        ({"left": TrackPayload(picture(), metadata=5)}, "metadata"),
        ({"left": TrackPayload(picture(), metadata=b"x" * 70_000)}, "65536"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(scene, told):
    """The error names the track; neither sequence nor pacing move."""
    stage = Stage()
    whole = {"left": picture(), "right": picture(), "sound": sound(4)}
    with pytest.raises((TypeError, ValueError), match=told):
        stage.emit(Scene(**(whole | scene)))
    assert stage.outlet.posted == []
    assert [f.seq for f in stage.emit(Scene(**whole))] == [0, 0, 0]


def test_an_output_of_another_model_is_refused():
    """What came and what was expected; a bare array needs a model with one video track."""
    for value in (Picture(main_video=picture()), picture(), "text"):
        with pytest.raises(TypeError, match=r"expected Scene .*'left', 'right', 'sound'.*got"):
            Stage().emit(value)
    with pytest.raises(TypeError, match=r"expected Picture .*got Scene"):
        Stage(Single).emit(Scene(left=picture(), right=picture(), sound=sound(1)))


@pytest.mark.parametrize(
    "value",
    [picture(3), Picture(main_video=picture(3)), TrackPayload(picture(3)), memoryview(picture(3))],
)
def test_a_bare_array_is_enough_for_one_video_track(value):
    """An Output, an array, a payload with metadata, a buffer."""
    stage = Stage(Single)
    stage.emit(value)
    assert np.array_equal(stage.outlet.frames.arrays[0], picture(3))


def test_metadata_travels_with_its_frame():
    """A dict as JSON, bytes verbatim; one value for all frames or one for each."""
    stage = Stage(Single)
    stage.emit(TrackPayload(picture(), metadata={"a": 1, "b": [1]}))
    stage.emit(TrackPayload(picture(count=2), metadata=b"\x00same"))
    stage.emit(TrackPayload(picture(count=2), metadata=[{"n": 0}, None]))
    found = [f.metadata for f in stage.outlet.of(link.Frame)]
    assert json.loads(found[0]) == {"a": 1, "b": [1]}
    assert found[1:3] == [b"\x00same"] * 2
    assert found[3:] == [msgspec.json.encode({"n": 0}), b""]


def test_nobody_looks_so_nothing_is_copied_but_the_sequence_goes_on():
    """A viewer that comes later sees the gap."""
    stage = Stage()
    scene = Scene(left=picture(), right=picture(), sound=sound(4))
    stage.outlet.unwanted = {0, 2}
    stage.emit(scene)
    assert len(stage.outlet.frames.arrays) == 1
    stage.outlet.unwanted = set()
    assert [(f.track, f.seq) for f in stage.emit(scene)] == [(1, 0), (0, 1), (1, 1), (2, 1)]


def test_without_a_free_slot_a_frame_is_dropped_and_counted():
    """Its number in the sequence is spent."""
    stage = Stage(Single)
    stage.outlet.frames.slots = 1
    stage.emit(picture())
    stage.emit(picture())
    stage.outlet.frames.slots = None
    assert [f.seq for f in stage.emit(picture())] == [0, 2]
    assert stage.emitter.dropped == 1


def test_a_loan_goes_out_without_a_copy_unless_it_has_to_be_split():
    """Whole, it is committed; beside a batch, or with an axis to add, it is copied."""
    stage = Stage(Single)
    stage.emit(stage.emitter.loan("main_video", (2, 4, 3)))
    stage.emit(Picture(main_video=TrackPayload(stage.emitter.loan("main_video", (2, 4, 3)))))
    assert stage.outlet.frames.committed == 2
    stage.emit(stage.emitter.loan("main_video", (3, 2, 4, 3)))
    stage.emit(stage.emitter.loan("main_video", (2, 4)))
    assert stage.outlet.frames.committed == 2
    assert [f.shape for f in stage.outlet.of(link.Frame)][2:] == [(2, 4, 3)] * 3 + [(2, 4, 1)]


def test_a_loan_is_a_slot_of_the_ring_and_yielding_it_copies_nothing(resources):
    """Nothing in the host refers to the array when the frame writer asks."""
    rings = []
    stage = Stage(Single)
    stage.outlet.frames = writer = FrameWriter(Slots(2), rings.append)
    loan = stage.emitter.loan("main_video", (2, 4, 3))
    loan.array[...] = picture(7)
    (frame,) = stage.emit(Picture(main_video=loan))
    assert bytes(rings[0].view(frame.slot, 24)) == picture(7).tobytes()
    assert writer.counts.copied_nbytes == 0
    writer.close()


def test_a_picture_is_made_in_a_slot_of_the_ring(resources):
    """What a model computes becomes bytes where they are sent from; no processor copies them."""
    rings = []
    stage = Stage(Single)
    stage.outlet.frames = writer = FrameWriter(Slots(2), rings.append)
    samples = np.linspace(-0.5, 1.5, 3 * 4 * 6, dtype=np.float32).reshape(3, 4, 6)
    made = stage.emitter.picture("main_video", samples, Wish(layout="chw", size=(2, 4)))
    (frame,) = stage.emit(Picture(main_video=made))
    expected = to_video(samples, layout="chw", size=(2, 4))
    assert frame.shape == (2, 4, 3)
    assert bytes(rings[0].view(frame.slot, 24)) == expected.tobytes()
    assert writer.counts.copied_nbytes == 0
    writer.close()


def test_a_tensor_on_loan_goes_out_without_a_copy(resources):
    """Nothing in the host refers to the tensor when the frame writer asks."""
    torch = pytest.importorskip("torch")
    rings = []
    stage = Stage(Single)
    stage.outlet.frames = writer = FrameWriter(Slots(2), rings.append)
    loan = stage.emitter.loan("main_video", (2, 4, 3), like="torch")
    loan.array.copy_(torch.from_numpy(picture(7)))
    (frame,) = stage.emit(Picture(main_video=loan))
    assert bytes(rings[0].view(frame.slot, 24)) == picture(7).tobytes()
    assert writer.counts.copied_nbytes == 0
    writer.close()


def test_a_loan_is_in_host_memory():
    """Who asks for a GPU's hears what to do instead."""
    with pytest.raises(ValueError, match=r"'main_video'.*not 'cupy'; yield a GPU's array as it is"):
        Stage(Single).emitter.loan("main_video", (2, 4, 3), like="cupy")


def test_pictures_of_a_batch_and_of_what_does_not_fit():
    """A batch is split as any other; errors name the track."""
    stage = Stage()
    batch = stage.emitter.picture("left", np.zeros((2, 4, 6, 3)), Wish())
    assert (batch.shape, batch.dtype) == ((2, 4, 6, 3), np.uint8)
    for name, value, words in [
        ("nowhere", np.zeros((4, 6, 3)), "no output track 'nowhere'"),
        ("sound", np.zeros((4, 6, 3)), "'sound' carries no video"),
        ("left", np.zeros((3, 40, 60)), r"'left'.*\(3, 40, 60\).*layout='chw'"),
    ]:
        with pytest.raises(ValueError, match=words):
            stage.emitter.picture(name, value, Wish())
