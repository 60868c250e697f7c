"""The session's life, from the first client to the last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from reactor_zmq.actor.calls import escalate, run_handler, run_hook
from reactor_zmq.actor.emission import Emitter, Outlet
from reactor_zmq.actor.inputs import InputTrackSet
from reactor_zmq.actor.uploads import UploadStore
from reactor_zmq.model.client import ClientInfo
from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.model.pipeline import ReactorModel
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.model.state import missing_required, pack_value, state_fields, take_changes
from reactor_zmq.wire.link import Join, Joined, Restore, StateChanged, Waiting

log = logging.getLogger("reactor_zmq.actor")


class Session:
    """State, clients and hooks of the session that runs, if one does.

    Attributes:
        clients: Who is there, by id, in order of arrival.
        connected: Set while anybody is there.
        missing: Required fields that nobody has set.
    """

    def __init__(
        self,
        spec: ModelSpec,
        model: ReactorModel,
        outlet: Outlet,
        emitter: Emitter,
        inputs: InputTrackSet,
        uploads: UploadStore,
        *,
        close_turns: Callable[[], Awaitable[None]],
    ) -> None:
        self.clients: dict[str, ClientInfo] = {}
        self.connected = asyncio.Event()
        self.missing: tuple[str, ...] = ()
        self.active = False
        self._spec = spec
        self._model = model
        self._outlet = outlet
        self._emitter = emitter
        self._inputs = inputs
        self._uploads = uploads
        self._close_turns = close_turns
        self._restores: list[Restore] = []
        self._untold = False

    async def join(self, join: Join) -> None:
        """Let a client in; the first one starts the session.

        What the first client is told by ``@connected`` goes out before the session's state does.
        """
        if join.client_id in self.clients:
            return
        client = ClientInfo(join.client_id, join.joined_at, partial(self._send_to, join.client_id))
        if not self.active:
            await self._start(client)
        self.clients[client.id] = client
        self.connected.set()
        self._outlet.post(Joined(client.id))
        await self._hook("connected", client=client)
        self.tell_state()
        self.tell_missing()

    async def leave(self, client_id: str) -> None:
        """Let a client go; the last one ends the session."""
        client = self.clients.pop(client_id, None)
        if client is None:
            return
        if not self.clients:
            self.connected.clear()
        await self._hook("disconnected", client=client)
        if self.clients:
            self.tell_state()
        else:
            await self._finish(client)

    async def end(self) -> None:
        """End the session: every client leaves."""
        for client_id in list(self.clients):
            await self.leave(client_id)

    async def restore(self, restore: Restore) -> None:
        """Put back what was applied before a crash; a session yet to start waits for it."""
        if not self.active:
            self._restores.append(restore)
            return
        for name, packed in restore.fields:
            try:
                await self._restore_field(name, packed)
            except Exception as error:  # an author's handler may raise anything
                log.exception("the state field %s could not be restored", name)
                escalate(error)
        if self.clients:
            self.tell_state()
            self.tell_missing()

    async def announce_upload(self, upload_id: str, client_id: str) -> None:
        """Run the hook for a file that has arrived, unless it or its client has gone."""
        client = self.clients.get(client_id)
        if client is None or "file_uploaded" not in self._spec.hooks:
            return
        try:
            file = self._uploads.resolve(upload_id)
        except KeyError:
            return
        await self._hook("file_uploaded", uploaded_file=file, client=client)
        self.tell_state()
        self.tell_missing()

    def say(self, message: ModelMessage, client_id: str | None = None) -> None:
        """Send a message to one client, or to all; who is not in the session hears nothing.

        Raises:
            TypeError: It is no message, or a field of it has no form on the wire.
        """
        if not isinstance(message, ModelMessage):  # type: ignore[reportUnnecessaryIsInstance] - authors pass anything
            raise TypeError(f"expected a ModelMessage, got {type(message).__qualname__}")
        if self.clients if client_id is None else client_id in self.clients:
            self._outlet.say(message, client_id or "")

    def tell_state(self) -> None:
        """Tell which public fields changed since the last time; all of them at the first."""
        if not self.active or self._spec.state_class is None:
            return
        fresh, self._untold = self._untold, False
        packed: dict[str, bytes] = {}
        for name, value in take_changes(self._model.state).items():
            try:
                packed[name] = pack_value(value)
            except TypeError:
                log.exception("the state field %s has a value that can't be told", name)
        if packed or fresh:
            self._outlet.post(StateChanged(packed, fresh))

    def tell_missing(self) -> None:
        """Tell, where that has changed, which required fields hold the generator."""
        missing: tuple[str, ...] = ()
        if self._spec.required and self.active and self._spec.is_pipeline:
            missing = missing_required(self._model.state)
        if missing != self.missing:
            self.missing = missing
            self._outlet.post(Waiting(missing))

    async def _start(self, client: ClientInfo) -> None:
        self.active = self._untold = True
        self._model.state = self._spec.new_state()
        self._emitter.begin_session()
        await self._hook("session_started", client=client)
        restores, self._restores = self._restores, []
        for restore in restores:
            await self.restore(restore)

    async def _finish(self, last: ClientInfo) -> None:
        for track in self._inputs:
            track.close()
        await self._close_turns()
        await self._hook("session_ended", client=last)
        vars(self._model).pop("state", None)
        # Not when the next one starts: a frame may be quicker than its publisher's Join.
        for track in self._inputs:
            track.reopen()
        self.active = False
        self.tell_missing()

    async def _hook(self, kind: str, **given: Any) -> None:
        await run_hook(self._spec, self._model, kind, **given)

    async def _send_to(self, client_id: str, message: ModelMessage) -> None:
        self.say(message, client_id)

    async def _restore_field(self, name: str, packed: bytes) -> None:
        state_class, setter = self._spec.state_class, self._spec.events.get(f"set_{name}")
        field = state_fields(state_class).get(name) if state_class else None
        if field is None or setter is None:
            return
        value = field.decode(packed, self._uploads.resolve)
        if setter.method is None or len(setter.fields) != 1:
            setattr(self._model.state, name, value)
            return
        nobody = ClientInfo("", 0.0, self._send_to_all)
        await run_handler(self._model, setter, {setter.fields[0].name: value}, nobody)

    async def _send_to_all(self, message: ModelMessage) -> None:
        self.say(message)
