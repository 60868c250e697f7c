"""One connection to a robot's rosbridge server, from its opening to its end."""

from __future__ import annotations

import asyncio
import logging
import socket as sockets
import time
from collections import deque
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import msgspec
from aiohttp import ClientWebSocketResponse, WSMsgType

from reactor_zmq.client import Frame
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import EventError, ReactorError
from reactor_zmq_bridge.rosbridge.asking import called, commanded, sent
from reactor_zmq_bridge.rosbridge.guest import (
    Called,
    Commanded,
    Complaint,
    Echoed,
    Given,
    Guest,
    Mapped,
    Word,
)
from reactor_zmq_bridge.rosbridge.messages import frame_message
from reactor_zmq_bridge.rosbridge.taking import taken
from reactor_zmq_bridge.rosbridge.window import Window
from reactor_zmq_ros2.pictures import best_decoder, best_encoder

_log = logging.getLogger("reactor_zmq.rosbridge")
SEND_S = 10.0  # a robot that takes nothing in for so long is given up
TEXTS = 512  # events, replies and states that wait for a slow line
ASKED = 64  # events of the robot whose reply is still to come
# What the kernel keeps for a robot that does not read: two JPEGs, not two seconds of them.
_NOT_SENT_NBYTES = 131_072


class Visit:
    """Speaks over one WebSocket; belongs to the loop's thread.

    Attributes:
        frames: Frames sent so far.
        gaps: Frames that were left out because the line or the encoder was slower.
    """

    def __init__(
        self,
        socket: ClientWebSocketResponse,
        client: AsyncClient,
        guest: Guest,
        pool: ThreadPoolExecutor,
        most_hz: float = 0.0,
    ) -> None:
        self.guest = guest
        self.frames = self.gaps = 0
        self._socket, self._client, self._pool = socket, client, pool
        self._pause_s = 1 / most_hz if most_hz else 0.0
        self._encoder, self._decoder = best_encoder(), best_decoder()
        self._texts: deque[str] = deque()
        self._stirred = asyncio.Event()
        self._ended = asyncio.Event()
        tracks = {topic.track for topic in guest.inputs.values() if topic.track}
        self._newest = {track: asyncio.Queue[Given](1) for track in tracks}
        self._owned: set[str] = set()
        self._windows = {
            topic.track: (Window(), asyncio.Event()) for topic in guest.outputs.values()
        }
        self._asked: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Speak until either side ends it.

        Raises:
            OSError: The connection broke, or took nothing in for too long.
            ReactorError: The run has let us go.
        """
        if raw := self._raw():
            raw.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NOTSENT_LOWAT, _NOT_SENT_NBYTES)
        for text in self.guest.opening():
            await self._send(text)  # before any frame: what is not advertised is refused
        self.tell_state()
        work = [self._speak(), self._hear(), self._until_ended()]
        work += [self._show(track, names) for track, names in self._tracks().items()]
        work += [self._publish(track, slot) for track, slot in self._newest.items()]
        tasks = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._leave([*tasks, *self._asked])

    def end(self) -> None:
        """Let the visit end; :meth:`run` returns then."""
        self._ended.set()

    def tell_state(self) -> None:
        """Publish the model's status and state."""
        status = msgspec.to_builtins(self._client.status)
        self._say(self.guest.told("state", {**status, "fields": dict(self._client.state)}))

    def tell_event(self, envelope: Mapping[str, Any]) -> None:
        """Publish what the model said."""
        self._say(self.guest.told("events", envelope))

    # --- out ----------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        if len(self._texts) >= TEXTS:
            _log.warning("the robot is too slow: %d texts wait", TEXTS)
            self.end()
        self._texts.append(text)
        self._stirred.set()

    async def _speak(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while self._texts:
                await self._send(self._texts.popleft())

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(SEND_S):
            await self._socket.send_str(text)

    def _tracks(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, topic in self.guest.outputs.items():
            if topic.track:
                found.setdefault(topic.track, []).append(name)
        return found

    async def _show(self, track: str, names: list[str]) -> None:
        """Send the newest frame, again and again; while one leaves, others become gaps."""
        window, _ = self._windows[track]
        frames, due = self._client.frames(track), 0.0
        try:
            async for frame in frames:
                self.gaps += frame.gap
                if (now := time.monotonic()) < due:
                    continue
                due = now + self._pause_s
                await self._send_frame(names, frame)
                number = window.sent(time.monotonic())
                await self._send(self.guest.told("pulse", [track, number]))
                self.frames += 1
                await self._room(track)
        finally:
            frames.close()

    async def _send_frame(self, names: list[str], frame: Frame) -> None:
        loop = asyncio.get_running_loop()
        for name in tuple(names):
            if text := await loop.run_in_executor(self._pool, self._made, name, frame):
                await self._send(text)
            else:
                names.remove(name)

    async def _room(self, track: str) -> None:
        """Wait until the robot has dealt with most of what it was sent of a track."""
        window, echoed = self._windows[track]
        muted = window.mute
        while wait_s := window.wait_s(time.monotonic()):
            echoed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await echoed.wait()
        if window.mute and not muted:
            _log.warning("%s: the robot does not echo what it is sent; it may lag", track)

    def _made(self, name: str, frame: Frame) -> str:
        """Return a frame as a topic's message, or nothing where the topic has no form for it."""
        try:
            cdr = frame_message(self.guest.outputs[name], frame, self._encoder)
        except ValueError as error:
            _log.warning("%s is left out: %s", name, error)
            return ""
        return self.guest.publication(name, cdr)

    # --- in -----------------------------------------------------------------------------------

    async def _hear(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                raise ConnectionError(f"the connection has ended ({self._socket.close_code})")
            try:
                self._take(self.guest.receive(message.data))
            except ValueError as error:
                _log.warning("not understood: %s", error)

    def _take(self, word: Word | None) -> None:
        match word:
            case Given():
                self._give(word)
            case Commanded(command):
                self._ask(self._command(command))
            case Mapped(events):
                for name, data in events:
                    self._ask(self._map(name, data))
            case Called():
                self._ask(self._answer(word))
            case Echoed(track, number) if track in self._windows:
                window, echoed = self._windows[track]
                window.heard(number)
                echoed.set()
            case Complaint("error" | "warning" as level, text):
                _log.warning("the robot says (%s): %s", level, text)
            case _:
                pass

    def _give(self, given: Given) -> None:
        """Leave the newest message of a track where its task takes it."""
        slot = self._newest[given.topic.track]
        if slot.full():
            slot.get_nowait()
        slot.put_nowait(given)

    async def _publish(self, track: str, slot: asyncio.Queue[Given]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            given = await slot.get()
            try:
                array, pts_ns = await loop.run_in_executor(
                    self._pool, taken, given.topic, given.message, self._decoder
                )
                self._owned.add(track)
                self._client.publish(track, array, pts_ns=pts_ns)
            except (ValueError, KeyError, TypeError, OSError, EventError) as error:
                _log.warning("%s: %s", track, error)

    def _ask(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._asked) >= ASKED:
            work.close()
            _log.warning("the robot asks faster than the model answers: left out")
            return
        task = asyncio.create_task(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _command(self, command: dict[str, Any]) -> None:
        try:
            told = await commanded(self._client, command)
        except (KeyError, TypeError) as error:
            text = f"not a command: {error!r}"
            told = {"type": "$error", "data": {"code": "bad_message", "text": text}}
        self._say(self.guest.told("result", told))

    async def _map(self, name: str, data: Mapping[str, Any]) -> None:
        kind, reply = await sent(self._client, name, data)
        if kind == "$error":
            _log.warning("%s %s: %s", name, reply["code"], reply["text"])

    async def _answer(self, call: Called) -> None:
        try:
            values: Any = await called(self._client, call.event, call.arguments)
        except (ValueError, TypeError) as error:
            values = str(error)
        self._say(self.guest.answer(call, values))

    # --- the end ------------------------------------------------------------------------------

    async def _until_ended(self) -> None:
        await self._ended.wait()

    async def _leave(self, tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for track in self._owned:
            with suppress(ReactorError, TimeoutError):
                await self._client.unpublish(track)
        # A transport waits for bytes that nobody reads to leave: cut, it has none to wait for.
        if raw := self._raw():
            with suppress(OSError):
                raw.shutdown(sockets.SHUT_RDWR)

    def _raw(self) -> sockets.socket | None:
        return self._socket.get_extra_info("socket")
