"""The numbers by which records name tracks: given once, kept for as long as the bridge runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reactor_zmq.wire.control import TopicInfo


@dataclass(frozen=True, slots=True)
class Track:
    """A track as browsers know it.

    Attributes:
        index: What records carry.
        kind: ``video``, ``audio`` or ``tensor``; empty for input tracks, whose kind the front
            end does not tell.
        direction: ``out`` from the model, or ``in`` to it.
        sample_rate: Samples per second of audio, else 0.
    """

    index: int
    name: str
    kind: str
    direction: str
    sample_rate: int = 0

    def told(self) -> dict[str, object]:
        """Return what browsers are told."""
        return {
            "index": self.index,
            "name": self.name,
            "kind": self.kind,
            "direction": self.direction,
            "sample_rate": self.sample_rate,
        }


class TrackTable:
    """All tracks seen so far."""

    def __init__(self) -> None:
        self._indices: dict[tuple[str, str], int] = {}

    def list(
        self, outputs: Iterable[TopicInfo], inputs: Iterable[str], kinds: dict[str, str]
    ) -> tuple[Track, ...]:
        """Return the model's tracks, outputs first.

        Args:
            outputs: As the front end tells them.
            inputs: Names of the input tracks.
            kinds: Kinds of input tracks, as far as the schema tells.
        """
        found = [
            Track(self._index("out", each.track), each.track, each.kind, "out", each.sample_rate)
            for each in outputs
        ]
        found += [
            Track(self._index("in", name), name, kinds.get(name, ""), "in") for name in inputs
        ]
        return tuple(found)

    def _index(self, direction: str, name: str) -> int:
        return self._indices.setdefault((direction, name), len(self._indices))
