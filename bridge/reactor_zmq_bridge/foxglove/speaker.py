"""One Foxglove client: what it subscribed to, what it asks, its client of the front end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec

from reactor_zmq.client import Message
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import EventError, ReactorError
from reactor_zmq.wire.control import Status
from reactor_zmq.wire.scope import covers
from reactor_zmq_bridge.bucket import Bucket
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.foxglove import words
from reactor_zmq_bridge.foxglove.offer import Offer, offer_of
from reactor_zmq_bridge.foxglove.publishing import Publishing
from reactor_zmq_bridge.foxglove.showing import Showing
from reactor_zmq_bridge.foxglove.words import Called, Level
from reactor_zmq_bridge.link import Link
from reactor_zmq_bridge.surroundings import Surroundings

_log = logging.getLogger("reactor_zmq.bridge")
_LOADED = ("ready", "waiting")
_MODEL = "model"  # the line that says how the model is
_ENDED = 1013


class Speaker:
    """Speaks with one peer; belongs to the loop's thread.

    Args:
        around: What all sessions share.
        client: The peer's own; closed by ``close``.
        link: To the peer.
        run: The run's name, which is known while the model is not.
    """

    def __init__(self, around: Surroundings, client: AsyncClient, link: Link, run: str) -> None:
        self._client, self._link = client, link
        self._offer = Offer()
        self._schema: dict[str, Any] | None = None
        self._followed: set[str] | None = set()  # None follows all parameters
        self._unanswered = around.config.limits.unanswered
        self._text_nbytes = around.config.limits.text_nbytes
        limits = around.config.limits
        self._bucket = Bucket(limits.messages_hz, limits.burst, time.monotonic())
        self._tasks: set[asyncio.Task[None]] = set()
        self._goodbye: asyncio.Task[None] | None = None
        self._learning = asyncio.Lock()
        self._epoch = -1
        self._warned = False
        self._showing = Showing(client, link, around.pool)
        self._publishing = Publishing(client, around.pool, self._sent, self._complain)
        self._introduce(run)
        client.on_status(self._status_told)
        client.on_state(self._state_told)
        self._spawn(self._hear())
        self._status_told(client.status)

    def came(self, data: str | bytes) -> None:
        """Take one message; what is wrong with it is told as a status."""
        try:
            if isinstance(data, str):
                self._take(words.decode_text(data, self._text_nbytes))
                return
            told = words.decode_binary(data)
            if isinstance(told, Called):
                self._spawn(self._call(told))
            else:
                self._publishing.take(told)
        except (BridgeError, ValueError) as error:
            self._complain(str(error))

    async def close(self) -> None:
        """Forget the subscriptions and leave the run."""
        self._showing.close()
        self._publishing.close()
        for task in self._tasks:
            task.cancel()
        await self._client.close()

    def _take(self, told: words.Operation) -> None:
        match told:
            case words.Subscribe():
                self._showing.subscribe(told.subscriptions)
            case words.Unsubscribe():
                self._showing.unsubscribe(told.subscription_ids)
            case words.Advertise():
                self._publishing.advertise(told.channels)
            case words.Unadvertise():
                self._publishing.unadvertise(told.channel_ids)
            case words.GetParameters():
                self._tell_parameters(told.parameter_names, told.id)
            case words.SetParameters():
                self._spawn(self._set(told))
            case words.FollowParameters():
                self._follow(told.parameter_names)
            case words.UnfollowParameters():
                names = set(told.parameter_names)
                self._followed = (self._followed or set()) - names if names else set()

    # --- what the run is ----------------------------------------------------------------------

    def _introduce(self, run: str) -> None:
        steers = covers(self._client.scope, "steer")
        capabilities = words.STEERING if steers else words.LOOKING
        info: dict[str, Any] = {
            "name": run,
            "capabilities": capabilities,
            "supportedEncodings": words.ENCODINGS,
            "metadata": {"library": "reactor-zmq"},
            "sessionId": self._client.session,
        }
        self._link.say(words.said("serverInfo", **info))

    async def _learn(self) -> None:
        """Offer what the model has, which may be another one than before."""
        async with self._learning:
            client = self._client
            epoch = client.status.epoch
            if epoch == self._epoch:
                return
            document = await client.schema()
            self._epoch = epoch
            if document == self._schema:
                return
            offer = offer_of(
                client.model, document, client.tracks, client.input_tracks, client.scope
            )
            before, self._offer, self._schema = self._offer, offer, document
            if before.channels:
                self._link.say(words.said("unadvertise", channelIds=list(before.channels)))
                self._link.say(words.said("unadvertiseServices", serviceIds=list(before.services)))
            channels = [channel.told(number) for number, channel in offer.channels.items()]
            self._link.say(words.said("advertise", channels=channels))
            if offer.services:
                services = offer.service_texts
                self._link.say(words.said("advertiseServices", services=services))
            self._showing.offer(offer)
            self._publishing.offer(offer)
            self._state_told(dict(client.state))

    def _status_told(self, status: Status) -> None:
        self._showing.tell("status", msgspec.to_builtins(status))
        if status.state in _LOADED:
            if self._warned:
                self._link.say(words.said("removeStatus", statusIds=[_MODEL]))
            self._warned = False
            self._spawn(self._learn())
        else:
            self._warned = True
            text = f"the model is {status.state}" + (f": {status.reason}" if status.reason else "")
            self._link.say(words.status(Level.WARNING, text, _MODEL))

    def _state_told(self, fields: Mapping[str, object]) -> None:
        if fields:
            self._showing.tell_state(fields)
            names = [name for name, value in self._offer.parameters.items() if value.name in fields]
            followed = self._followed
            self._say_values([name for name in names if followed is None or name in followed])

    async def _hear(self) -> None:
        """Show what the model says, and events; the end of the client ends the link."""
        try:
            async for message in self._client.messages():
                self._heard(message)
        except ReactorError as error:
            _log.info("a Foxglove client ended: %s", error)
        # Its end ends this task, too, and the goodbye has to be said first.
        goodbye = self._link.close(_ENDED, "the run has ended or let this client go")
        self._goodbye = asyncio.create_task(goodbye)

    def _heard(self, message: Message) -> None:
        data = dict(message.data)
        if message.type == "$event":
            self._showing.tell("events", data)
        elif not message.type.startswith("$"):
            self._showing.tell("messages", {"type": message.type, "data": data})

    # --- parameters ---------------------------------------------------------------------------

    def _follow(self, names: tuple[str, ...]) -> None:
        if names and self._followed is not None:
            self._followed |= set(names)
        else:
            self._followed = None

    def _tell_parameters(self, names: tuple[str, ...], id: str | None = None) -> None:  # noqa: A002
        self._say_values(names or tuple(self._offer.parameters), id)

    def _say_values(self, names: tuple[str, ...] | list[str], id: str | None = None) -> None:  # noqa: A002
        state = self._client.state
        told = [found for name in names if (found := self._offer.parameter(name, state))]
        if told or id is not None:
            fields: dict[str, Any] = {"parameters": told} | ({"id": id} if id is not None else {})
            self._link.say(words.said("parameterValues", **fields))

    async def _set(self, told: words.SetParameters) -> None:
        for each in told.parameters:
            setter = self._offer.setters.get(each.name)
            if setter is None:
                self._complain(f"{each.name} can't be set here")
                continue
            event, argument = setter
            try:
                await self._sent(event, {argument: each.value})
            except (BridgeError, ReactorError, TimeoutError) as error:
                self._complain(f"{each.name}: {_text_of(error)}")
        # What was refused is shown as it is.
        self._say_values([each.name for each in told.parameters], told.id)

    # --- services -----------------------------------------------------------------------------

    async def _call(self, called: Called) -> None:
        event = self._offer.services.get(called.service)
        if event is None or called.encoding != "json":
            self._link.say(words.failure(called, "there is no such service, or not in JSON"))
            return
        try:
            data = msgspec.json.decode(called.data or b"{}", type=dict[str, Any])
            reply = await self._sent(event.name, data)
        except (BridgeError, ReactorError, TimeoutError, msgspec.DecodeError) as error:
            self._link.say(words.failure(called, _text_of(error)))
        else:
            self._link.say(words.answer(called, msgspec.json.encode(reply)))

    async def _sent(self, event: str, data: Mapping[str, Any]) -> dict[str, Any]:
        if not self._bucket.take(time.monotonic()) or len(self._tasks) > self._unanswered:
            raise BridgeError("rate_limited", "too many events at once; send it again later")
        return dict((await self._client.send(event, **data)).data)

    def _complain(self, text: str) -> None:
        self._link.say(words.status(Level.ERROR, text))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._complain(str(error))


def _text_of(error: Exception) -> str:
    """Return a refusal in words: its code first, and the field at fault."""
    if isinstance(error, EventError | BridgeError):
        return ": ".join(part for part in (error.code, error.field, error.text) if part)
    return str(error)
