"""One codec of one track: the newest frame is encoded once, for all who watch it so."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from reactor_zmq.client import Frame
from reactor_zmq_bridge.codecs.encoder import Encoded, Encoder, Recipe, make_encoder
from reactor_zmq_bridge.errors import UnsuitableError
from reactor_zmq_bridge.flow_words import Piece
from reactor_zmq_bridge.record import Codec, Flag, Kind, Record

_log = logging.getLogger("reactor_zmq.bridge")
_chains = itertools.count(1)
_KINDS = {Codec.PCM_S16: Kind.AUDIO, Codec.TENSOR: Kind.TENSOR}
# How much of the past counts in the mean time of an encoding.
_FADE = 0.9
# Audio waits so long at most; pictures never do.
_MOST_WAITING = 64


class Audience(Protocol):
    """Somebody who watches a track in one codec."""

    def hungry(self, track: int) -> bool:
        """Whether a frame that is made now would be sent at once."""
        ...

    def deliver(self, piece: Piece) -> None:
        """Take an encoded frame."""
        ...

    def unsuitable(self, track: int, reason: str) -> None:
        """Hear that this codec can't carry the track."""
        ...


class Line:
    """Encodes a track's frames for those who are hungry; belongs to the loop's thread.

    One frame is encoded at a time; behind it waits the newest alone, so a slow codec never
    lags. Where somebody is only slow, nothing is encoded for nobody.

    Attributes:
        audience: Who watches; the line ends with the last one.
        encode_ms: Mean time of an encoding.
    """

    def __init__(
        self, track: int, recipe: Recipe, pool: ThreadPoolExecutor, *, every: bool = False
    ) -> None:
        self.track = track
        self.recipe = recipe
        self.audience: set[Audience] = set()
        self.encode_ms = 0.0
        self._pool = pool
        self._every = every
        self._encoder: Encoder = make_encoder(recipe)
        self._chain = next(_chains) if recipe.codec is Codec.H264 else 0
        self._order = 0
        self._waiting: list[Frame] = []
        self._key_wanted = False
        self._busy = False

    def offer(self, frame: Frame) -> None:
        """Take a frame; one that still waited is dropped."""
        if not self._every:
            self._waiting.clear()
        self._waiting.append(frame)
        del self._waiting[:-_MOST_WAITING]
        self.look()

    def want_key(self) -> None:
        """Make the next one a key frame."""
        self._key_wanted = True

    def look(self) -> None:
        """Encode what waits, if somebody is hungry for it."""
        if self._busy or not self._waiting:
            return
        if not self._every and not any(each.hungry(self.track) for each in self.audience):
            return
        self._busy = True
        frame, key = self._waiting.pop(0), self._key_wanted
        self._key_wanted = False
        future = asyncio.get_running_loop().run_in_executor(
            self._pool, _timed, self._encoder, frame, key
        )
        future.add_done_callback(lambda done: self._encoded(frame, done))

    def close(self) -> None:
        """Encode no more."""
        self.audience.clear()
        self._waiting.clear()
        if not self._busy:
            self._encoder.close()

    def _encoded(self, frame: Frame, done: asyncio.Future[tuple[Encoded, float]]) -> None:
        self._busy = False
        if done.cancelled() or not self.audience:
            self._encoder.close()
            return
        try:
            encoded, took_ms = done.result()
        except UnsuitableError as error:
            self._give_up(error.text)
            return
        except Exception as error:  # noqa: BLE001 - codecs' own errors have no common base
            self._give_up(f"{type(error).__name__} in the encoder: {error}")
            return
        self.encode_ms = _FADE * self.encode_ms + (1 - _FADE) * took_ms
        piece = self._piece(frame, encoded)
        self._tell(lambda each: each.deliver(piece))
        self.look()

    def _give_up(self, reason: str) -> None:
        name = self.recipe.codec.name.lower()
        _log.warning("track %d can't be encoded as %s: %s", self.track, name, reason)
        self._waiting.clear()
        self._tell(lambda each: each.unsuitable(self.track, reason))

    def _tell(self, deed: Callable[[Audience], None]) -> None:
        for each in tuple(self.audience):
            deed(each)

    def _piece(self, frame: Frame, encoded: Encoded) -> Piece:
        self._order += 1
        record = Record(
            kind=_KINDS.get(self.recipe.codec, Kind.VIDEO),
            codec=self.recipe.codec,
            flags=Flag.KEY if encoded.key else Flag.NONE,
            track=self.track,
            epoch=frame.epoch,
            seq=frame.seq,
            made_ms=frame.produced_ns / 1e6,
            width=encoded.width,
            height=encoded.height,
            metadata=encoded.metadata,
            payload=encoded.payload,
        )
        return Piece(record, self._chain, self._order)


def _timed(encoder: Encoder, frame: Frame, key: bool) -> tuple[Encoded, float]:
    started = time.perf_counter()
    encoded = encoder.encode(frame, key=key)
    return encoded, (time.perf_counter() - started) * 1e3
