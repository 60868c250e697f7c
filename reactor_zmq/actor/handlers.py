"""Events, each applied to its end and answered."""

from __future__ import annotations

import logging

from reactor_zmq.actor.calls import escalate, run_handler
from reactor_zmq.actor.emission import Outlet
from reactor_zmq.actor.session import Session
from reactor_zmq.actor.uploads import UploadStore
from reactor_zmq.errors import EventError
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
            answer = _packed(await self._run(event))
        except EventError as error:
            self._answer(tokens, error)
            return
        except Exception as error:  # an author's handler may raise anything
            log.exception("the handler of %s raised", event.type)
            self._answer(tokens, EventError(Code.INTERNAL_ERROR, "the event's handler failed"))
            escalate(error)
            return
        self._answer(tokens, answer)

    async def _run(self, event: EventIn) -> ModelMessage | None:
        client = self._session.clients.get(event.client_id)
        spec = self._events.get(event.type)
        if client is None:
            raise EventError(Code.CLOSED, "the session has ended")
        if spec is None:
            raise EventError(Code.UNKNOWN_EVENT, f"the model has no event {event.type!r}")
        values = spec.decode(event.encoding, event.data, self._uploads.resolve)
        return await run_handler(self._model, spec, values, client)

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
