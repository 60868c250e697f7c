"""What one Foxglove client publishes: frames of input tracks, and events by the command topic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from numpy.typing import NDArray

from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import ReactorError
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.foxglove.intake import Intake, values_of
from reactor_zmq_bridge.foxglove.offer import Channel, Offer
from reactor_zmq_bridge.foxglove.words import ENCODINGS, Advertised, Published
from reactor_zmq_recording.channels import TEXT

_MOST = 64

Send = Callable[[str, Mapping[str, Any]], Awaitable[object]]


class Publishing:
    """The client's own channels; belongs to the loop's thread.

    Args:
        client: Publishes.
        pool: Where pictures are decoded.
        send: Sends an event.
        complain: Takes what went wrong.
    """

    def __init__(
        self,
        client: AsyncClient,
        pool: ThreadPoolExecutor,
        send: Send,
        complain: Callable[[str], None],
    ) -> None:
        self._client, self._pool, self._send, self._complain = client, pool, send, complain
        self._offer = Offer()
        self._channels: dict[int, Advertised] = {}
        self._intakes: dict[int, Intake] = {}
        self._refused: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def offer(self, offer: Offer) -> None:
        """Take what this model takes from here on."""
        self._offer = offer
        for intake in self._intakes.values():
            intake.close()
        self._intakes.clear()
        self._refused.clear()

    def close(self) -> None:
        """Take nothing more."""
        self.unadvertise(tuple(self._channels))
        for task in self._tasks:
            task.cancel()

    def advertise(self, channels: Iterable[Advertised]) -> None:
        """Expect messages.

        Raises:
            BridgeError: Nobody takes them, or there are too many channels.
        """
        for each in channels:
            if each.topic != self._offer.command and each.topic not in self._offer.inputs:
                taken = ", ".join((*self._offer.inputs, self._offer.command)) or "nothing"
                text = f"nobody takes {each.topic}; taken are: {taken}"
                raise BridgeError("invalid_data", text)
            if each.encoding not in ENCODINGS:
                raise BridgeError("invalid_data", f"{each.encoding} is not taken: {ENCODINGS}")
            if len(self._channels) >= _MOST:
                raise BridgeError("busy", f"{_MOST} channels are the most")
            self._channels[each.id] = each

    def unadvertise(self, numbers: Iterable[int]) -> None:
        """Expect them no more."""
        for number in numbers:
            self._channels.pop(number, None)
            if intake := self._intakes.pop(number, None):
                intake.close()

    def take(self, published: Published) -> None:
        """Take one message.

        Raises:
            BridgeError: Its channel was not announced.
            ValueError: It is no such message.
        """
        channel = self._channels.get(published.channel)
        if channel is None:
            raise BridgeError("invalid_data", f"channel {published.channel} was not advertised")
        if channel.topic == self._offer.command:
            self._command(channel, published.data)
        elif taker := self._offer.inputs.get(channel.topic):
            if published.channel not in self._intakes:
                self._intakes[published.channel] = self._intake(channel, taker)
            self._intakes[published.channel].take(published.data)

    def _intake(self, channel: Advertised, taker: Channel) -> Intake:
        assert taker.track is not None  # noqa: S101 - words are not taken
        track = taker.track.track
        return Intake(
            taker,
            channel.schema_name,
            channel.encoding,
            pool=self._pool,
            publish=lambda array: self._publish(track, array),
            complain=self._complain,
        )

    def _publish(self, track: str, array: NDArray[Any]) -> None:
        if track in self._refused:
            return
        try:
            self._client.publish(track, array)
        except ReactorError as error:
            self._refused.add(track)  # more frames would be refused one by one
            self._complain(f"{track}: {error}")

    # --- events -------------------------------------------------------------------------------

    def _command(self, channel: Advertised, data: memoryview) -> None:
        """Send ``{"type", "data"}``, as it is or as the text of a String."""
        if channel.encoding == "json":
            told = msgspec.json.decode(data, type=dict[str, Any])
        else:
            told = dict(values_of(TEXT, channel.encoding, data))
        if set(told) == {"data"}:
            told = msgspec.json.decode(told["data"], type=dict[str, Any])
        match told:
            case {"type": str(event), **rest} if isinstance(rest.get("data", {}), dict):
                task = asyncio.create_task(self._give(event, rest.get("data", {})))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case _:
                raise BridgeError("invalid_data", 'a command is {"type": EVENT, "data": {…}}')

    async def _give(self, event: str, data: Mapping[str, Any]) -> None:
        try:
            await self._send(event, data)
        except (ReactorError, TimeoutError) as error:
            self._complain(f"{event}: {error}")
