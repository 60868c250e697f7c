"""The path of Foxglove's protocol: who may speak it, and for how long."""

from __future__ import annotations

import asyncio

from aiohttp import web

from reactor_zmq.wire.scope import covers
from reactor_zmq_bridge.bridge import Bridge
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.foxglove import words
from reactor_zmq_bridge.foxglove.speaker import Speaker
from reactor_zmq_bridge.link import Link
from reactor_zmq_bridge.requests import BRIDGE, address_of, bearer

REFUSED, NO_SUBPROTOCOL = 4401, 1002


async def foxglove(request: web.Request) -> web.StreamResponse:
    """``/foxglove``: one Foxglove client, its token in the address or in a header.

    The app can give neither headers nor a first message, so the address it is; the path is not
    logged, and no page of another origin gets this far.
    """
    bridge = request.app[BRIDGE]
    limits = bridge.config.limits
    answer = web.WebSocketResponse(
        protocols=words.SUBPROTOCOLS,
        compress=False,
        max_msg_size=limits.binary_nbytes,
        autoping=False,
        timeout=1.0,
    )
    await answer.prepare(request)
    assert isinstance(request.transport, asyncio.Transport)  # noqa: S101 - it was just used
    link = Link(answer, request.transport, bridge.config.times, limits.outbox_nbytes)
    try:
        await link.read_in(_talk(request, link, spoken=answer.ws_protocol is not None))
    finally:
        await link.end()
    return answer


async def _talk(request: web.Request, link: Link, *, spoken: bool) -> None:
    if not spoken:
        await link.close(NO_SUBPROTOCOL, f"speak {' or '.join(words.SUBPROTOCOLS)}")
        return
    bridge = request.app[BRIDGE]
    token = bearer(request) or request.query.get("token", "")
    try:
        async with bridge.place(address_of(request)):
            await _serve(bridge, link, token)
    except BridgeError as error:
        link.say(words.status(words.Level.ERROR, str(error)))
        await link.close(REFUSED, error.text[:100])


async def _serve(bridge: Bridge, link: Link, token: str) -> None:
    scope = bridge.door.scope_of(token)
    steers = covers(scope, "steer")
    client = await bridge.door.connect(token, "foxglove", scope, follow_events=steers)
    speaker = Speaker(bridge.around, client, link, bridge.door.found().name)
    try:
        while (data := await link.receive()) is not None:
            speaker.came(data)
    finally:
        await speaker.close()
