"""What an author's instance reaches of its host (``model.port.Port``)."""

from __future__ import annotations

import asyncio
from typing import Any

from numpy.typing import DTypeLike

from reactor_zmq.actor.clock import Clock
from reactor_zmq.actor.emission import Emitter, Outlet
from reactor_zmq.actor.inputs import InputTrackSet
from reactor_zmq.actor.session import Session
from reactor_zmq.memory.loan import Like, Loan
from reactor_zmq.memory.picture import Layout, Wish
from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.wire.link import Loading

_SECOND_NS = 1_000_000_000


class HostOutput:
    """``self.output``: pacing and slots."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter

    @property
    def fps(self) -> float | None:
        """The pinned rate in frames per second; None follows the measured turn."""
        return self._emitter.pacing.fps

    @fps.setter
    def fps(self, value: float | None) -> None:
        self._emitter.pacing.fps = value

    @property
    def misses(self) -> int:
        """Frames that were not ready when they were due, at a pinned rate."""
        return self._emitter.pacing.misses

    def flush(self) -> None:
        """Drop the frames that wait for their due time."""
        self._emitter.flush()

    def loan(
        self,
        track: str,
        shape: tuple[int, ...],
        dtype: DTypeLike | None = None,
        like: Like = "numpy",
    ) -> Loan:
        """Return memory in a slot of the ring: write through ``loan.array``, then yield the loan.

        That costs no copy as long as nothing else refers to the array. A loan that is not yielded
        goes back by itself.

        Args:
            track: An output track.
            shape: Of one frame.
            dtype: The track's usual one where it is None.
            like: ``torch`` makes ``loan.array`` a tensor. A GPU's arrays need no loan: the copy
                engine writes what is yielded into the slot.

        Raises:
            ValueError: There is no such track, or no loan of this kind.
            ImportError: torch is asked for and not installed.
        """
        return self._emitter.loan(track, shape, dtype, like)

    def picture(
        self,
        track: str,
        value: Any,
        *,
        value_range: tuple[float, float] = (0.0, 1.0),
        layout: Layout = "hwc",
        channels: int | None = None,
        size: tuple[int, int] | None = None,
    ) -> Any:
        """Return a payload for a video track, made of what the model computes by ``to_video``.

        A frame in host memory is made in a slot of the ring: yielding it costs no further copy.

        Raises:
            TypeError: As ``to_video``.
            ValueError: There is no such track, it carries no video, or as ``to_video``.
        """
        return self._emitter.picture(track, value, Wish(value_range, layout, channels, size))


class HostPort:
    """Everything is called in the event loop's thread, except ``progress``."""

    def __init__(
        self,
        session: Session,
        emitter: Emitter,
        inputs: InputTrackSet,
        outlet: Outlet,
        clock: Clock,
    ) -> None:
        self.connected = session.connected
        self.input = inputs
        self.output = HostOutput(emitter)
        self._session = session
        self._outlet = outlet
        self._emitter = emitter
        self._clock = clock
        self._resumed_ns = 0
        self.resume()

    async def send(self, message: ModelMessage, client_id: str | None = None) -> None:
        """Send a message to one client, or to all of the session; it never waits."""
        self._session.say(message, client_id)

    async def emit(
        self, output: Any, compute_time: float | None = None, *, drop: bool = False
    ) -> None:
        """Hand frames over and return when the next ones should be computed.

        Args:
            output: An Output, or an array when the model's only track is a video track.
            compute_time: Seconds that it took; None counts from the beginning of the turn or
                handler, or the end of the ``emit`` before.
            drop: Drop these frames rather than wait.

        Raises:
            TypeError: Not an output of this model.
            ValueError: A track's shape, batch or metadata does not fit.
        """
        # A loop that waited for its first client has not computed all that time.
        started_ns = max(self._resumed_ns, self._emitter.origin_ns)
        if compute_time is not None:
            started_ns = self._clock.monotonic_ns() - round(compute_time * _SECOND_NS)
        self._emitter.emit(output, started_ns, drop=drop)
        self._session.tell_state()
        # Handlers run while the author's loop waits; without this they never would under drop.
        await asyncio.sleep(0)
        if not drop:
            await self._until(self._emitter.pacing.next_turn_ns())
        self.resume()

    def resume(self) -> None:
        """Take note that the author's code begins to compute: what it emits next took from here."""
        self._resumed_ns = self._clock.monotonic_ns()

    def progress(self, done: float, total: float = 0, text: str = "") -> None:
        """Tell how far the load has come; any thread may call it."""
        self._outlet.post(Loading(float(done), float(total), text))

    async def _until(self, time_ns: int) -> None:
        if time_ns > self._clock.monotonic_ns():
            arrival = asyncio.get_running_loop().create_future()
            await self._clock.wait(arrival, time_ns)
