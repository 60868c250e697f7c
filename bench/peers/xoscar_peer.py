"""xoscar: an actor in a process of its own whose method returns the next frame."""

from __future__ import annotations

import asyncio
import collections
import threading

import xoscar as xo
from drawing import Waiting, drawn

_AHEAD = 4
_frames = Waiting()


class Camera(xo.Actor):
    """Hands out frames."""

    async def frame(self):
        """Wait for the next frame without holding the loop."""
        loop = asyncio.get_running_loop()
        frame = None
        while frame is None:
            frame = await loop.run_in_executor(None, _frames.get, 0.05)
        return frame


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def begin(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)


class Producer:
    """A pool of one process that hosts the actor."""

    def __init__(self, folder: str) -> None:
        self._loop = _Loop()
        self._pool = self._loop.begin(self._start(folder)).result(20)
        self.address = {"at": self._pool.external_address}

    async def _start(self, _folder: str):
        pool = await xo.create_actor_pool("127.0.0.1", n_process=0)
        await xo.create_actor(Camera, address=pool.external_address, uid="camera")
        return pool

    def send(self, order, number, gallery) -> None:
        _frames.put(drawn(order, number, gallery).copy())

    def close(self) -> None:
        self._loop.begin(self._pool.stop())


class Reader:
    """A caller that has four calls under way."""

    def __init__(self, address, _place: int) -> None:
        self._loop = _Loop()
        self._camera = self._loop.begin(xo.actor_ref(address=address["at"], uid="camera")).result(
            20
        )
        self._calls: collections.deque = collections.deque()

    def take(self, timeout_s: float):
        while len(self._calls) < _AHEAD:
            self._calls.append(self._loop.begin(self._camera.frame()))
        try:
            frame = self._calls[0].result(timeout_s)
        except TimeoutError:
            return None
        self._calls.popleft()
        return frame

    def close(self) -> None:
        for call in self._calls:
            call.cancel()
