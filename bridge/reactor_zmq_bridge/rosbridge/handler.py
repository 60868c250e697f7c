"""The path of the dialect: who may speak it, and for how long."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from reactor_zmq_bridge.bridge import Bridge
from reactor_zmq_bridge.config import BridgeLimits
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.link import Link
from reactor_zmq_bridge.requests import BRIDGE, address_of, bearer
from reactor_zmq_bridge.rosbridge.speaker import Speaker

REFUSED = 4401
EARLY = 16  # operations that may come before the proof, and wait for it
_SAY_SO = 'say {"op": "auth", "mac": TOKEN} first, or send the header Authorization: Bearer TOKEN'


async def rosbridge(request: web.Request) -> web.StreamResponse:
    """``/rosbridge``, and a WebSocket on ``/``: one rosbridge client."""
    bridge = request.app[BRIDGE]
    limits = bridge.config.limits
    answer = web.WebSocketResponse(
        compress=False, max_msg_size=limits.binary_nbytes, autoping=False, timeout=1.0
    )
    await answer.prepare(request)
    assert isinstance(request.transport, asyncio.Transport)  # noqa: S101 - it was just used
    link = Link(answer, request.transport, bridge.config.times, limits.outbox_nbytes)
    try:
        await link.read_in(_talk(request, link))
    finally:
        await link.end()
    return answer


async def _talk(request: web.Request, link: Link) -> None:
    bridge, address = request.app[BRIDGE], address_of(request)
    early: list[str | bytes] = []
    try:
        token = bearer(request) or await _token(link, bridge.config.limits, early)
        async with bridge.place(address):
            await _serve(bridge, link, token, early)
    except BridgeError as error:
        link.say(json.dumps({"op": "status", "level": "error", "msg": str(error)}))
        await link.close(REFUSED, error.text[:100])


async def _serve(bridge: Bridge, link: Link, token: str, early: list[str | bytes]) -> None:
    scope = bridge.door.scope_of(token)
    client = await bridge.door.connect(token, "rosbridge", scope)
    speaker = Speaker(bridge.around, client, link, bridge.door.found().name)
    try:
        for data in early:
            await speaker.came(data)
        while (data := await link.receive()) is not None:
            await speaker.came(data)
    finally:
        await speaker.close()


async def _token(link: Link, limits: BridgeLimits, early: list[str | bytes]) -> str:
    """Wait for the operation that proves who it is; roslibpy may send others before."""
    try:
        async with asyncio.timeout(limits.hello_s):
            while len(early) < EARLY and (data := await link.receive()) is not None:
                if len(data) > limits.text_nbytes:
                    break  # strangers fill no memory
                told: Any = json.loads(data)
                if told["op"] == "auth":
                    return str(told["mac"])
                early.append(data)
    except (TimeoutError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise BridgeError("unauthenticated", _SAY_SO)
