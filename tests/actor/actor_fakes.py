"""A clock that jumps, an outlet that remembers, and a rig that plays a host on simulated time."""

from __future__ import annotations

import asyncio
import functools
import heapq
import itertools
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import numpy as np

from reactor_zmq.actor.clock import complete
from reactor_zmq.actor.host import ModelHost
from reactor_zmq.memory.loan import Loan
from reactor_zmq.memory.writer import Stored
from reactor_zmq.model.messages import message_name, pack_message
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.wire import link
from reactor_zmq.wire.envelope import Encoding

MS = 1_000_000
SECOND = 1_000_000_000


class JumpingClock:
    """Simulated time: it stands still while anything can run, then jumps to the next wait's end."""

    def __init__(self) -> None:
        self.now_ns = 100 * SECOND
        self._order = itertools.count()
        self._timers: list[tuple[int, int, Callable[[], None]]] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def unix_ns(self) -> int:
        return self.now_ns + 1_700_000_000 * SECOND

    def work(self, ms: float) -> None:
        """Let computing take its time."""
        self.now_ns += round(ms * MS)

    def at(self, time_ns: int, call: Callable[[], None]) -> None:
        """Call something when the time has come."""
        heapq.heappush(self._timers, (time_ns, next(self._order), call))

    async def wait(self, arrival: asyncio.Future[None], until_ns: int | None) -> None:
        if until_ns is not None and not arrival.done():
            self.at(until_ns, lambda: complete(arrival))
        await arrival

    async def play(self, ms: float) -> None:
        """Let so much time pass."""
        end_ns = self.now_ns + round(ms * MS)
        await settle()
        while self._timers and self._timers[0][0] <= end_ns:
            time_ns, _, call = heapq.heappop(self._timers)
            self.now_ns = max(self.now_ns, time_ns)
            call()
            await settle()
        self.now_ns = max(self.now_ns, end_ns)
        await settle()


async def settle() -> None:
    """Return when nothing in this loop can run any more."""
    loop: Any = asyncio.get_running_loop()
    await asyncio.sleep(0)
    for _ in range(20_000):
        if not loop._ready:
            return
        await asyncio.sleep(0)
    raise AssertionError("the loop never comes to rest: something spins")


class FakeFrames:
    """Frame memory without a ring; ``slots`` bounds how many frames it takes."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.slots: int | None = None
        self.committed = 0

    def submit(self, array: Any, done: Callable[[Stored], None]) -> bool:
        if self.slots is not None and len(self.arrays) >= self.slots:
            return False
        self.arrays.append(np.array(array))
        done(Stored(1, len(self.arrays) - 1, array.shape, array.dtype.str))
        return True

    def loan(self, shape: tuple[int, ...], dtype: Any = np.uint8, like: Any = "numpy") -> Loan:
        return Loan(np.zeros(shape, dtype), like=like)

    def commit(self, loan: Loan, done: Callable[[Stored], None]) -> bool:
        self.committed += 1
        return self.submit(loan.array, done)


class FakeOutlet:
    """Remembers what the host says, in order."""

    def __init__(self) -> None:
        self.posted: list[Any] = []
        self.frames = FakeFrames()
        self.unwanted: set[int] = set()

    def post(self, message: link.FromActor) -> None:
        self.posted.append(message)

    def say(self, message: Any, client_id: str) -> None:
        self.post(link.Message(client_id, message_name(type(message)), pack_message(message)))

    def wanted(self, track: int) -> bool:
        return track not in self.unwanted

    def of(self, kind: type) -> list[Any]:
        """Return what was posted of one kind."""
        return [m for m in self.posted if isinstance(m, kind)]


class Rig:
    """A host of one model instance, and a front end's hands."""

    def __init__(self, model_class: type, *, window_s: float = 30.0) -> None:
        self.clock = JumpingClock()
        self.outlet = FakeOutlet()
        self.arrived: list[Any] = []
        self.spec = ModelSpec.of(model_class)
        self.model: Any = model_class()
        self.model.clock = self.clock
        self.model.log = []
        self.host = ModelHost(
            self.spec,
            self.model,
            self.outlet,
            clock=self.clock,
            window_s=window_s,
            pump=self._pump,
        )
        self._tokens = itertools.count(1)

    @property
    def log(self) -> list[Any]:
        return self.model.log

    def _pump(self) -> None:
        arrived, self.arrived[:] = list(self.arrived), []
        for message in arrived:
            self.host.receive(message)

    def join(self, client_id: str = "a") -> None:
        self.host.receive(link.Join(client_id, 1.5, "s"))

    def leave(self, client_id: str = "a") -> None:
        self.host.receive(link.Leave(client_id))

    def event(self, name: str, client_id: str = "a", **data: Any) -> link.EventIn:
        packed = msgspec.msgpack.encode(data)
        return link.EventIn(next(self._tokens), client_id, name, Encoding.MSGPACK, packed)

    def send(self, name: str, client_id: str = "a", **data: Any) -> int:
        """Let an event arrive; return its token."""
        event = self.event(name, client_id, **data)
        self.host.receive(event)
        return event.token

    def replies(self) -> dict[int, Any]:
        """Return every answer by token: (type, data) or the error's code."""
        found: dict[int, Any] = {}
        for message in self.outlet.posted:
            if isinstance(message, link.Reply):
                assert message.token not in found
                found[message.token] = (message.type, msgspec.msgpack.decode(message.data))
            elif isinstance(message, link.ReplyError):
                assert message.token not in found
                found[message.token] = message.code
        return found

    def frames(self) -> list[link.Frame]:
        return self.outlet.of(link.Frame)

    @asynccontextmanager
    async def serving(self):
        """Serve while the block runs; what the host raises comes out."""
        task = asyncio.ensure_future(self.host.serve())
        try:
            await settle()
            yield self
            if not task.done():
                self.host.receive(link.Stop())
                await self.clock.play(20_000)
            assert task.done(), "the host did not stop"
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})
            self.host.uploads.close()


def play(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(test(**fixtures))

    return run
