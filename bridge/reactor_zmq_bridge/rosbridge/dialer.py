"""Keeps a run and a robot's rosbridge server connected, however often either goes away."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct, field

from reactor_zmq.client import Message, aio
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import ConfigError, ConnectionLost, EventError, LoadError, ReactorError
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.control import Status
from reactor_zmq_bridge.backoff import Backoff
from reactor_zmq_bridge.rosbridge.graph import Graph, graph_of
from reactor_zmq_bridge.rosbridge.guest import Guest, Manners
from reactor_zmq_bridge.rosbridge.visit import Visit
from reactor_zmq_ros2.contract import read_contract

_log = logging.getLogger("reactor_zmq.rosbridge")
LOADED = ("ready", "waiting")
OPEN_S = 10.0
HEARTBEAT_S = 10.0  # a robot that answers no ping for half of it has gone
CLOSE_S = 1.0
MESSAGE_NBYTES = 64 * 2**20  # a raw 4K picture as base64
_GONE = (OSError, aiohttp.ClientError)


class Journey(Struct, frozen=True, kw_only=True):
    """From which run to which robot.

    Attributes:
        target: A run's name, connection file or endpoint.
        url: ``ws://robot:9090`` or ``wss://…``.
        node: What the robot knows the run as.
        bearer: Sent as ``Authorization: Bearer``, where not empty.
        proof: More arguments of ``aio.connect``: token, server_key, key.
        most_hz: Frames per second of each track at most; 0 for all.
    """

    target: str
    url: str
    node: str
    bearer: str = ""
    proof: dict[str, Any] = field(default_factory=dict[str, Any])
    manners: Manners = field(default_factory=Manners)
    most_hz: float = 0.0


class Dialer:
    """Made on a running loop, and belongs to its thread."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._visit: Visit | None = None
        self._arrived = False
        self._checks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Connect the two until cancelled.

        Raises:
            ConfigError: What the operator has to change.
            ReactorError: The run refuses us.
        """
        backoff = Backoff()
        with ThreadPoolExecutor(2, thread_name_prefix="encode") as pool:
            while True:
                began = time.monotonic()
                try:
                    async with self._client() as client:
                        await self._serve(client, pool)
                except (ConnectionLost, LoadError, TimeoutError) as error:
                    _log.warning("no run: %s", error)
                except ConfigError as error:
                    if not self._arrived:
                        raise
                    _log.warning("no run: %s", error)  # its file has gone with it
                except EventError as error:
                    if error.code != Code.NOT_READY:
                        raise
                await asyncio.sleep(backoff.after(time.monotonic() - began, random.random()))  # noqa: S311 - spreads waits

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator[AsyncClient]:
        journey = self._journey
        client = await aio.connect(journey.target, name="rosbridge", scope="steer", **journey.proof)
        client.on_message(self._message_told)
        client.on_status(lambda status: self._status_told(client, status))
        client.on_state(lambda _fields: self._visit and self._visit.tell_state())
        try:
            yield client
        finally:
            await client.close()

    async def _serve(self, client: AsyncClient, pool: ThreadPoolExecutor) -> None:
        """Visit the robot again and again, for as long as the run is there."""
        backoff = Backoff()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
            while not client.closed:
                await client.wait_ready()
                guest = self._new_guest(await self._look(client))
                began = time.monotonic()
                try:
                    await self._one_visit(http, client, guest, pool)
                except _GONE as error:
                    _log.warning("%s: %s", self._journey.url, error or type(error).__name__)
                await asyncio.sleep(backoff.after(time.monotonic() - began, random.random()))  # noqa: S311 - the same

    async def _one_visit(
        self,
        http: aiohttp.ClientSession,
        client: AsyncClient,
        guest: Guest,
        pool: ThreadPoolExecutor,
    ) -> None:
        async with asyncio.timeout(OPEN_S):
            socket = await self._dial(http)
        self._arrived = True
        self._visit = visit = Visit(socket, client, guest, pool, self._journey.most_hz)
        counts = f"{len(guest.outputs)} topics, {len(guest.inputs)} inputs, {len(guest.services)}"
        _log.info("%s is linked: %s services", self._journey.url, counts)
        try:
            await visit.run()
        except ReactorError as error:
            _log.info("the run has changed or gone: %s", error)
        finally:
            self._visit = None
            await socket.close()
            _log.info("%s: %d frames sent, %d gaps", self._journey.url, visit.frames, visit.gaps)

    async def _dial(self, http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        journey = self._journey
        return await http.ws_connect(
            journey.url,
            headers={"Authorization": f"Bearer {journey.bearer}"} if journey.bearer else {},
            heartbeat=HEARTBEAT_S,
            max_msg_size=MESSAGE_NBYTES,
            compress=0,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),  # pyright: ignore[reportCallIssue] - its fields are attrs'
        )

    def _new_guest(self, graph: Graph) -> Guest:
        try:
            return Guest(graph, self._journey.manners)
        except ValueError as error:
            raise ConfigError(str(error)) from error

    # --- what the run tells -------------------------------------------------------------------

    def _message_told(self, message: Message) -> None:
        if self._visit:
            self._visit.tell_event({"type": message.type, "data": dict(message.data)})

    def _status_told(self, client: AsyncClient, status: Status) -> None:
        if self._visit:
            self._visit.tell_state()
        if status.state in LOADED:
            task = asyncio.create_task(self._check(client))
            self._checks.add(task)
            task.add_done_callback(self._checks.discard)

    async def _check(self, client: AsyncClient) -> None:
        """End the visit of a model that offers something else by now."""
        try:
            graph = await self._look(client)
        except (ReactorError, TimeoutError) as error:
            _log.info("the model can't be looked at: %s", error)
            return
        if self._visit and graph != self._visit.guest.graph:
            _log.info("the model has changed")
            self._visit.end()

    async def _look(self, client: AsyncClient) -> Graph:
        contract = read_contract(await client.schema())
        tracks = msgspec.to_builtins(client.tracks)
        inputs = msgspec.to_builtins(client.input_tracks)
        return graph_of(self._journey.node, contract, tracks, inputs)
