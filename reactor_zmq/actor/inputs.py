"""Input tracks: frames that clients publish, waiting to be read by the model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reactor_zmq.actor.clock import Clock, complete
from reactor_zmq.errors import BufferClosed
from reactor_zmq.memory.to_device import Library, to_device
from reactor_zmq.model.port import ReadMode
from reactor_zmq.model.spec import TrackSpec

CAPACITY = 128
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class InputFrame:
    """A published frame.

    Attributes:
        data: ``(height, width, channels)`` or ``(channels, samples)``. On the host it is read-only
            and lies in a slot, which is free again once the array and everything derived from it
            has gone; copy what is to be kept for long. On a GPU it is torch's or cupy's own.
        pts_ns: The publisher's media time.
        metadata: The publisher's bytes.
    """

    data: Any
    pts_ns: int = 0
    metadata: bytes = b""


class InputTrack:
    """The newest frames of one input track; belongs to the event loop's thread."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._frames: deque[InputFrame] = deque(maxlen=CAPACITY)
        self._total = 0
        self._closed = False
        self._closings = 0
        self._arrivals: set[asyncio.Future[None]] = set()

    async def read(
        self,
        n: int = 1,
        timeout: float | None = None,  # noqa: ASYNC109 - the authoring API's word
        mode: ReadMode = ReadMode.LATEST,
        device: str = "cpu",
        like: Library | None = None,
    ) -> list[InputFrame]:
        """Return n frames, oldest first, as soon as there are so many.

        Args:
            n: How many, at most 128.
            timeout: Seconds to wait; None waits for ever.
            mode: LATEST takes the newest n and drops what is older; FIFO takes the oldest n.
            device: Where ``data`` is to be: ``cpu``, ``cuda`` or ``cuda:1``; one copy brings it
                there from the slot, behind what is on the library's current stream.
            like: ``torch`` or ``cupy``; None is the one that is loaded, or numpy on the host.

        Raises:
            TimeoutError: They did not come in time; nothing was taken.
            ValueError: n is not within 1..128, or there is no such device or library.
            BufferClosed: The publisher has gone, or the session ended, with fewer than n left.
            CudaError: There is no NVIDIA driver, or it refused; the frames are gone.
        """
        until_ns = None
        if timeout is not None:
            until_ns = self._clock.monotonic_ns() + round(timeout * _SECOND_NS)
        closings = self._closings
        while (taken := self.try_read(n, mode, device, like)) is None:
            if closings != self._closings:  # and opened again before this reader could run
                raise self._closed_error()
            if until_ns is not None and self._clock.monotonic_ns() >= until_ns:
                text = f"track {self.name!r}: {n} frames did not come within {timeout} s"
                raise TimeoutError(text)
            await self._wait(until_ns)
        return taken

    def try_read(
        self,
        n: int = 1,
        mode: ReadMode = ReadMode.LATEST,
        device: str = "cpu",
        like: Library | None = None,
    ) -> list[InputFrame] | None:
        """Return n frames as ``read`` does, None when fewer are there.

        Raises:
            ValueError: n is not within 1..128.
            BufferClosed: The publisher has gone, or the session ended, with fewer than n left.
        """
        if not 1 <= n <= CAPACITY:
            text = f"track {self.name!r} holds at most {CAPACITY} frames, {n} were asked for"
            raise ValueError(text)
        if len(self._frames) < n:
            if self._closed:
                raise self._closed_error()
            return None
        taken = self._take(n, mode)
        if device == "cpu" and like is None:
            return taken
        return [replace(frame, data=to_device(frame.data, device, like)) for frame in taken]

    def _take(self, n: int, mode: ReadMode) -> list[InputFrame]:
        if mode is ReadMode.FIFO:
            return [self._frames.popleft() for _ in range(n)]
        newest = list(self._frames)[-n:]
        self._frames.clear()
        return newest

    @property
    def available(self) -> int:
        """Frames that wait to be read."""
        return len(self._frames)

    @property
    def total_received(self) -> int:
        """Frames that came in this session, those evicted or dropped included."""
        return self._total

    @property
    def closed(self) -> bool:
        """Whether the publisher has gone and no other has come."""
        return self._closed

    def clear(self) -> None:
        """Drop the frames that wait."""
        self._frames.clear()

    def push(self, frame: InputFrame) -> None:
        """Add a frame, evicting the oldest of more than 128; the track is open again."""
        self._closed = False
        self._frames.append(frame)
        self._total += 1
        self._wake()

    def close(self) -> None:
        """End the waits of readers whose frames will not come."""
        self._closed = True
        self._closings += 1
        self._wake()

    def reopen(self) -> None:
        """Begin anew, empty, for a new session."""
        self._frames.clear()
        self._total = 0
        self._closed = False

    def _closed_error(self) -> BufferClosed:
        return BufferClosed(f"track {self.name!r}: closed with {len(self._frames)} left")

    async def _wait(self, until_ns: int | None) -> None:
        arrival = asyncio.get_running_loop().create_future()
        self._arrivals.add(arrival)
        try:
            await self._clock.wait(arrival, until_ns)
        finally:
            self._arrivals.discard(arrival)

    def _wake(self) -> None:
        for arrival in self._arrivals:
            complete(arrival)


class InputTrackSet:
    """``self.input``: one attribute per input track."""

    def __init__(self, tracks: Sequence[TrackSpec], clock: Clock) -> None:
        self.__tracks = [InputTrack(track.name, clock) for track in tracks]
        self.__names = {track.name: track for track in self.__tracks}

    def __getattr__(self, name: str) -> InputTrack:
        if name not in self.__names:
            known = ", ".join(repr(n) for n in self.__names) or "none"
            raise AttributeError(f"there is no input track {name!r}; there are: {known}")
        return self.__names[name]

    def __getitem__(self, index: int) -> InputTrack:
        return self.__tracks[index]

    def __iter__(self) -> Iterator[InputTrack]:
        return iter(self.__tracks)
