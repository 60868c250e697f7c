"""Which codec a browser gets for a track."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reactor_zmq_bridge.record import Codec

# Best first; raw pictures cost a browser least of all, and only on loopback nothing else.
_ORDER = (Codec.I420, Codec.RGBA, Codec.H264, Codec.JPEG)
_RAW = (Codec.I420, Codec.RGBA)
NAMES = {codec.name.lower(): codec for codec in Codec} | {"tensor": Codec.TENSOR}
_FIXED = {"audio": Codec.PCM_S16, "tensor": Codec.TENSOR}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a choice depends on.

    Attributes:
        loopback: Whether the browser is on this machine.
        stream: Whether records go through a stream; browsers read WebSockets ten times slower.
        listed: Codecs that the browser named, by name.
        failed: Codecs that it could not show, or that can't carry this track.
        here: Codecs that can be encoded here.
    """

    loopback: bool
    stream: bool
    listed: Sequence[str]
    failed: Collection[Codec]
    here: Collection[Codec]


def choose_codec(kind: str, given: Circumstances) -> Codec | None:
    """Return the codec for a track of a kind (``video``, ``audio``, ``tensor``).

    None where nothing is left. JPEG need not be listed: every browser shows it.
    """
    if kind in _FIXED:
        only = _FIXED[kind]
        return None if only in given.failed or only not in given.here else only
    listed = {NAMES[name] for name in given.listed if name in NAMES} | {Codec.JPEG}
    for codec in _ORDER:
        raw_allowed = given.loopback and given.stream
        usable = codec in listed and codec in given.here and codec not in given.failed
        if usable and (codec not in _RAW or raw_allowed):
            return codec
    return None
