"""The paths of the bridge and what every answer has in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web

from reactor_zmq_bridge import handlers
from reactor_zmq_bridge.bridge import Bridge
from reactor_zmq_bridge.foxglove.handler import foxglove
from reactor_zmq_bridge.gate import Gate
from reactor_zmq_bridge.requests import BRIDGE, DOORMAN, GATE, refusal
from reactor_zmq_bridge.rosbridge.handler import rosbridge
from reactor_zmq_bridge.uploads import take_file

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; worker-src 'self'; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One path; other dialects are mounted by adding theirs to ``ROUTES``."""

    method: str
    path: str
    handler: Handler


async def _page(request: web.Request) -> web.StreamResponse:
    """``/``: the viewer's page; a WebSocket here is rosbridge's, which has no path of its own."""
    if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
        return await rosbridge(request)
    index = web_folder() / "viewer" / "index.html"
    if not index.is_file():
        return web.Response(text="the viewer's page is not installed", status=404)
    return web.FileResponse(index)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/", _page),
    Route("GET", "/ws", handlers.socket),
    Route("GET", "/rosbridge", rosbridge),
    Route("GET", "/foxglove", foxglove),
    Route("GET", "/stream", handlers.stream),
    Route("GET", "/mjpeg/{track}", handlers.mjpeg),
    Route("GET", "/recordings/{name}", handlers.recording),
    Route("POST", "/uploads", take_file),
    Route("GET", "/health/{what:live|ready|startup}", handlers.health),
)


def web_folder() -> Path:
    """Return the folder of the page's files: in the package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "web"
    return inside if inside.is_dir() else here.parent / "web"


def make_app(bridge: Bridge, gate: Gate) -> web.Application:
    """Return the application of one bridge."""
    app = web.Application(middlewares=[_guard], client_max_size=bridge.config.limits.upload_nbytes)
    # The doorman stands before the server that is made of this application.
    app[BRIDGE], app[GATE], app[DOORMAN] = bridge, gate, []
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
    folder = web_folder()
    if folder.is_dir():
        app.router.add_static("/web", folder)
        app.router.add_static("/viewer", folder / "viewer")
    app.on_response_prepare.append(_add_headers)
    return app


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nothing through that another site's page could have sent."""
    for doorman in request.app[DOORMAN]:
        doorman.asked(request.transport)
    if request.path.startswith("/health/"):
        return await handler(request)
    gate = request.app[GATE]
    local = request.transport.get_extra_info("sockname") if request.transport else None
    host = request.headers.get(hdrs.HOST, "")
    if not gate.host_allowed(host.lower(), local[0] if local else ""):
        return refusal(403, "forbidden", "this Host is not served here", "Host")
    if not gate.origin_allowed(request.headers.get(hdrs.ORIGIN), host.lower()):
        return refusal(403, "forbidden", "this Origin is not allowed here", "Origin")
    return await handler(request)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    if request.path != "/" and not request.path.startswith(("/web/", "/viewer/")):
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
    else:
        response.headers[hdrs.CACHE_CONTROL] = "no-cache"
    response.headers.pop(hdrs.SERVER, None)
