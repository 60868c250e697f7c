"""As much of HTTP/1.1 as a probe speaks: a GET without a body, an answer that ends the connection.

Bytes in, a request or a refusal out; it knows no socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from reactor_zmq.errors import ReactorError

MAX_HEAD_NBYTES = 4096
_END = b"\r\n\r\n"
_METHODS = ("GET", "HEAD")
_VERSIONS = ("HTTP/1.0", "HTTP/1.1")
_TEXT = "text/plain; charset=utf-8"


class HttpError(ReactorError):
    """What came is no request that is answered here.

    Attributes:
        status: That of the answer.
        text: One sentence for a person.
    """

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Request:
    """A probe's question.

    Attributes:
        path: Without its query.
        host: Name or address without its port, in lower case; empty where none came.
        wants_body: False for HEAD.
    """

    path: str
    host: str = ""
    wants_body: bool = True


def read_request(received: bytes) -> Request | None:
    """Return the request that the bytes begin with, None while its head is not whole.

    Raises:
        HttpError: They are no request that is answered here, or more than MAX_HEAD_NBYTES.
    """
    end = received.find(_END)
    if end < 0 or end > MAX_HEAD_NBYTES:
        if len(received) > MAX_HEAD_NBYTES:
            text = f"a head has at most {MAX_HEAD_NBYTES} bytes"
            raise HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text)
        return None
    try:
        line, *fields = received[:end].decode("ascii").split("\r\n")
    except UnicodeDecodeError as error:
        raise _bad("a head is ASCII") from error
    method, path = _start(line)
    headers = _headers(fields)
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise _bad("a request has no body")
    return Request(path.partition("?")[0], _host(headers.get("host", "")), method == "GET")


def respond(status: HTTPStatus, body: str, kind: str = _TEXT, *, wants_body: bool = True) -> bytes:
    """Return an answer, after which the connection is closed."""
    content = body.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: {kind}\r\n"
        f"Content-Length: {len(content)}\r\n"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + (content if wants_body else b"")


def _start(line: str) -> tuple[str, str]:
    method, _, rest = line.partition(" ")
    path, _, version = rest.partition(" ")
    if version not in _VERSIONS or not path.startswith("/") or not path.isprintable():
        raise _bad("a request begins with METHOD /path HTTP/1.1")
    if method not in _METHODS:
        raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "GET and HEAD are answered here")
    return method, path


def _headers(fields: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in fields:
        name, colon, value = field.partition(":")
        if not colon or not name or not name.isprintable() or " " in name:
            raise _bad("a header is NAME: VALUE")
        if name.lower() in found and name.lower() in ("host", "content-length"):
            raise _bad(f"{name.lower()} comes once")
        found[name.lower()] = value.strip()
    return found


def _host(value: str) -> str:
    if value.startswith("["):
        return value[: value.find("]") + 1].lower()
    return value.partition(":")[0].lower()


def _bad(text: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, text)
