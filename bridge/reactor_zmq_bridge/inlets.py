"""Frames that a browser sends to input tracks: decoded on a thread, published by its client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import EventError, ReactorError
from reactor_zmq_bridge.codecs.decode import decode_payload
from reactor_zmq_bridge.errors import BadRecordError, BridgeError
from reactor_zmq_bridge.record import Record
from reactor_zmq_bridge.tracks import Track

_log = logging.getLogger("reactor_zmq.bridge")
_KINDS = {1: "video", 2: "audio"}
# Audio is published block by block; of pictures only the newest waits.
_AUDIO_QUEUE = 32

Push = Callable[[str, dict[str, object]], None]


@dataclass(slots=True)
class _Inlet:
    track: Track
    kind: str
    waiting: list[Record]
    busy: bool = False
    refused: bool = False
    dropped: int = 0


class Inlets:
    """The input tracks that one browser publishes to; belongs to the loop's thread."""

    def __init__(self, client: AsyncClient, pool: ThreadPoolExecutor, push: Push) -> None:
        self._client = client
        self._pool = pool
        self._push = push
        self._open: dict[int, _Inlet] = {}

    def begin(self, name: str, kind: str, tracks: Iterable[Track]) -> None:
        """Expect frames of an input track.

        Raises:
            BridgeError: There is no such track, or it is of another kind.
        """
        found = [t for t in tracks if t.direction == "in"]
        track = next((t for t in found if t.name == name), None)
        if track is None:
            known = ", ".join(t.name for t in found) or "none"
            text = f"there is no input track {name!r}; there is: {known}"
            raise BridgeError("invalid_data", text, "track")
        if track.kind and track.kind != kind:
            raise BridgeError("invalid_data", f"track {name!r} takes {track.kind}", "kind")
        self._open[track.index] = _Inlet(track, kind, [])

    async def end(self, name: str) -> None:
        """Give an input track back.

        Raises:
            EventError: This browser does not own it.
        """
        for index, inlet in tuple(self._open.items()):
            if inlet.track.name == name:
                del self._open[index]
        await self._client.unpublish(name)

    def close(self) -> None:
        """Take nothing more."""
        self._open.clear()

    def take(self, record: Record) -> None:
        """Take one record; a picture that still waits gives way to it.

        Raises:
            BadRecordError: Its track was not announced with ``$publish``, or is of another kind.
        """
        inlet = self._open.get(record.track)
        if inlet is None:
            raise BadRecordError(f"track {record.track} was not announced with $publish")
        if _KINDS.get(record.kind) != inlet.kind:
            raise BadRecordError(f"kind {record.kind} of track {record.track} is not {inlet.kind}")
        if inlet.refused:
            return
        if inlet.kind == "video":
            inlet.dropped += len(inlet.waiting)
            inlet.waiting.clear()
        inlet.waiting.append(record)
        if len(inlet.waiting) > _AUDIO_QUEUE:
            inlet.waiting.pop(0)
            inlet.dropped += 1
        self._look(inlet)

    def _look(self, inlet: _Inlet) -> None:
        if inlet.busy or not inlet.waiting:
            return
        inlet.busy = True
        record = inlet.waiting.pop(0)
        future = asyncio.get_running_loop().run_in_executor(self._pool, decode_payload, record)
        future.add_done_callback(lambda done: self._decoded(inlet, record, done))

    def _decoded(self, inlet: _Inlet, record: Record, done: asyncio.Future[NDArray[Any]]) -> None:
        inlet.busy = False
        if done.cancelled() or self._open.get(inlet.track.index) is not inlet:
            return
        try:
            self._client.publish(inlet.track.name, done.result(), record.metadata)
        except BadRecordError as error:
            self._complain(inlet, error.code, error.text)
        except EventError as error:
            # Another browser owns the track: more frames would be refused one by one.
            inlet.refused = True
            inlet.waiting.clear()
            self._complain(inlet, error.code, error.text)
        except ReactorError as error:
            _log.debug("%s: %s", inlet.track.name, error)
        self._look(inlet)

    def _complain(self, inlet: _Inlet, code: str, text: str) -> None:
        message = f"{inlet.track.name}: {text}"
        self._push("$error", {"code": code, "message": message, "recoverable": True})
