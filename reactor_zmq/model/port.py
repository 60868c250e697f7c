"""What a model's instance needs from whatever hosts it."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any, Literal, Protocol

from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.model.tracks import Output


class ReadMode(Enum):
    """Which frames a read takes from an input track."""

    LATEST = "latest"
    """The newest n; older ones are dropped."""
    FIFO = "fifo"
    """The oldest n; newer ones stay."""


class TrackReader(Protocol):
    """An input track's buffer: 128 frames, the oldest evicted."""

    async def read(
        self,
        n: int = 1,
        timeout: float | None = None,  # noqa: ASYNC109 - the authoring API's own parameter
        mode: ReadMode = ReadMode.LATEST,
        device: str = "cpu",
        like: Literal["torch", "cupy"] | None = None,
    ) -> Any:
        """Wait for n frames, on a device.

        Raises:
            TimeoutError: They did not come in time.
            ValueError: n is beyond the capacity.
            BufferClosed: The publisher has gone and fewer than n are left.
        """
        ...

    def try_read(
        self,
        n: int = 1,
        mode: ReadMode = ReadMode.LATEST,
        device: str = "cpu",
        like: Literal["torch", "cupy"] | None = None,
    ) -> Any:
        """Return n frames, None when fewer are there."""
        ...

    @property
    def available(self) -> int:
        """Frames that wait."""
        ...

    @property
    def total_received(self) -> int:
        """Frames that ever came, evicted ones included."""
        ...

    def clear(self) -> None:
        """Drop what waits."""
        ...


class InputTracks(Protocol):
    """``self.input``: a reader for each track, by name."""

    def __getattr__(self, name: str) -> TrackReader: ...


class OutputControl(Protocol):
    """``self.output``: pacing and slots."""

    @property
    def fps(self) -> float | None:
        """The pinned rate in frames per second; None follows the measured turn."""
        ...

    @fps.setter
    def fps(self, value: float | None) -> None: ...

    @property
    def misses(self) -> int:
        """Frames that were not ready when they were due, at a pinned rate."""
        ...

    def flush(self) -> None:
        """Drop frames that wait for their time."""
        ...

    def loan(
        self,
        track: str,
        shape: tuple[int, ...],
        dtype: Any = None,
        like: Literal["numpy", "torch"] = "numpy",
    ) -> Any:
        """Lend memory in a slot of the ring, written through ``array``; yielding costs no copy.

        ``dtype`` is the track's usual one where it is None.
        """
        ...

    def picture(
        self,
        track: str,
        value: Any,
        *,
        value_range: tuple[float, float] = (0.0, 1.0),
        layout: Literal["hwc", "chw"] = "hwc",
        channels: int | None = None,
        size: tuple[int, int] | None = None,
    ) -> Any:
        """Return a payload for a video track, made of what the model computes by ``to_video``."""
        ...


class Port(Protocol):
    """Set by the host before ``load()``; everything is called in the model's own loop."""

    @property
    def connected(self) -> asyncio.Event:
        """Set while at least one client is there."""
        ...

    @property
    def input(self) -> InputTracks:
        """The input tracks."""
        ...

    @property
    def output(self) -> OutputControl:
        """Pacing and slots."""
        ...

    async def send(self, message: ModelMessage, client_id: str | None = None) -> None:
        """Send a message to one client, or to all of the session."""
        ...

    async def emit(
        self, output: Output | Any, compute_time: float | None = None, *, drop: bool = False
    ) -> None:
        """Hand frames over; with ``drop`` it never waits."""
        ...

    def progress(self, done: float, total: float = 0, text: str = "") -> None:
        """Tell how far the load has come."""
        ...
