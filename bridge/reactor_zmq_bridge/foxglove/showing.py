"""What one Foxglove client sees: words as they come, of frames the newest that it has room for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from reactor_zmq.client import Frame
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import ReactorError
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.foxglove import words
from reactor_zmq_bridge.foxglove.offer import Channel, Offer
from reactor_zmq_bridge.link import Link
from reactor_zmq_recording.channels import frame_encoder, metadata_message, text_message
from reactor_zmq_recording.pictures import suitable

_log = logging.getLogger("reactor_zmq.bridge")
_MOST = 256


class Showing:
    """The subscriptions; belongs to the loop's thread.

    Each subscription to frames has an encoder of its own, fed with the newest frame when the one
    before has left: a slow client costs no encoding, and a stream of H.264 has no holes.
    """

    def __init__(self, client: AsyncClient, link: Link, pool: ThreadPoolExecutor) -> None:
        self._client, self._link, self._pool = client, link, pool
        self._offer = Offer()
        self._words: dict[int, str] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._changes = 0
        self._unstated: set[int] = set()  # subscribed to the state before it was known

    def offer(self, offer: Offer) -> None:
        """Show other channels from here on; their subscriptions come anew."""
        self.close()
        self._offer = offer

    def close(self) -> None:
        """Show nothing."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks, self._words = {}, {}
        self._unstated.clear()

    def subscribe(self, wanted: Iterable[words.Subscription]) -> None:
        """Show channels.

        Raises:
            BridgeError: There is no such channel, or there are too many subscriptions.
        """
        for each in wanted:
            channel = self._offer.channels.get(each.channel_id)
            if channel is None:
                raise BridgeError("invalid_data", f"there is no channel {each.channel_id}")
            if len(self._tasks) + len(self._words) >= _MOST:
                raise BridgeError("busy", f"{_MOST} subscriptions are the most")
            self.unsubscribe([each.id])
            if channel.track is None:
                self._words[each.id] = channel.plan.notes["words"]
                self._begin_words(each.id)
            else:
                work = self._frames(each.id, channel, channel.track.track)
                self._tasks[each.id] = asyncio.create_task(work)

    def unsubscribe(self, numbers: Iterable[int]) -> None:
        """Show these no more."""
        for number in numbers:
            self._words.pop(number, None)
            self._unstated.discard(number)
            if task := self._tasks.pop(number, None):
                task.cancel()

    # --- words --------------------------------------------------------------------------------

    def tell(self, word: str, data: object) -> None:
        """Show one word of a kind."""
        numbers = [number for number, kind in self._words.items() if kind == word]
        if numbers:
            self._say(numbers, data)

    def tell_state(self, fields: Mapping[str, object]) -> None:
        """Show changes of the state; version 0 is all of it, as in a recording."""
        self._changes += 1
        late, self._unstated = self._unstated, set()
        self._say(late, {"version": 0, "fields": dict(self._client.state)})
        told = [n for n, kind in self._words.items() if kind == "state" and n not in late]
        self._say(told, {"version": self._changes, "fields": dict(fields)})

    def _begin_words(self, number: int) -> None:
        """Give who comes late what holds already."""
        if self._words[number] == "state":
            fields = dict(self._client.state)
            if self._offer.parameters and not fields:
                self._unstated.add(number)
                return
            self._say([number], {"version": 0, "fields": fields})
        elif self._words[number] == "status":
            self._say([number], msgspec.to_builtins(self._client.status))

    def _say(self, numbers: Collection[int], data: object) -> None:
        if not numbers:
            return
        packed, now_ns = text_message(data), time.time_ns()
        for number in numbers:
            self._link.say(words.message(number, now_ns, packed))

    # --- frames -------------------------------------------------------------------------------

    async def _frames(self, number: int, channel: Channel, track: str) -> None:
        try:
            frames = self._client.frames(track)
        except ReactorError as error:
            _log.info("%s does not begin: %s", track, error)
            return
        try:
            await self._follow(number, channel, frames)
        except (ConnectionError, TimeoutError) as error:
            _log.info("%s stopped: %s", channel.plan.topic, error)
        except Exception as error:  # noqa: BLE001 - codecs' own errors have no common base
            text = f"{channel.plan.topic} stopped: {error}"
            self._link.say(words.status(words.Level.ERROR, text))
        finally:
            frames.close()

    async def _follow(self, number: int, channel: Channel, frames: Any) -> None:
        loop = asyncio.get_running_loop()
        encode = metadata_message if channel.metadata else None
        async for frame in frames:
            if channel.metadata and not frame.metadata:
                continue
            encode = encode or self._encoder(channel, frame)
            data = await loop.run_in_executor(self._pool, encode, frame)
            await self._link.send_now(words.message(number, frame.received_ns, data))

    def _encoder(self, channel: Channel, first: Frame) -> Any:
        assert channel.track is not None  # noqa: S101 - words have no encoder
        codec = channel.codec
        if channel.track.kind == "video" and suitable(codec, first) != codec:
            raise BridgeError("unsuitable", f"{first.encoding} has no form of this kind")
        return frame_encoder(channel.track, codec).encode
