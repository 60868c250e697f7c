"""Tracks, in and out, and what an author hands over for them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast, dataclass_transform

from reactor_zmq.model.annotations import own_annotations, resolve, scope_of
from reactor_zmq.model.plain import to_plain
from reactor_zmq.model.tensor import Tensor, tensor_contract
from reactor_zmq.wire.contract import TensorContract, TrackContract, TrackKind
from reactor_zmq.wire.header import MAX_METADATA_NBYTES

if TYPE_CHECKING:
    # Any array library's array: numpy, torch, cupy and whatever speaks DLPack.
    Video: TypeAlias = Any
    Audio: TypeAlias = Any
else:

    class Video:
        """Marks a video track.

        A frame is ``(height, width, channels) uint8``, a batch ``(n, height, width, channels)``.
        """

    class Audio:
        """Marks an audio track: ``(channels, samples) int16``.

        Attributes:
            sample_rate: Samples per second of each channel; a subclass may set its own.
        """

        sample_rate: ClassVar[int] = 48_000


_TRACKS = "_Tracks__tracks"


@dataclass(frozen=True)
class TrackSpec:
    """One track; ``index`` is its place among the outputs or the inputs."""

    name: str
    kind: TrackKind
    index: int
    sample_rate: int = 0
    tensor: TensorContract | None = None

    @property
    def contract(self) -> TrackContract:
        """What peers know of it."""
        return TrackContract(self.name, self.kind, self.sample_rate, self.tensor)


def _own_tracks(cls: type) -> dict[str, TrackContract]:
    scope = scope_of(cls)
    found: dict[str, TrackContract] = {}
    for name, annotation in own_annotations(cls).items():
        where = f"{cls.__name__}.{name}"
        found[name] = _contract(name, resolve(annotation, scope, where), where)
        if name in vars(cls):
            raise TypeError(f"{where}: a track has no default, its payload is required")
    return found


def _contract(name: str, marker: Any, where: str) -> TrackContract:
    if isinstance(marker, type) and issubclass(marker, Video):
        return TrackContract(name, "video")
    if isinstance(marker, type) and issubclass(marker, Tensor):
        return TrackContract(name, "tensor", tensor=tensor_contract(marker, where))
    if not (isinstance(marker, type) and issubclass(marker, Audio)):
        raise TypeError(f"{where}: a track is annotated Video, Audio or Tensor, not {marker!r}")
    rate: object = getattr(marker, "sample_rate", None)
    if not isinstance(rate, int) or rate <= 0:
        raise TypeError(f"{where}: sample_rate must be a whole number of Hz, not {rate!r}")
    return TrackContract(name, "audio", rate)


class _Tracks:
    """What Output and Input share: every field is a track."""

    __tracks: ClassVar[dict[str, TrackContract]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if _TRACKS in vars(cls):  # dataclass(slots=True) makes the class anew
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


def track_specs(*classes: type[Output | Input]) -> tuple[TrackSpec, ...]:
    """Return the tracks of some Output or Input classes, each name once."""
    found: dict[str, TrackContract] = {}
    for cls in classes:
        for name, track in _declared(cls).items():
            if found.setdefault(name, track) != track:
                raise TypeError(f"{cls.__name__}.{name}: declared elsewhere as another track")
    return tuple(
        TrackSpec(t.name, t.kind, i, t.sample_rate, t.tensor) for i, t in enumerate(found.values())
    )


def _declared(cls: type[Output | Input]) -> dict[str, TrackContract]:
    return cast("dict[str, TrackContract]", getattr(cls, _TRACKS))


def payloads(output: Output) -> dict[str, Any]:
    """Return each track's payload.

    Raises:
        ValueError: A track has none.
    """
    found = {name: getattr(output, name) for name in _declared(type(output))}
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
    each = list(cast("list[Any]", metadata))
    if len(each) != frames:
        raise ValueError(f"{track.name}: {len(each)} metadata values for {frames} frames")
    return payload.data, [_metadata(m, track.name) for m in each]


def _metadata(value: Any, track: str) -> bytes:
    if value is None:
        return b""
    packed = _json(value, track) if isinstance(value, Mapping) else _verbatim(value, track)
    if len(packed) > MAX_METADATA_NBYTES:
        size = f"{len(packed)} bytes, at most {MAX_METADATA_NBYTES} are allowed"
        raise ValueError(f"{track}: metadata has {size}")
    return packed


def _json(value: Any, track: str) -> bytes:
    try:
        text = json.dumps(
            to_plain(value), allow_nan=False, ensure_ascii=False, separators=(",", ":")
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{track}: metadata has no form as JSON: {error}") from error


def _verbatim(value: Any, track: str) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(cast("bytes", value))
    kind = type(value).__name__
    raise ValueError(f"{track}: metadata must be a dict or bytes, not {kind}")
