"""Cases 1-25: what may come over the wire, and what has to come of it."""

from __future__ import annotations

import random
import struct

import msgspec
import pytest
from hostile_peers import heard, is_cut

from reactor_zmq.config import Limits
from reactor_zmq.testing.zmtp import (
    COMMAND,
    LONG,
    MORE,
    command,
    frame,
    greeting,
    hello,
    initiate,
    multipart,
)

HELLO = msgspec.json.encode({"type": "$hello", "data": {"protocol": 1}, "id": 1})
PART = Limits().part_nbytes
HTTP_GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HTTP_POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n" + multipart(HELLO)
ZMTP_2 = b"\xff" + bytes(8) + b"\x7f\x01\x05\x00\x00\x00"

# Name: (what is sent at once, whether the other side has to close by itself).
FOREIGN = {
    "1 nothing": (b"", True),
    "2 one random byte": (b"\x9c", True),
    "3 4 KiB of random bytes": (random.Random(3).randbytes(4096), True),
    "4 another mechanism": (greeting(b"NULL"), True),
    "4 a mechanism of its own": (greeting(b"MADE-UP"), True),
    "5 ZMTP 1.0": (b"\x01\x00\x02\x00" + HELLO[:1], True),
    "6 ZMTP 2.0": (ZMTP_2 + multipart(HELLO), True),
    "7 HTTP GET": (HTTP_GET, True),
    "9 HTTP POST": (HTTP_POST, True),
    "10 TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), True),
    "a greeting only": (greeting(), True),
    "a wrong token": (greeting() + hello("wrong"), True),
    "no INITIATE": (greeting() + command(b"READY"), True),
    "events before the handshake": (greeting() + multipart(HELLO), True),
}


@pytest.mark.parametrize("which", ["events", "frames"])
def test_foreign_bytes_are_closed_and_get_nothing(served, good, link, which):
    """Cases 1-10: whoever doesn't shake hands is let go, and is told and shown nothing."""
    peers = [(name, link(which), data) for name, (data, _) in FOREIGN.items()]
    for _, peer, data in peers:
        peer.write(data)
    for name, peer, _ in peers:
        told = peer.read_to_end()
        assert b"$" not in told, name
        assert b"frame/" not in told, name
        assert len(told) <= len(greeting()) + 64, name


def test_dripping_and_silent_connections_are_let_go(served, good, link):
    """Cases 11 and 12: a greeting in drips and 300 silent links are let go; others are served."""
    client, _ = good
    silent = [link() for _ in range(300)]
    drip = link()
    while not is_cut(drip, b"\xff", 1):
        assert client.ask("$ping")["type"] == "$pong"
    for peer in silent:
        peer.read_to_end()


def test_parts_up_to_the_limit_and_beyond(served, good, link):
    """Cases 13-15: the greatest part is taken, one byte more or 2^62 announced end the link."""
    word = {"track": "camera", "shape": [1, PART // 3, 3], "pts_ns": 0}
    publish = msgspec.json.encode({"type": "$publish", "data": word, "id": 2})
    greatest = link(kind=b"DEALER")
    greatest.send(HELLO)
    assert heard(greatest)["type"] == "$welcome"
    greatest.send(publish, bytes(PART))
    greatest.send(msgspec.json.encode({"type": "$ping", "id": 3}))
    while heard(greatest).get("id") != 3:
        pass
    for size in (PART + 1, 2**40, 2**62, 2**63 - 1, 2**64 - 1):
        beyond = link(kind=b"DEALER")
        beyond.send(HELLO)
        assert heard(beyond)["type"] == "$welcome"
        beyond.write(bytes([LONG]) + struct.pack(">Q", size))
        beyond.read_to_end()


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([b""], "bad_message"),
        ([b"", b""], "bad_message"),
        ([HELLO, b"one"], "bad_message"),
        ([b"{}"], "bad_message"),
        ([b"x"] * 50, "too_many_parts"),
        ([b"x"] * 1000, "too_many_parts"),
        ([b"{" + b" " * 65_536 + b"}"], "too_large"),
    ],
    ids=[
        "19 empty",
        "18 two empty",
        "18 attached",
        "35 no type",
        "18 fifty",
        "16 1000",
        "26 large",
    ],
)
def test_wrong_parts_are_refused(served, good, link, parts, code):
    """Cases 16, 18 and 19: each is answered with the reason."""
    peer = link(kind=b"DEALER")
    peer.send(*parts)
    told = heard(peer)
    assert told["data"]["code"] == code


def test_rubbish_costs_the_link(served, good, link):
    """Case 25: events before hello are answered twenty times, then the link is closed."""
    peer = link(kind=b"DEALER")
    peer.write(multipart(b'{"type":"set_prompt","data":{"prompt":"evil"}}') * 100)
    codes = [heard(peer)["data"]["code"] for _ in range(Limits().strikes)]
    assert set(codes) == {"unauthenticated"}
    peer.read_to_end()


@pytest.mark.parametrize(
    "data",
    [
        command(b"PING"),
        command(b"PING", b"\x00"),
        frame(b"", COMMAND),
        frame(b"\xff", COMMAND),
        command(b"SUBSCRIBE", b"x"),
        command(b"PONG", b"x" * 100),
        bytes([0xF8, 1]) + b"x",
    ],
    ids=["PING", "half a TTL", "no size", "no name", "SUBSCRIBE", "PONG", "reserved flags"],
)
@pytest.mark.parametrize("which", ["events", "frames"])
def test_odd_commands_are_survived(served, good, link, which, data):
    """Case 20: whatever becomes of that link, others don't feel it."""
    peer = link(which, b"DEALER" if which == "events" else b"SUB")
    peer.write(data * 20)
    peer.socket.settimeout(0.05)
    try:
        while peer.socket.recv(4096):
            pass
    except OSError:
        pass


@pytest.mark.parametrize("kind", [b"PUB", b"SUB", b"PULL", b"PAIR", b"NONSENSE", b""])
def test_wrong_kinds_of_sockets_are_refused(served, good, link, kind):
    """Case 21: a peer that says it is no DEALER, REQ or ROUTER is not let in."""
    peer = link()
    peer.write(greeting() + hello(served.connection.token) + initiate(Socket_Type=kind))
    told = peer.read_to_end()
    assert b"READY" not in told


def test_routing_ids_of_a_peers_choosing(served, good, link):
    """Cases 22-24: whoever names itself is not greeted, so no name can be taken or squatted on."""
    for name in (b"same", b"same", b"x" * 255, b"\x00\x00\x00\x00\x01"):
        peer = link(kind=b"DEALER", Identity=name)
        peer.write(multipart(HELLO))
        peer.socket.settimeout(0.2)
        try:
            told = heard(peer)
        except (OSError, ConnectionError):
            continue
        assert told["type"] in ("$error", "$welcome")


def test_multipart_without_end_costs_its_sender(served, good, link):
    """Case 17: parts that never become a message are bounded, and their sender is let go."""
    client, _ = good
    peer = link(kind=b"DEALER")
    part = frame(bytes(2**20), MORE)
    assert is_cut(peer, part, 4096)
    assert client.ask("$ping")["type"] == "$pong"
