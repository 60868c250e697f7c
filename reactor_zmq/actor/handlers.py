"""Events, each applied to its end and answered."""

from __future__ import annotations

import logging
from typing import Any

from reactor_zmq.actor.calls import call_handler, checked_reply, escalate, settle
from reactor_zmq.actor.emission import Outlet
from reactor_zmq.actor.session import Session
from reactor_zmq.actor.uploads import UploadStore
from reactor_zmq.errors import EventError
from reactor_zmq.model.events import EventSpec
from reactor_zmq.model.messages import ModelMessage, message_name, pack_message
from reactor_zmq.model.pipeline import ReactorModel
from reactor_zmq.model.spec import ModelSpec
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.link import EventIn, Reply, ReplyError

log = logging.getLogger("reactor_zmq.actor")


class Handlers:
    """Applies events one at a time; belongs to the event loop's thread."""

    def __init__(
        self,
        spec: ModelSpec,
        model: ReactorModel,
        session: Session,
        uploads: UploadStore,
        outlet: Outlet,
    ) -> None:
        self._events = spec.events
        self._model = model
        self._session = session
        self._uploads = uploads
        self._outlet = outlet

    async def apply(self, event: EventIn, tokens: list[int]) -> None:
        """Run an event's handler and answer every token: state first, then the reply.

        Raises:
            ActorFault: The handler raised an error of the GPU.
        """
        try:
            spec, reply = self._call(event)
            if spec.is_async:
                reply = await settle(reply)
            answer = _packed(checked_reply(spec, reply))
        except Exception as error:  # noqa: BLE001 - an author's handler may raise anything
            self._failed(event, tokens, error)
            return
        self._answer(tokens, answer)

    def is_async(self, event: EventIn) -> bool:
        """Return whether an event's handler has to be awaited."""
        spec = self._events.get(event.type)
        return spec is not None and spec.is_async

    def apply_at_once(self, event: EventIn) -> None:
        """Do as :meth:`apply` does, for an event whose handler is not async.

        Raises:
            ActorFault: The handler raised an error of the GPU.
        """
        tokens = [event.token]
        try:
            answer = _packed(checked_reply(*self._call(event)))
        except Exception as error:  # noqa: BLE001 - an author's handler may raise anything
            self._failed(event, tokens, error)
            return
        self._answer(tokens, answer)

    def _failed(self, event: EventIn, tokens: list[int], error: Exception) -> None:
        if isinstance(error, EventError):
            self._answer(tokens, error)
            return
        log.error("the handler of %s raised", event.type, exc_info=error)
        self._answer(tokens, EventError(Code.INTERNAL_ERROR, "the event's handler failed"))
        escalate(error)

    def _call(self, event: EventIn) -> tuple[EventSpec, Any]:
        client = self._session.clients.get(event.client_id)
        spec = self._events.get(event.type)
        if client is None:
            raise EventError(Code.CLOSED, "the session has ended")
        if spec is None:
            raise EventError(Code.UNKNOWN_EVENT, f"the model has no event {event.type!r}")
        values = spec.decode(event.encoding, event.data, self._uploads.resolve)
        return spec, call_handler(self._model, spec, values, client)

    def _answer(self, tokens: list[int], answer: tuple[str, bytes] | EventError) -> None:
        self._session.tell_state()
        for token in tokens:
            if isinstance(answer, EventError):
                error = ReplyError(token, str(answer.code), str(answer.text), answer.field)
                self._outlet.post(error)
            else:
                self._outlet.post(Reply(token, *answer))
        self._session.tell_missing()


def _packed(reply: ModelMessage | None) -> tuple[str, bytes]:
    if reply is None:
        return "", b"\x80"
    return message_name(type(reply)), pack_message(reply)
