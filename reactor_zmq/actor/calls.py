"""Calls into the author's class: hooks and handlers, one at a time, between turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any

from reactor_zmq.actor.faults import is_gpu_fault
from reactor_zmq.errors import ActorFault
from reactor_zmq.model.client import ClientInfo
from reactor_zmq.model.events import EventSpec
from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.model.pipeline import ReactorModel
from reactor_zmq.model.spec import ModelSpec

log = logging.getLogger("reactor_zmq.actor")


async def run_hook(spec: ModelSpec, model: ReactorModel, kind: str, **given: Any) -> None:
    """Run the author's hook of this kind, where there is one.

    What it raises is logged with its traceback, and life goes on.

    Args:
        spec: The model's class, read.
        model: Its instance.
        kind: Such as ``connected``.
        **given: ``client``, which the hook gets if it asks for it, and what else it takes.

    Raises:
        ActorFault: It raised an error of the GPU.
    """
    hook = spec.hooks.get(kind)
    if hook is None:
        return
    if not hook.takes_client:
        given.pop("client", None)
    try:
        result = _call(model, hook.method, given)
        if hook.is_async:
            await settle(result)
    except Exception as error:  # an author's code may raise anything
        log.exception("the hook %s raised", hook.method)
        escalate(error)


async def run_handler(
    model: ReactorModel, event: EventSpec, values: Mapping[str, Any], client: ClientInfo
) -> ModelMessage | None:
    """Apply an event to its end and return what it replies.

    Raises:
        TypeError: The handler returned something else than a message or None.
        Exception: What the handler raised.
    """
    reply = call_handler(model, event, values, client)
    return checked_reply(event, await settle(reply) if event.is_async else reply)


def call_handler(
    model: ReactorModel, event: EventSpec, values: Mapping[str, Any], client: ClientInfo
) -> Any:
    """Apply an event and return what its handler gave, which is to be awaited if that is async.

    Raises:
        Exception: What the handler raised.
    """
    if event.method is None:
        setattr(model.state, event.contract.sets, values[event.contract.sets])
        return None
    given = {**values, "client": client} if event.takes_client else values
    return _call(model, event.method, given)


def checked_reply(event: EventSpec, reply: Any) -> ModelMessage | None:
    """Return what a handler replied.

    Raises:
        TypeError: It is something else than a message or None.
    """
    if reply is not None and not isinstance(reply, ModelMessage):
        text = f"{event.method} returned a {type(reply).__name__}, not a ModelMessage or None"
        raise TypeError(text)
    return reply


def _call(model: ReactorModel, method: str, given: Mapping[str, Any]) -> Any:
    try:
        return getattr(model, method)(**given)
    except asyncio.CancelledError as error:
        raise RuntimeError("something that was asked for here was cancelled") from error


async def settle(awaitable: Awaitable[Any]) -> Any:
    """Await what an author's code gave.

    Raises:
        RuntimeError: Something that it awaited was cancelled, which is the author's affair and
            must not pass for the end of the host's own task.
        Exception: What the author's code raised.
    """
    try:
        return await awaitable
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("something that was awaited here was cancelled") from error


def escalate(error: Exception) -> None:
    """Give the process up where an author's error leaves the GPU unusable.

    Raises:
        ActorFault: It does.
    """
    if is_gpu_fault(error):
        raise ActorFault("the GPU is in a state that only a new process clears") from error
