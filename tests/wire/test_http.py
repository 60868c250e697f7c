"""As much of HTTP as a probe speaks."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.wire.http import MAX_HEAD_NBYTES, HttpError, Request, read_request, respond


def test_request_is_read_when_its_head_is_whole() -> None:
    """Byte by byte nothing is known until the empty line has come."""
    whole = b"GET /health/ready?x=1 HTTP/1.1\r\nHost: LocalHost:5572\r\nAccept: */*\r\n\r\n"
    assert [read_request(whole[:n]) for n in range(len(whole))] == [None] * len(whole)
    assert read_request(whole) == Request("/health/ready", "localhost", wants_body=True)


def test_hosts_lose_their_port_and_keep_their_brackets() -> None:
    """Also an address of IPv6."""
    head = "HEAD / HTTP/1.0\r\nHost: {}\r\n\r\n"
    hosts = ("[::1]:80", "127.0.0.1", "")
    found = [read_request(head.format(host).encode()) for host in hosts]
    assert [r and (r.host, r.wants_body) for r in found] == [
        ("[::1]", False),
        ("127.0.0.1", False),
        ("", False),
    ]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST / HTTP/1.1\r\n", HTTPStatus.METHOD_NOT_ALLOWED),
        ("GET / HTTP/2\r\n", HTTPStatus.BAD_REQUEST),
        ("GET nowhere HTTP/1.1\r\n", HTTPStatus.BAD_REQUEST),
        ("GET /\x7f HTTP/1.1\r\n", HTTPStatus.BAD_REQUEST),
        ("GET /é HTTP/1.1\r\n", HTTPStatus.BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost\r\n", HTTPStatus.BAD_REQUEST),
        ("GET / HTTP/1.1\r\n folded: x\r\n", HTTPStatus.BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", HTTPStatus.BAD_REQUEST),
        ("GET / HTTP/1.1\r\nContent-Length: 3\r\n", HTTPStatus.BAD_REQUEST),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", HTTPStatus.BAD_REQUEST),
        ("\r\n", HTTPStatus.BAD_REQUEST),
    ],
)
def test_what_is_no_probe_is_refused(head: str, status: HTTPStatus) -> None:
    """Methods, versions, bodies and headers that no probe needs have a status each."""
    with pytest.raises(HttpError) as caught:
        read_request(head.encode() + b"\r\n")
    assert caught.value.status is status


def test_head_without_end_is_refused_at_its_bound() -> None:
    """Nobody may send for ever."""
    assert read_request(b"x" * MAX_HEAD_NBYTES) is None
    with pytest.raises(HttpError) as caught:
        read_request(b"x" * (MAX_HEAD_NBYTES + 1))
    assert caught.value.status is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: f"GET {t}\r\n\r\n".encode()))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    """Whatever comes is read, awaited or refused, never anything else."""
    try:
        found = read_request(data)
    except HttpError:
        return
    assert found is None or found.path.startswith("/")


def test_answers_say_their_length_and_that_they_are_the_last() -> None:
    """HEAD gets the same head without the body."""
    whole = respond(HTTPStatus.OK, "ready\n")
    head, _, body = whole.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 6\r\n" in head
    assert b"Connection: close" in head
    assert body == b"ready\n"
    assert respond(HTTPStatus.OK, "ready\n", wants_body=False) == head + b"\r\n\r\n"
