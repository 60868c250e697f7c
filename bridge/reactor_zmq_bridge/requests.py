"""What handlers of requests share."""

from __future__ import annotations

import msgspec
from aiohttp import web

from reactor_zmq_bridge.bridge import Bridge
from reactor_zmq_bridge.door import Doorman
from reactor_zmq_bridge.gate import Gate, is_loopback

BRIDGE = web.AppKey("bridge", Bridge)
DOORMAN = web.AppKey("doorman", list[Doorman])
GATE = web.AppKey("gate", Gate)
# Who adds one of these stands between us and the browser, which may be anywhere then.
_PROXIES = ("Forwarded", "X-Forwarded-For", "Via")


def bearer(request: web.Request) -> str:
    """Return what the Authorization header carries, or nothing."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def address_of(request: web.Request) -> str:
    """Return the address of the peer."""
    return request.remote or "?"


def from_loopback(request: web.Request) -> bool:
    """Whether the browser is on this machine."""
    proxied = any(header in request.headers for header in _PROXIES)
    return not proxied and is_loopback(address_of(request))


def refusal(status: int, code: str, message: str, field: str | None = None) -> web.Response:
    """Return an error as JSON."""
    body: dict[str, object] = {"code": code, "message": message}
    if field is not None:
        body["field"] = field
    return json_response(body, status)


def json_response(body: object, status: int = 200) -> web.Response:
    """Return anything as JSON."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )
