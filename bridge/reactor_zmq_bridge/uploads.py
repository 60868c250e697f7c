"""``POST /uploads``: files for the model, given on by the session's client."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

from aiohttp import web

from reactor_zmq.client import UploadReference
from reactor_zmq.errors import EventError, ReactorError
from reactor_zmq_bridge.config import BridgeLimits
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.requests import BRIDGE, bearer, json_response, refusal
from reactor_zmq_bridge.session import Session

# A body that does not come at all holds its place for so long.
_BODY_S = 120.0
_STATUS = {
    "unauthenticated": 401,
    "forbidden": 403,
    "too_large": 413,
    "invalid_data": 400,
    "upload_corrupt": 400,
    "busy": 429,
    "closed": 503,
    "not_ready": 503,
    "model_unavailable": 503,
}


async def take_file(request: web.Request) -> web.StreamResponse:
    """Take one file and return the reference by which events name it."""
    bridge = request.app[BRIDGE]
    session = bridge.by_secret(bearer(request))
    if session is None:
        return refusal(401, "unauthenticated", "this session is not known")
    try:
        _check(request, session, bridge.config.limits)
        with bridge.upload_place():
            reference = await _give_on(request, session)
    except (BridgeError, EventError) as error:
        return refusal(_STATUS.get(error.code, 409), error.code, error.text, error.field)
    except (ReactorError, TimeoutError):
        return refusal(503, "closed", "the run was lost before it had the file")
    told = {
        "upload_id": reference.upload_id,
        "name": reference.name,
        "mime_type": reference.mime_type,
        "size": reference.size,
    }
    return json_response({"upload": told}, 201)


def _check(request: web.Request, session: Session, limits: BridgeLimits) -> None:
    """Refuse what can be refused before the body is read."""
    if session.client.scope == "view":
        raise BridgeError("forbidden", "this token is for looking only")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        text = "files come as they are: a compressed length says nothing of their size"
        raise BridgeError("invalid_data", text, "Content-Encoding")
    nbytes = request.content_length
    if nbytes is None:
        raise BridgeError("invalid_data", "Content-Length is required", "Content-Length")
    if nbytes > limits.upload_nbytes:
        text = f"a file has at most {limits.upload_nbytes} bytes, {nbytes} are announced"
        raise BridgeError("too_large", text, "Content-Length")


async def _give_on(request: web.Request, session: Session) -> UploadReference:
    # The front end asks for size and SHA-256 first, so that the whole file has to be here.
    body = bytearray()
    async with asyncio.timeout(_BODY_S):
        async for chunk in request.content.iter_any():
            body += chunk
    name = unquote(request.headers.get("X-Upload-Name", "")) or "upload"
    return await session.client.upload(body, name=name, mime_type=request.content_type)
