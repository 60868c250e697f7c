"""Output, Input and what an author hands over for a track."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import numpy as np
import pytest

from reactor_zmq import Audio, Input, Output, ReactorPipeline, TrackPayload, Video
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.model.tracks import TrackSpec, payloads, split_metadata, track_specs

VIDEO = TrackSpec("main", "video", 0)
AUDIO = TrackSpec("sound", "audio", 1, 48_000)


class Slow(Audio):
    sample_rate = 16_000


class Both(Output):
    main: Video
    sound: Audio
    voice: Slow


def test_field_name_is_the_track_name() -> None:
    """Tracks come in order of declaration, each with its kind and rate."""
    assert track_specs(Both) == (
        TrackSpec("main", "video", 0),
        TrackSpec("sound", "audio", 1, 48_000),
        TrackSpec("voice", "audio", 2, 16_000),
    )


def test_audio_has_48_khz_by_default() -> None:
    """``Audio.sample_rate`` is 48000 unless a subclass says otherwise."""
    assert Audio.sample_rate == 48_000


def test_input_tracks_are_declared_alike() -> None:
    """Input reads its annotations as Output does."""

    class Cam(Input):
        camera: Video
        mic: Audio

    assert [(t.name, t.kind) for t in track_specs(Cam)] == [("camera", "video"), ("mic", "audio")]


def test_dataclass_on_top_is_harmless() -> None:
    """``@dataclass`` on top leaves tracks and constructor as they are."""

    @dataclass
    class Decorated(Output):
        main: Video

    assert track_specs(Decorated) == (VIDEO,)
    assert Decorated(main=3).main == 3


def test_dataclass_with_slots_is_harmless() -> None:
    """``@dataclass(slots=True)``, which makes the class anew, keeps the tracks."""

    @dataclass(slots=True)
    class Slotted(Output):
        main: Video

    assert track_specs(Slotted) == (VIDEO,)
    assert payloads(Slotted(main=3)) == {"main": 3}


def test_every_payload_is_required() -> None:
    """One payload for each track: fewer, more or other ones are a TypeError."""
    for given in ({"main": 1}, {"main": 1, "sound": 2, "voice": 3, "extra": 4}, {}):
        with pytest.raises(TypeError):
            Both(**given)


def test_payload_of_none_is_refused_at_emit() -> None:
    """None is no payload, bare or wrapped."""
    for nothing in (None, TrackPayload(None)):
        with pytest.raises(ValueError, match=r"Both\.sound: every track needs a payload"):
            payloads(Both(main=1, sound=nothing, voice=2))
    assert payloads(Both(main=1, sound=2, voice=3)) == {"main": 1, "sound": 2, "voice": 3}


@pytest.mark.parametrize("annotation", ["int", "Any", "np.ndarray", "Video | None"])
def test_other_annotations_are_refused(annotation: str) -> None:
    """A field of an Output is a track or a TypeError at class creation."""
    body = {"__annotations__": {"main": annotation}, "__module__": __name__}
    with pytest.raises(
        TypeError, match=r"^Wrong\.main: a track is annotated Video, Audio or Tensor"
    ):
        type("Wrong", (Output,), body)


def test_default_payload_is_refused() -> None:
    """A track with a default would not be required."""
    with pytest.raises(TypeError, match=r"Wrong\.main: a track has no default"):

        class Wrong(Output):
            main: Video = None


def test_class_variables_are_no_tracks() -> None:
    """ClassVar is left alone."""

    class Noted(Output):
        main: Video
        note: ClassVar[str] = "x"

    assert track_specs(Noted) == (VIDEO,)


@pytest.mark.parametrize("rate", [0, -1, 44_100.0, "48k", None])
def test_sample_rate_is_a_positive_int(rate: Any) -> None:
    """A rate that is no whole number of Hz is a TypeError at class creation."""
    wrong: Any = type("Odd", (Audio,), {"sample_rate": rate})
    body = {"__annotations__": {"sound": wrong}, "__module__": __name__}
    with pytest.raises(TypeError, match=r"Wrong\.sound: sample_rate"):
        type("Wrong", (Output,), body)


def test_tracks_are_inherited() -> None:
    """A subclass adds tracks to its parents' and needs all payloads."""

    class More(Both):
        depth: Video

    assert [t.name for t in track_specs(More)] == ["main", "sound", "voice", "depth"]
    with pytest.raises(TypeError):
        More(depth=1)  # type: ignore[call-arg]


def test_same_name_in_and_out_is_refused_at_class_creation() -> None:
    """Where the class names both, the class statement raises ValueError."""

    class Out(Output):
        camera: Video

    class In(Input):
        camera: Video

    with pytest.raises(ValueError, match="Wrong: the track 'camera' is both in and out"):

        class Wrong(ReactorPipeline):
            output: Out
            input: In


def test_same_name_in_and_out_is_refused_when_found_by_use() -> None:
    """Where they are found by use, reading the class raises the same."""

    class Out(Output):
        camera: Video

    class In(Input):
        camera: Video

    class Wrong(ReactorPipeline):
        def inference(self):
            yield Out(camera=self.input.camera)

    with pytest.raises(ValueError, match="Wrong: the track 'camera' is both in and out"):
        ModelSpec.of(Wrong)


def test_one_name_for_two_kinds_is_refused() -> None:
    """Two Output classes of one model may share a track, not a name for two."""

    class A(Output):
        main: Video

    class B(Output):
        main: Audio

    with pytest.raises(TypeError, match=r"B\.main: declared elsewhere"):
        track_specs(A, B)
    assert track_specs(A, A) == (VIDEO,)


class Mood(Enum):
    CALM = "calm"


@pytest.mark.parametrize(
    ("metadata", "packed"),
    [
        (None, b""),
        ({"a": 1, "b": [1]}, b'{"a":1,"b":[1]}'),
        ({}, b"{}"),
        ({"ü": "ö"}, '{"ü":"ö"}'.encode()),
        ({"n": np.int64(3), "x": np.float64(0.5), "m": Mood.CALM, "t": (1, 2)},
         b'{"n":3,"x":0.5,"m":"calm","t":[1,2]}'),
        (b"\x00\xff raw", b"\x00\xff raw"),
        (bytearray(b"raw"), b"raw"),
        (memoryview(b"raw"), b"raw"),
        (b"", b""),
    ],
)  # fmt: skip
def test_metadata_of_a_frame(metadata: Any, packed: bytes) -> None:
    """A dict becomes compact JSON, bytes travel verbatim."""
    assert split_metadata(TrackPayload("data", metadata), VIDEO, 1) == ("data", [packed])
    assert split_metadata(TrackPayload("data", metadata=[metadata]), VIDEO, 1) == (
        "data",
        [packed],
    )


def test_bare_payload_has_no_metadata() -> None:
    """A payload need not be wrapped."""
    assert split_metadata("data", VIDEO, 3) == ("data", [b"", b"", b""])


def test_metadata_of_a_batch() -> None:
    """One value goes with every frame, a list gives each frame its own."""
    one = split_metadata(TrackPayload("data", {"a": 1}), VIDEO, 3)
    assert one == ("data", [b'{"a":1}'] * 3)
    each = split_metadata(TrackPayload("data", [{"a": 1}, b"x", None]), VIDEO, 3)
    assert each == ("data", [b'{"a":1}', b"x", b""])


@pytest.mark.parametrize(
    ("metadata", "frames", "text"),
    [
        ([{"a": 1}], 2, "1 metadata values for 2 frames"),
        ([], 1, "0 metadata values for 1 frames"),
        ([b"a", b"b"], 1, "2 metadata values for 1 frames"),
        ({"a": object()}, 1, "no form as JSON"),
        ({"a": b"x"}, 1, "no form as JSON"),
        ({"a": float("nan")}, 1, "no form as JSON"),
        ({"a": np.zeros(2)}, 1, "no form as JSON"),
        ({(1, 2): 3}, 1, "no form as JSON"),
        ({"a": "\ud800"}, 1, "no form as JSON"),
        ("text", 1, "must be a dict or bytes, not str"),
        (3, 1, "must be a dict or bytes, not int"),
        (b"x" * 65_537, 1, "65537 bytes, at most 65536"),
    ],
)
def test_metadata_that_can_not_be_sent_is_refused_at_emit(
    metadata: Any, frames: int, text: str
) -> None:
    """Wrong length and unserialisable values are ValueErrors that name the track."""
    with pytest.raises(ValueError, match=r"^main: ") as caught:
        split_metadata(TrackPayload("data", metadata), VIDEO, frames)
    assert text in str(caught.value)


def test_largest_metadata_is_allowed() -> None:
    """The bound is inclusive."""
    _, packed = split_metadata(TrackPayload("data", b"x" * 65_536), VIDEO, 1)
    assert len(packed[0]) == 65_536


def test_metadata_on_audio_is_refused_at_emit() -> None:
    """Audio has no frames of its own to tie metadata to."""
    with pytest.raises(ValueError, match="sound: metadata on audio"):
        split_metadata(TrackPayload("data", {"a": 1}), AUDIO, 1)
    assert split_metadata(TrackPayload("data"), AUDIO, 1) == ("data", [b""])
