"""Tracks, in and out, and what an author hands over for them."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, dataclass_transform

import msgspec

from reactor_zmq.model.annotations import own_annotations, resolve, scope_of
from reactor_zmq.model.plain import to_plain
from reactor_zmq.wire.contract import TrackContract
from reactor_zmq.wire.header import MAX_METADATA_NBYTES

if TYPE_CHECKING:
    # Any array library's array: numpy, torch, cupy and whatever speaks DLPack.
    Video: TypeAlias = Any
    Audio: TypeAlias = Any
else:

    class Video:
        """Marks a video track: ``(height, width, channels)`` or a batch ``(n, height, width, channels)``."""

    class Audio:
        """Marks an audio track: ``(channels, samples) int16``; a subclass may change the rate."""

        sample_rate: ClassVar[int] = 48_000


@dataclass(frozen=True)
class TrackSpec:
    """One track; ``index`` is its place among the outputs or the inputs."""

    name: str
    kind: Literal["video", "audio"]
    index: int
    sample_rate: int = 0

    @property
    def contract(self) -> TrackContract:
        """What peers know of it."""
        return TrackContract(self.name, self.kind, self.sample_rate)


def _own_tracks(cls: type) -> dict[str, tuple[Literal["video", "audio"], int]]:
    scope = scope_of(cls)
    found: dict[str, tuple[Literal["video", "audio"], int]] = {}
    for name, annotation in own_annotations(cls).items():
        where = f"{cls.__name__}.{name}"
        kind = resolve(annotation, scope, where)
        if inspect.isclass(kind) and issubclass(kind, Audio):
            found[name] = ("audio", kind.sample_rate)
        elif inspect.isclass(kind) and issubclass(kind, Video):
            found[name] = ("video", 0)
        else:
            raise TypeError(f"{where}: a track is annotated Video or Audio, not {annotation!r}")
        if cls.__dict__.get(name, MISSING) is not MISSING:
            raise TypeError(f"{where}: a track has no default, its payload is required")
    return found


class _Tracks:
    """What Output and Input share: every field is a track."""

    __tracks: ClassVar[dict[str, tuple[Literal["video", "audio"], int]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "_Tracks__tracks" in cls.__dict__:  # dataclass(slots=True) makes the class anew
            return
        cls.__tracks = {**cls.__tracks, **_own_tracks(cls)}
        dataclasses.dataclass(eq=False)(cls)


@dataclass_transform(eq_default=False)
class Output(_Tracks):
    """Base of what a turn yields: one payload for each track, all of them required."""


@dataclass_transform(eq_default=False)
class Input(_Tracks):
    """Base of what clients may publish: ``self.input`` has a reader for each field."""


@dataclass(frozen=True, eq=False)
class TrackPayload:
    """A payload with metadata for its frame.

    Attributes:
        data: As without metadata.
        metadata: A dict becomes JSON, bytes travel verbatim; a list holds one of them, or None,
            for each frame of a batch.
    """

    data: Any
    metadata: Any = None


def track_specs(*classes: type[Output] | type[Input]) -> tuple[TrackSpec, ...]:
    """Return the tracks of some Output or Input classes, each name once."""
    found: dict[str, tuple[Literal["video", "audio"], int]] = {}
    for cls in classes:
        tracks: dict[str, tuple[Literal["video", "audio"], int]] = getattr(cls, "_Tracks__tracks")  # noqa: B009 - private here
        for name, kind in tracks.items():
            if found.setdefault(name, kind) != kind:
                raise TypeError(
                    f"{cls.__name__}.{name}: another class declares it as a different track"
                )
    return tuple(TrackSpec(n, k, i, rate) for i, (n, (k, rate)) in enumerate(found.items()))


def payloads(output: Output) -> dict[str, Any]:
    """Return each track's payload.

    Raises:
        ValueError: A track has none.
    """
    found = {f.name: getattr(output, f.name) for f in dataclasses.fields(output)}  # type: ignore[reportArgumentType] - subclasses are dataclasses
    for name, payload in found.items():
        if payload is None or (isinstance(payload, TrackPayload) and payload.data is None):
            raise ValueError(f"{type(output).__name__}.{name}: every track needs a payload")
    return found


def split_metadata(payload: Any, track: TrackSpec, frames: int) -> tuple[Any, list[bytes]]:
    """Return a payload's data and the metadata bytes of each of its frames.

    Args:
        payload: An array, or a TrackPayload around one.
        track: Where it goes.
        frames: How many frames it holds; 1 where it is no batch.

    Raises:
        ValueError: Metadata on audio, not one per frame, too large, or without a form as JSON.
    """
    if not isinstance(payload, TrackPayload):
        return payload, [b""] * frames
    metadata = payload.metadata
    if metadata is not None and track.kind == "audio":
        raise ValueError(f"{track.name}: metadata on audio is not supported")
    if not isinstance(metadata, (list, tuple)):
        return payload.data, [_metadata(metadata, track.name)] * frames
    each: list[Any] = list(metadata)  # type: ignore[reportUnknownArgumentType]
    if len(each) != frames:
        raise ValueError(f"{track.name}: {len(each)} metadata values for {frames} frames")
    return payload.data, [_metadata(m, track.name) for m in each]


def _metadata(value: Any, track: str) -> bytes:
    if value is None:
        return b""
    if isinstance(value, Mapping):
        try:
            packed = msgspec.json.encode(to_plain(value))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ValueError(f"{track}: metadata has no form as JSON: {error}") from error
    elif isinstance(value, (bytes, bytearray, memoryview)):
        packed = bytes(value)
    else:
        raise ValueError(f"{track}: metadata must be a dict or bytes, not {type(value).__name__}")
    if len(packed) > MAX_METADATA_NBYTES:
        raise ValueError(
            f"{track}: metadata has {len(packed)} bytes, at most {MAX_METADATA_NBYTES} are allowed"
        )
    return packed
