"""A reader behind the WebSocket bridge: what a browser on this machine gets, without the browser.

Raw RGBA records through the bridge's stream, each acknowledged: lossless, so that frames are
checked as everywhere. Taking the alpha channel off again is a copy that a browser would not make.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import numpy as np

from reactor_zmq.benchmark.pictures import Picture
from reactor_zmq.benchmark.sizes import CHANNELS
from reactor_zmq.benchmark.tasks import Address
from reactor_zmq_bridge.record import Codec, Record, decode_record
from reactor_zmq_bridge.words import VERSION

_ANSWER_S = 10.0
_WINDOW = 4
_LARGEST_NBYTES = 2**27


class BrowserFrames:
    """Owns an event loop that runs only while a frame is waited for."""

    def __init__(self, address: Address, _place: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._http: Any = None
        self._next: asyncio.Task[Record] | None = None
        self._loop.run_until_complete(self._open(address["page"]))

    async def _open(self, page: str) -> None:
        url, _, token = page.partition("/#token=")
        self._http = aiohttp.ClientSession(read_bufsize=_LARGEST_NBYTES)
        self._socket = await self._http.ws_connect(f"{url}/ws", protocols=("reactor.v1",))
        await self._ask("$hello", {"version": VERSION, "token": token}, "$welcome")
        view: dict[str, object] = {
            "tracks": {"main_video": {}}, "codecs": ["rgba"], "window": {"still": _WINDOW},
        }  # fmt: skip
        viewing = await self._ask("$view", view, "$viewing")
        ticket = {"Authorization": f"Bearer {viewing['stream_ticket']}"}
        self._stream = await self._http.get(f"{url}{viewing['path']}", headers=ticket)
        self._stream.raise_for_status()

    async def _ask(self, kind: str, data: dict[str, object], answer: str) -> dict[str, Any]:
        await self._socket.send_str(json.dumps({"type": kind, "data": data, "id": kind}))
        async with asyncio.timeout(_ANSWER_S):
            while True:
                told = await self._socket.receive_json()
                if told["type"] == answer:
                    return told["data"]
                if told["type"] == "$error":
                    raise RuntimeError(f"the bridge refused {kind}: {told['data']}")

    async def _record(self) -> Record:
        while True:
            head = await self._stream.content.readexactly(4)
            rest = await self._stream.content.readexactly(int.from_bytes(head, "little"))
            record = decode_record(head + rest)
            if record.width:
                acked = {"track": record.track, "seq": record.seq}
                await self._socket.send_str(json.dumps({"type": "$ack", "data": acked}))
                return record

    async def _take(self, timeout_s: float) -> Record | None:
        # A read that is cancelled half-way would lose its place: it goes on with the next call.
        if self._next is None:
            self._next = asyncio.ensure_future(self._record())
        done, _ = await asyncio.wait({self._next}, timeout=timeout_s)
        if not done:
            return None
        found, self._next = self._next, None
        return found.result()

    def take(self, timeout_s: float) -> Picture | None:
        """Return the next frame without its alpha channel."""
        record = self._loop.run_until_complete(self._take(timeout_s))
        if record is None:
            return None
        if record.codec is not Codec.RGBA:
            raise RuntimeError(f"the bridge sends {record.codec.name}, which is not lossless")
        rgba = np.frombuffer(record.payload, np.uint8).reshape(record.height, record.width, 4)
        return np.ascontiguousarray(rgba[:, :, :CHANNELS])

    def close(self) -> None:
        """Leave."""
        if self._next is not None:
            self._next.cancel()
        self._stream.close()
        self._loop.run_until_complete(self._http.close())
        self._loop.close()
