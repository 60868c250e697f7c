"""One browser's session: its client of the front end, its conversation, what it looks at."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct

from reactor_zmq.client import Message
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import EventError, LocalProtocolError, ReactorError
from reactor_zmq.wire.codes import State
from reactor_zmq.wire.control import Status
from reactor_zmq.wire.scope import covers
from reactor_zmq_bridge import words
from reactor_zmq_bridge.conversation import AskSchema, Bye, Conversation
from reactor_zmq_bridge.conversation_words import (
    Came,
    Do,
    Fire,
    Linked,
    Refused,
    Replied,
    Say,
    Shut,
    Stimulus,
    Told,
    Unlinked,
)
from reactor_zmq_bridge.errands import Errands
from reactor_zmq_bridge.errors import BadRecordError
from reactor_zmq_bridge.inlets import Inlets
from reactor_zmq_bridge.link import Link
from reactor_zmq_bridge.record import decode_record
from reactor_zmq_bridge.sinks import SocketSink
from reactor_zmq_bridge.stats import Meter
from reactor_zmq_bridge.surroundings import Surroundings
from reactor_zmq_bridge.tracks import Track
from reactor_zmq_bridge.viewer import Viewer
from reactor_zmq_bridge.viewing import Viewing
from reactor_zmq_bridge.words import Id

_log = logging.getLogger("reactor_zmq.bridge")
_LOADED = (State.READY, State.WAITING)


class Session:
    """Outlives its browser's links; belongs to the loop's thread.

    Attributes:
        secret: What resumes it and lets it upload; only its browser knows it.
        viewer_id: What names its viewer in paths; no secret.
        stream_ticket: What opens its streams.
        token: What it proved itself with.
        address: Where its browser is.
        client: Its client of the front end.
    """

    def __init__(
        self,
        around: Surroundings,
        client: AsyncClient,
        hello: words.Hello,
        address: str,
        *,
        loopback: bool,
        on_over: Callable[[Session], None],
    ) -> None:
        self.secret, self.stream_ticket = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        self.viewer_id = secrets.token_hex(8)
        self.token, self.address, self.client = hello.token, address, client
        self.schema: dict[str, Any] | None = None
        self._around = around
        self._follows_state = hello.follow_state
        self._on_over = on_over
        self._link: Link | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._schema_epoch = -1
        self._tracks_told: tuple[Track, ...] = ()
        self._conversation = Conversation(around.config.limits, time.monotonic())
        self.viewer = Viewer(
            around.sources,
            send_s=around.config.times.send_s,
            keep_alive_s=around.config.times.keep_alive_s,
            on_unsuitable=lambda track, recipe, why: self._viewing.step_down(
                track, recipe.codec, why
            ),
        )
        self._meter = Meter(self.viewer)
        self._viewing = Viewing(
            self.viewer, self._push, loopback, around.codecs, around.config.jpeg_quality
        )
        self._inlets = Inlets(client, around.pool, self._push)
        self._errands = Errands(
            self.viewer_id,
            around,
            self._viewing,
            self._inlets,
            self._push,
            lambda: self.tracks,
            self._way,
        )
        client.on_message(self._message_told)
        client.on_status(self._status_told)
        client.on_state(self._state_told)
        self._spawn(self._watch_client())

    # --- the browser's links ------------------------------------------------------------------

    async def prepare(self) -> None:
        """Learn what the ``$welcome`` tells; the model may still be loading."""
        if self.client.status.state in _LOADED:
            await self._learn_schema()

    async def link(self, link: Link, *, resumed: bool) -> None:
        """Talk by this link from here on; an older one is closed."""
        old, self._link = self._link, link
        if old is not None:
            self._leave(old, 4409, "this session goes on by another link")
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        link.unanswered_since = lambda: self.viewer.flow.unanswered_since
        link.say(words.encode_text("$welcome", self._welcome(resumed=resumed)))
        if isinstance(self.viewer.sink, SocketSink) or self._viewing.view.transport == "ws":
            self.viewer.attach(SocketSink(link))
        if self._follows_state:
            link.say(words.encode_text("$state", dict(self.client.state)))
        self._apply(Linked())

    def unlink(self, link: Link) -> None:
        """Note that a link has ended; the session waits for its browser for a while."""
        if self._link is not link:
            return
        self._link = None
        self._apply(Unlinked())
        if isinstance(self.viewer.sink, SocketSink):
            self.viewer.detach()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(self._around.config.times.resume_s, self._on_over, self)

    async def close(self, code: int = 1001, reason: str = "the bridge is stopping") -> None:
        """End the session: the browser hears why, the front end a goodbye."""
        if self._expiry is not None:
            self._expiry.cancel()
        link, self._link = self._link, None
        if isinstance(self.viewer.sink, SocketSink):
            self.viewer.detach()  # closing would break the link, and the goodbye goes by it
        self.viewer.close()
        self._inlets.close()
        if link is not None:
            await link.close(code, reason)
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
        await asyncio.gather(*self._goodbyes)
        await self.client.close()

    # --- what comes ---------------------------------------------------------------------------

    def came(self, data: str | bytes) -> None:
        """Take one message of the browser."""
        if isinstance(data, str):
            self._apply(Came(data))
            return
        try:
            self._inlets.take(decode_record(data))
        except BadRecordError as error:
            self._push("$error", {"code": error.code, "message": error.text, "recoverable": True})

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The model's tracks as known by now."""
        client = self.client
        return self._around.tracks.list(client.tracks, client.inputs, _input_kinds(self.schema))

    def tell_stats(self) -> None:
        """Tell what was sent in the last second, if anything is shown."""
        if self._link is not None and self.viewer.showing:
            self._push("$stats", self._meter.read(self._around.viewers()))

    @property
    def recording(self) -> dict[str, object] | None:
        """The bridge's recording; None for who may not steer it."""
        tape = self._around.tape
        return tape.told if tape is not None and covers(self.client.scope, "steer") else None

    def tell_recording(self) -> None:
        """Tell how the bridge's recording goes."""
        if (told := self.recording) is not None:
            self._show("$recording", told)

    def _welcome(self, *, resumed: bool) -> dict[str, object]:
        limits = self._around.config.limits
        self._tracks_told = self.tracks
        return {
            "version": words.VERSION,
            "session": self.secret,
            "resumed": resumed,
            "scope": self.client.scope,
            "model": {"name": self.client.model, "description": _description(self.schema)},
            "tracks": [track.told() for track in self._tracks_told],
            "schema": self.schema,
            "limits": {
                "message_nbytes": limits.text_nbytes,
                "binary_nbytes": limits.binary_nbytes,
                "upload_nbytes": limits.upload_nbytes,
            },
            "status": msgspec.to_builtins(self.client.status),
            "recording": self.recording,
            "loopback": self._viewing.loopback,
        }

    # --- what the front end tells -------------------------------------------------------------

    def _message_told(self, message: Message) -> None:
        self._push(message.type, dict(message.data))

    def _status_told(self, status: Status) -> None:
        self._show("$status", msgspec.to_builtins(status))
        if status.state in _LOADED and status.epoch != self._schema_epoch:
            self._spawn(self._learn_again())

    def _state_told(self, fields: dict[str, object]) -> None:
        if self._follows_state and fields:
            self._show("$state", fields)

    async def _learn_schema(self) -> None:
        epoch = self.client.status.epoch
        with suppress(ReactorError, TimeoutError):
            self.schema = await self.client.schema()
            self._schema_epoch = epoch

    async def _learn_again(self) -> None:
        before = self.schema
        await self._learn_schema()
        # First the tracks: who is told of a schema may take it that all is known.
        if self.tracks != self._tracks_told:
            self._tracks_told = self.tracks
            self._show("$tracks", {"tracks": [track.told() for track in self.tracks]})
        if self.schema != before:
            self._show("$schema", self.schema)

    async def _watch_client(self) -> None:
        # Messages go by the callback, in order with replies and state; here they are let go.
        try:
            async for _ in self.client.messages():
                pass
        except ReactorError as error:
            _log.info("a session's client ended: %s", error)
            self._shut(1013, "the run has ended or let this client go")

    # --- the conversation ---------------------------------------------------------------------

    def _apply(self, stimulus: Stimulus) -> None:
        for instruction in self._conversation.handle(stimulus, time.monotonic()):
            match instruction:
                case Say(text):
                    if self._link is not None:
                        self._link.say(text)
                case Fire():
                    self._spawn(self._fire(instruction))
                case Do(word, id):
                    self._do(word, id)
                case Shut(code, reason):
                    self._shut(code, reason)

    def _push(self, kind: str, data: object, id: Id = None) -> None:  # noqa: A002 - the wire's word
        self._apply(Told(kind, data, id))

    def _show(self, kind: str, data: object) -> None:
        """Tell what each ``$welcome`` tells anew: it does not wait for a browser that is away."""
        if self._link is not None:
            self._push(kind, data)

    def _do(self, word: Struct, id: Id) -> None:  # noqa: A002 - the wire's word
        match word:
            case Bye():
                self._shut(1000, "goodbye")
            case AskSchema():
                self._push("$schema", self.schema, id)
            case words.RecordRun(on):
                self._spawn(self._errands.record(self.client, on, id))
            case words.Unpublish(name):
                self._spawn(self._errands.unpublish(name, id))
            case _:
                self._errands.run(word, id)

    def _way(self, transport: str) -> dict[str, object]:
        """Send records by one transport from here on; return how the browser reaches it."""
        if transport == "ws" and self._link is not None:
            self.viewer.attach(SocketSink(self._link))
        elif isinstance(self.viewer.sink, SocketSink):
            self.viewer.detach()
        return {
            "viewer": self.viewer_id,
            "stream_ticket": self.stream_ticket,
            "path": f"/stream?viewer={self.viewer_id}",
            "transport": transport,
        }

    def _shut(self, code: int, reason: str) -> None:
        link = self._link
        if link is not None:
            self._leave(link, code, reason)
            self.unlink(link)
        self._on_over(self)

    def _leave(self, link: Link, code: int, reason: str) -> None:
        task = asyncio.create_task(link.close(code, reason))
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

    async def _fire(self, event: Fire) -> None:
        try:
            reply = await self.client.send(event.type, **event.fields)
        except EventError as error:
            self._apply(Refused(event.key, error.code, error.text, error.field))
        except LocalProtocolError as error:
            self._apply(Refused(event.key, "invalid_data", str(error)))
        except (ReactorError, TimeoutError):
            self._apply(Refused(event.key, "closed", "the run was lost before it answered"))
        else:
            self._apply(Replied(event.key, reply.type, reply.data))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _description(schema: dict[str, Any] | None) -> str:
    return str((schema or {}).get("info", {}).get("description", ""))


def _input_kinds(schema: dict[str, Any] | None) -> dict[str, str]:
    tracks = (schema or {}).get("x-reactor", {}).get("tracks", ())
    return {each["name"]: each["kind"] for each in tracks if each["direction"] == "in"}
