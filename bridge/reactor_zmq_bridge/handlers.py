"""What answers the paths of the bridge, but for the page's files."""

from __future__ import annotations

import asyncio
import hmac
import time

from aiohttp import web

from reactor_zmq_bridge import words
from reactor_zmq_bridge.codecs.encoder import Recipe
from reactor_zmq_bridge.conversation import BAD_TOKEN, HELLO_LATE, TOO_BIG, TOO_MANY
from reactor_zmq_bridge.errors import BadMessageError, BridgeError
from reactor_zmq_bridge.flow_words import Follow
from reactor_zmq_bridge.link import Link
from reactor_zmq_bridge.record import Codec
from reactor_zmq_bridge.requests import (
    BRIDGE,
    address_of,
    bearer,
    from_loopback,
    json_response,
    refusal,
)
from reactor_zmq_bridge.session import Session
from reactor_zmq_bridge.sinks import BOUNDARY, BodySink, MjpegSink
from reactor_zmq_bridge.viewer import Showing, Viewer

_TRY_AGAIN = 1013
_CLOSE = {
    "unauthenticated": BAD_TOKEN,
    "too_many": TOO_MANY,
    "unreachable": _TRY_AGAIN,
    "busy": _TRY_AGAIN,
}
_LOOK_S = 0.5


async def socket(request: web.Request) -> web.StreamResponse:
    """``/ws``: the conversation of one browser."""
    bridge = request.app[BRIDGE]
    limits = bridge.config.limits
    answer = web.WebSocketResponse(
        protocols=("reactor.v1",),
        compress=False,
        max_msg_size=limits.binary_nbytes,
        autoping=False,
        timeout=1.0,
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
    session = await _greeted(request, link)
    if session is None:
        return
    try:
        await _converse(session, link, request.app[BRIDGE].config.limits.text_nbytes)
    finally:
        session.unlink(link)


async def _greeted(request: web.Request, link: Link) -> Session | None:
    bridge = request.app[BRIDGE]
    timer = asyncio.get_running_loop().call_later(
        bridge.config.limits.hello_s,
        lambda: asyncio.ensure_future(link.close(HELLO_LATE, "no $hello came")),
    )
    try:
        data = await link.receive()
    finally:
        timer.cancel()
    if data is None:
        return None
    id: words.Id = None  # noqa: A001 - the wire's word
    try:
        text = words.decode_text(data, bridge.config.limits.text_nbytes)
        id = text.id  # noqa: A001 - the wire's word
        if text.type != "$hello":
            raise BadMessageError("the first message is $hello")
        hello = words.decode_word(text, words.Hello)
        if hello.version != words.VERSION:
            raise BadMessageError(
                f"version {hello.version} is not spoken here, only {words.VERSION}"
            )
        session, resumed = await bridge.admit(
            hello, address_of(request), loopback=from_loopback(request)
        )
    except BridgeError as error:
        link.say(words.encode_error(error.code, error.text, error.field, id=id))
        await link.close(_CLOSE.get(error.code, BAD_TOKEN), error.text[:100])
        return None
    await session.link(link, resumed=resumed)
    return session


async def _converse(session: Session, link: Link, text_nbytes: int) -> None:
    while (data := await link.receive()) is not None:
        if isinstance(data, str) and len(data) > text_nbytes:
            await link.close(TOO_BIG, f"a text has at most {text_nbytes} bytes")
            return
        session.came(data)


async def stream(request: web.Request) -> web.StreamResponse:
    """``/stream``: frame records, for as long as somebody reads them."""
    session = request.app[BRIDGE].by_viewer(request.query.get("viewer", ""))
    ticket = bearer(request).encode()
    if session is None or not hmac.compare_digest(session.stream_ticket.encode(), ticket):
        return refusal(401, "unauthenticated", "this ticket opens no stream; $view gives one")
    response = web.StreamResponse()
    response.content_type = "application/octet-stream"
    response.headers["X-Accel-Buffering"] = "no"
    await response.prepare(request)
    sink = BodySink(request, response)
    before = session.viewer.sink
    session.viewer.attach(sink)
    if isinstance(before, BodySink):
        before.end()
    try:
        await _until_over(request, sink, session)
    finally:
        session.viewer.detach(sink)
    return response


async def mjpeg(request: web.Request) -> web.StreamResponse:
    """``/mjpeg/<track>``: for ``<img>``; the ticket is good once, for it stands in the address."""
    bridge = request.app[BRIDGE]
    holder = bridge.around.tickets.redeem(
        request.query.get("ticket", ""), "mjpeg", time.monotonic()
    )
    session = bridge.by_viewer(holder) if holder else None
    if session is None:
        return refusal(401, "unauthenticated", "this ticket is not good; $ticket gives one")
    name = request.match_info["track"]
    track = next((t for t in session.tracks if (t.name, t.kind) == (name, "video")), None)
    if track is None:
        return refusal(404, "not_found", f"there is no video track {name!r}")
    response = web.StreamResponse()
    response.headers["Content-Type"] = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    await response.prepare(request)
    await response.write(f"--{BOUNDARY}\r\n".encode())
    times = bridge.config.times
    sink = MjpegSink(request, response)
    viewer = Viewer(
        bridge.around.sources,
        send_s=times.send_s,
        keep_alive_s=times.keep_alive_s,
        on_unsuitable=sink.give_up,
    )
    viewer.attach(sink)
    recipe = Recipe(Codec.JPEG, None, bridge.config.jpeg_quality)
    viewer.show(Showing(track, recipe, Follow(track.index, 1, acked=False)))
    try:
        await _until_over(request, sink, session)
    finally:
        viewer.close()
    return response


async def recording(request: web.Request) -> web.StreamResponse:
    """``/recordings/NAME``: a finished recording, for whom a ticket was issued that may steer."""
    bridge = request.app[BRIDGE]
    now = time.monotonic()
    holder = bridge.around.tickets.redeem(request.query.get("ticket", ""), "recording", now)
    session = bridge.by_viewer(holder or "")
    if session is None or session.recording is None or bridge.around.tape is None:
        return refusal(401, "unauthenticated", "this ticket opens no recording")
    path = bridge.around.tape.file(request.match_info["name"])
    if path is None or not path.is_file():
        return refusal(404, "unknown", "there is no such recording")
    disposition = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return web.FileResponse(path, headers=disposition)


async def _until_over(request: web.Request, sink: BodySink, session: Session) -> None:
    bridge = request.app[BRIDGE]
    while not sink.over.done() and bridge.by_secret(session.secret) is session:
        await asyncio.wait((sink.over,), timeout=_LOOK_S)
        if request.transport is None or request.transport.is_closing():
            return


async def health(request: web.Request) -> web.StreamResponse:
    """``/health/live``, ``ready`` and ``startup``: this process answers; a run is there."""
    bridge = request.app[BRIDGE]
    good = request.match_info["what"] == "live" or bridge.door.reachable()
    return json_response({"status": "ok" if good else "no run"}, 200 if good else 503)
