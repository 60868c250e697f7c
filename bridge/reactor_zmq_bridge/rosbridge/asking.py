"""What ROS asks of a model, in the words of ROS: services and commands become events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import EventError, ReactorError
from reactor_zmq_ros2.contract import Event

Told = tuple[str, dict[str, Any]]


async def sent(client: AsyncClient, name: str, data: Mapping[str, Any]) -> Told:
    """Send an event and return its reply's type and data; ``$error`` for what went wrong."""
    try:
        reply = await client.send(name, **data)
    except EventError as error:
        return "$error", {"code": error.code, "text": error.text, "field": error.field}
    except (ReactorError, TimeoutError) as error:
        return "$error", {"code": "closed", "text": str(error)}
    return reply.type, dict(reply.data)


async def called(client: AsyncClient, event: Event, arguments: Any) -> dict[str, Any]:
    """Send an event as a service was called, and return ``success`` and ``message``.

    Raises:
        ValueError: Arguments that are neither a mapping nor a list.
        TypeError: The same.
    """
    kind, data = await sent(client, event.name, _named(event, arguments))
    message = "" if kind == "$ok" else json.dumps({"type": kind, "data": data})
    if kind == "$error":
        message = f"{data['code']}: {data['text']}"
    return {"success": kind != "$error", "message": message}


async def commanded(client: AsyncClient, command: Mapping[str, Any]) -> dict[str, Any]:
    """Send the event of a ``command``, and return what ``command_result`` tells, with its id."""
    kind, data = await sent(client, str(command["type"]), command.get("data") or {})
    number = {"id": command["id"]} if "id" in command else {}
    return {"type": kind, "data": data, **number}


def _named(event: Event, arguments: Any) -> dict[str, Any]:
    """Return a call's arguments by name; SetBool's ``data`` is the one boolean."""
    if isinstance(arguments, list):
        return dict(zip(event.values, arguments, strict=False))  # pyright: ignore[reportUnknownArgumentType]
    given: dict[str, Any] = dict(arguments)
    if len(event.values) == 1 and set(given) == {"data"} and "data" not in event.values:
        return {next(iter(event.values)): given["data"]}
    return given
