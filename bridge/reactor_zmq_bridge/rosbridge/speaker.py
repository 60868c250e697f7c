"""One rosbridge client: its operations, its subscriptions, its client of the front end."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec

from reactor_zmq.client import Message
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import EventError, ReactorError
from reactor_zmq.wire.control import Status
from reactor_zmq_bridge.link import Link
from reactor_zmq_bridge.rosbridge.asking import called, commanded
from reactor_zmq_bridge.rosbridge.graph import Graph, Topic, absolute, graph_of, long_type
from reactor_zmq_bridge.rosbridge.messages import frame_message, text_written, written
from reactor_zmq_bridge.rosbridge.rosapi import look_around
from reactor_zmq_bridge.rosbridge.taking import taken
from reactor_zmq_bridge.surroundings import Surroundings
from reactor_zmq_ros2.contract import read_contract
from reactor_zmq_ros2.pictures import best_decoder, best_encoder

_log = logging.getLogger("reactor_zmq.bridge")
_LOADED = ("ready", "waiting")


class Speaker:
    """Speaks rosbridge with one peer; belongs to the loop's thread."""

    def __init__(self, around: Surroundings, client: AsyncClient, link: Link, run: str) -> None:
        self._around, self._client, self._link, self._run = around, client, link, run
        self._encoder, self._decoder = best_encoder(), best_decoder()
        self._graph: Graph | None = None
        self._subscriptions: dict[str, tuple[str, str, asyncio.Task[None] | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        client.on_message(self._message_told)
        client.on_status(self._status_told)
        client.on_state(lambda _fields: self._tell_state())

    async def came(self, data: str | bytes) -> None:
        """Take one operation; what is wrong with it is told as a status."""
        told: Any = None
        try:
            told = json.loads(data)
            await self._take(told)
        except (ValueError, KeyError, TypeError, RecursionError, EventError) as error:
            trouble = {"op": "status", "level": "error", "msg": f"{error}"}
            number = told.get("id") if isinstance(told, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            self._link.say(json.dumps(trouble | ({"id": number} if number else {})))

    async def close(self) -> None:
        """Forget the subscriptions and leave the run."""
        for _, _, task in self._subscriptions.values():
            if task:
                task.cancel()
        for task in self._tasks:
            task.cancel()
        await self._client.close()

    async def _take(self, told: dict[str, Any]) -> None:
        match told["op"]:
            case "subscribe":
                await self._subscribe(told)
            case "unsubscribe":
                self._unsubscribe(str(told["topic"]))
            case "publish":
                await self._publish(absolute(told["topic"]), told["msg"])
            case "call_service":
                self._spawn(self._call(told))
            case "advertise" | "unadvertise" | "set_level" | "auth":
                pass  # any input may be published to; the rest says nothing to us
            case op:
                raise ValueError(f"there is no operation {op!r} here")

    async def _known(self) -> Graph:
        """Return the graph, when the model has loaded."""
        if self._graph is None:
            await self._client.wait_ready(60)
            contract = read_contract(await self._client.schema())
            tracks = msgspec.to_builtins(self._client.tracks)
            inputs = msgspec.to_builtins(self._client.input_tracks)
            self._graph = graph_of(self._run, contract, tracks, inputs)
        return self._graph

    # --- topics -------------------------------------------------------------------------------

    async def _subscribe(self, told: Mapping[str, Any]) -> None:
        # What comes is named as the client named it: some compare the text.
        name = str(told["topic"])
        topic = (await self._known()).outputs.get(absolute(name))
        if topic is None:
            raise ValueError(f"there is no topic {name}")
        if (kind := told.get("type")) and long_type(kind) != topic.type:
            raise ValueError(f"{name} is {topic.type}, not {kind}")
        self._unsubscribe(name)
        compression = str(told.get("compression") or "none")
        pause_s = float(told.get("throttle_rate") or 0) / 1000
        task = None
        if topic.track:
            task = asyncio.create_task(self._show(name, topic, compression, pause_s))
        self._subscriptions[name] = (topic.role, compression, task)
        if topic.role == "state":
            self._tell_state()

    def _unsubscribe(self, name: str) -> None:
        _, _, task = self._subscriptions.pop(name, ("", "", None))
        if task:
            task.cancel()

    async def _show(self, name: str, topic: Topic, compression: str, pause_s: float) -> None:
        """Send the newest frame, again and again; one that leaves late makes others gaps."""
        loop = asyncio.get_running_loop()
        frames = self._client.frames(topic.track)
        due = 0.0
        try:
            async for frame in frames:
                if (now := time.monotonic()) < due:
                    continue
                due = now + pause_s

                def make(frame: Any = frame) -> str | bytes:
                    cdr = frame_message(topic, frame, self._encoder)
                    return written(name, topic.type, cdr, compression, time.time_ns())

                await self._link.send_now(await loop.run_in_executor(self._around.pool, make))
        except (ReactorError, TimeoutError, ConnectionError, ValueError) as error:
            _log.info("%s stopped: %s", name, error)
        finally:
            frames.close()

    async def _publish(self, name: str, message: dict[str, Any]) -> None:
        topic = (await self._known()).inputs.get(name)
        if topic is None:
            raise ValueError(f"nothing may be published to {name}")
        if topic.role == "command":
            self._spawn(self._command(json.loads(message["data"])))
            return
        array, pts_ns = taken(topic, message, self._decoder)
        self._client.publish(topic.track, array, pts_ns=pts_ns)

    def _tell(self, role: str, told: Mapping[str, Any]) -> None:
        for name, (kind, compression, _) in self._subscriptions.items():
            if kind == role:
                text = text_written(name, told, compression)
                if isinstance(text, str):
                    self._link.say(text)
                else:
                    self._spawn(self._link.send_now(text))

    def _message_told(self, message: Message) -> None:
        self._tell("events", {"type": message.type, "data": dict(message.data)})

    def _status_told(self, status: Status) -> None:
        if status.state not in _LOADED:
            self._graph = None  # it may be another model when it is back
        self._tell_state()

    def _tell_state(self) -> None:
        status = msgspec.to_builtins(self._client.status)
        self._tell("state", {**status, "fields": dict(self._client.state)})

    # --- services -----------------------------------------------------------------------------

    async def _call(self, told: Mapping[str, Any]) -> None:
        name = absolute(str(told.get("service", "")))
        arguments: Any = told.get("args") or {}
        answer = {"op": "service_response", "service": told.get("service"), "result": True}
        if "id" in told:
            answer["id"] = told["id"]
        try:
            values = await self._answered(name, arguments)
        except (ValueError, KeyError, TypeError, ReactorError, TimeoutError) as error:
            self._link.say(json.dumps({**answer, "values": f"{error}", "result": False}))
        else:
            self._link.say(json.dumps({**answer, "values": values}, ensure_ascii=False))

    async def _answered(self, name: str, arguments: Any) -> dict[str, Any]:
        graph = await self._known()
        if name in ("/rosapi/get_param", "/rosapi/set_param"):
            return await self._parameter(graph, name, arguments)
        if name.startswith("/rosapi/"):
            return look_around(name.removeprefix("/rosapi/"), arguments, graph, time.time_ns())
        event = graph.services.get(name)
        if event is None:
            raise ValueError(f"there is no service {name}")
        return await called(self._client, event, arguments)

    async def _parameter(self, graph: Graph, name: str, arguments: Any) -> dict[str, Any]:
        field = str(arguments.get("name", "")).rpartition(":")[2]
        setter = graph.contract.setter(field)
        if field not in graph.contract.state or setter is None:
            raise ValueError(f"there is no parameter {field!r}")
        if name.endswith("get_param"):
            return {"value": json.dumps(self._client.state.get(field)), "successful": True}
        value = json.loads(arguments["value"])
        await self._client.send(setter.name, **{next(iter(setter.values)): value})
        return {"successful": True}

    async def _command(self, command: Mapping[str, Any]) -> None:
        self._tell("result", await commanded(self._client, command))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            trouble = {"op": "status", "level": "error", "msg": str(error)}
            self._link.say(json.dumps(trouble))
