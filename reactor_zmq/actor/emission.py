"""Frames on their way out: sequence, due time, a slot, and the word to the front end."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from reactor_zmq.actor.clock import Clock
from reactor_zmq.actor.outputs import Piece, split
from reactor_zmq.machines.pacing import Pacing
from reactor_zmq.memory import picture_host
from reactor_zmq.memory.arrays import AnyArray
from reactor_zmq.memory.loan import Like, Loan
from reactor_zmq.memory.picture import Wish
from reactor_zmq.memory.to_video import on_device, plan_on_host, to_video
from reactor_zmq.memory.writer import Stored
from reactor_zmq.model.idle import Idle
from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.model.spec import ModelSpec, TrackSpec
from reactor_zmq.model.tracks import Output, payloads
from reactor_zmq.wire.header import sample_encoding
from reactor_zmq.wire.link import Flush, Frame, FromActor, Missed

_VIDEO_NDIM = 3


class FrameMemory(Protocol):
    """Where frames go, as ``memory.writer.FrameWriter`` offers it."""

    def submit(self, array: AnyArray, done: Callable[[Stored], None]) -> bool:
        """Store a frame; False when there is no room."""
        ...

    def loan(
        self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8, like: Like = "numpy"
    ) -> Loan:
        """Lend memory for one frame."""
        ...

    def commit(self, loan: Loan, done: Callable[[Stored], None]) -> bool:
        """Store a loan's frame; False when there is no room."""
        ...


class Outlet(Protocol):
    """The way out of the model: what is said, what is shown, and what anybody looks at."""

    @property
    def frames(self) -> FrameMemory:
        """Where frames go."""
        ...

    def post(self, message: FromActor) -> None:
        """Say something to the front end, in order; any thread may call it, it never blocks."""
        ...

    def say(self, message: ModelMessage, client_id: str) -> None:
        """Send a message to one client, or to all when the id is empty; in order with ``post``.

        Raises:
            TypeError: A field has no form on the wire.
        """
        ...

    def wanted(self, track: int) -> bool:
        """Return whether anybody looks at an output track."""
        ...


class Emitter:
    """Turns what a turn yielded into frames.

    Attributes:
        pacing: When they are due.
        origin_ns: When the session began, monotonic: where media time begins.
        dropped: Frames for which there was no slot or, by the author's wish, no time.
    """

    def __init__(self, spec: ModelSpec, outlet: Outlet, clock: Clock) -> None:
        self.pacing = Pacing(spec.fps, spec.buffer_size)
        self.dropped = 0
        self._tracks = spec.outputs
        self._outlet = outlet
        self._clock = clock
        self._classes = spec.output_classes
        self._seqs = [0] * len(spec.outputs)
        self.origin_ns = 0

    def begin_session(self) -> None:
        """Let media time begin."""
        self.origin_ns = self._clock.monotonic_ns()
        self.pacing.rest()

    def emit(self, value: Any, started_ns: int, drop: bool = False) -> None:
        """Send what a turn yielded that began at ``started_ns``.

        Args:
            value: An Output, or an array when the model's only track is a video track.
            started_ns: When the turn began, monotonic.
            drop: Give the frames up when as many as ``buffer_size`` wait already.

        Raises:
            TypeError: Not an output of this model.
            ValueError: A track's shape, batch or metadata does not fit.
        """
        pieces = split(self._by_track(value), self._tracks)
        frames = len(next(iter(pieces.values()), ()))
        ended_ns = self._clock.monotonic_ns()
        if drop and self.pacing.waiting(ended_ns) >= self.pacing.buffer_size:
            self._skip(frames)
            return
        missed = self.pacing.misses
        dues_ns = self.pacing.finish_turn(started_ns, ended_ns, frames)
        if self.pacing.misses > missed:
            self._outlet.post(Missed(self.pacing.misses - missed))
        produced_ns = self._clock.unix_ns()
        for i, due_ns in enumerate(dues_ns):
            for track in self._tracks:
                self._send(track, pieces[track.name][i], due_ns, produced_ns)

    def loan(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DTypeLike | None = None,
        like: Like = "numpy",
    ) -> Loan:
        """Lend memory for one frame of a track.

        Raises:
            ValueError: There is no such track, or no loan of this kind.
            ImportError: torch is asked for and not installed.
        """
        if like == "torch":
            importlib.import_module("torch")
        elif like != "numpy":
            text = f"track {name!r}: a loan is 'numpy' or 'torch', in host memory, not {like!r}"
            raise ValueError(f"{text}; yield a GPU's array as it is")
        track = self._track(name)
        kind = _usual_dtype(track) if dtype is None else dtype
        return self._outlet.frames.loan(tuple(shape), kind, like)

    def picture(self, name: str, value: Any, wish: Wish) -> Any:
        """Make a payload for a video track of what a model computes: in a slot, if on the host.

        Raises:
            ValueError: There is no such track, it carries no video, or as ``to_video``.
            TypeError: As ``to_video``.
        """
        if self._track(name).kind != "video":
            raise ValueError(f"track {name!r} carries no video")
        if on_device(value):
            return to_video(value, **wish.options(), track=name)
        array, plan = plan_on_host(value, wish, name)
        if len(plan.shape) > _VIDEO_NDIM:
            return to_video(array, **wish.options(), track=name)
        loan = self._outlet.frames.loan(plan.shape)
        picture_host.convert(array, plan, loan.array)
        return loan

    def flush(self) -> None:
        """Drop the frames that wait for their due time."""
        self.pacing.flush(self._clock.monotonic_ns())
        self._outlet.post(Flush())

    def _track(self, name: str) -> TrackSpec:
        track = next((t for t in self._tracks if t.name == name), None)
        if track is None:
            known = ", ".join(repr(t.name) for t in self._tracks) or "none"
            raise ValueError(f"there is no output track {name!r}; there are: {known}")
        return track

    def _by_track(self, value: Any) -> Mapping[str, Any]:
        if isinstance(value, self._classes):
            return payloads(value)
        if not isinstance(value, Output) and len(self._tracks) == 1:
            track = self._tracks[0]
            if track.kind == "video":
                return {track.name: value}
        names = " or ".join(c.__name__ for c in self._classes) or "no frame, for it has no tracks"
        tracks = ", ".join(repr(t.name) for t in self._tracks)
        text = f"expected {names} (tracks: {tracks}), Idle or None, got {type(value).__qualname__}"
        raise TypeError(text)

    def _skip(self, frames: int) -> None:
        self._seqs = [seq + frames for seq in self._seqs]
        self.dropped += frames

    def _send(self, track: TrackSpec, piece: Piece | None, due_ns: int, produced_ns: int) -> None:
        seq = self._seqs[track.index]
        self._seqs[track.index] = seq + 1
        if piece is None or not self._outlet.wanted(track.index):
            return
        metadata, pts_ns = piece.metadata, max(0, due_ns - self.origin_ns)

        def announce(stored: Stored) -> None:
            frame = Frame(
                track=track.index,
                generation=stored.generation,
                slot=stored.slot,
                seq=seq,
                shape=stored.shape,
                dtype=stored.dtype,
                encoding=sample_encoding(track.kind, stored.shape, stored.dtype),
                pts_ns=pts_ns,
                produced_ns=produced_ns,
                due_ns=due_ns,
                metadata=metadata,
                rate_hz=float(track.sample_rate),
            )
            self._outlet.post(frame)

        if not self._store(piece.data, announce):
            self.dropped += 1

    def _store(self, data: AnyArray | Loan, done: Callable[[Stored], None]) -> bool:
        frames = self._outlet.frames
        return frames.commit(data, done) if isinstance(data, Loan) else frames.submit(data, done)


def is_idle(value: Any) -> bool:
    """Return whether a yield means that there is no frame this time."""
    return value is None or value is Idle


def _usual_dtype(track: TrackSpec) -> DTypeLike:
    if track.tensor is not None:
        return np.dtype(track.tensor.dtype)
    return np.int16 if track.kind == "audio" else np.uint8
