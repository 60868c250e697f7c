"""The small rules: codecs, Host and Origin, admission, tickets, pace, pulse."""

from __future__ import annotations

import pytest

from reactor_zmq_bridge.admission import Admission, Tickets
from reactor_zmq_bridge.bucket import Bucket
from reactor_zmq_bridge.choice import Circumstances, choose_codec
from reactor_zmq_bridge.config import BridgeLimits, BridgeTimes
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.gate import is_loopback, make_gate
from reactor_zmq_bridge.pulse import Pulse
from reactor_zmq_bridge.record import Codec

ALL = frozenset(Codec)
EVERY = ("i420", "rgba", "h264", "jpeg")


def given(**change: object) -> Circumstances:
    usual = {"loopback": True, "stream": True, "listed": EVERY, "failed": (), "here": ALL}
    return Circumstances(**{**usual, **change})


@pytest.mark.parametrize(
    ("change", "codec"),
    [
        ({}, Codec.I420),
        ({"listed": ("rgba", "jpeg")}, Codec.RGBA),
        ({"here": ALL - {Codec.I420, Codec.H264}}, Codec.RGBA),
        ({"loopback": False}, Codec.H264),
        ({"stream": False}, Codec.H264),
        ({"loopback": False, "failed": {Codec.H264}}, Codec.JPEG),
        ({"loopback": False, "listed": ()}, Codec.JPEG),
        ({"listed": ("av1", "jpeg")}, Codec.JPEG),
        ({"failed": {Codec.I420, Codec.RGBA, Codec.H264}}, Codec.JPEG),
        ({"failed": ALL}, None),
    ],
)
def test_the_codec_of_a_picture(change: dict[str, object], codec: Codec | None):
    """Raw on loopback through a stream alone; then H.264; JPEG always, until it failed as well."""
    assert choose_codec("video", given(**change)) is codec


def test_the_codec_of_other_tracks():
    """Audio and tensors have one codec each."""
    assert choose_codec("audio", given(listed=())) is Codec.PCM_S16
    assert choose_codec("tensor", given(listed=())) is Codec.TENSOR
    assert choose_codec("audio", given(failed={Codec.PCM_S16})) is None


GATE = make_gate("127.0.0.1", 8765, hosts=("lab.example",), origins=("https://a.b",), expose=False)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "lab.example"])
def test_hosts_of_ours(host: str):
    """Loopback's names with the port, and what the operator named."""
    assert GATE.host_allowed(host, "127.0.0.1")


@pytest.mark.parametrize(
    "host",
    ["", "127.0.0.1", "127.0.0.1:80", "evil.com:8765", "localhost.evil.com:8765", "10.0.0.5:8765"],
)
def test_hosts_of_others(host: str):
    """Another name or port is refused: a name of theirs may point at us."""
    assert not GATE.host_allowed(host, "10.0.0.5")


def test_the_address_itself_is_a_host_where_we_are_exposed():
    """Beyond loopback the address by which one came is a Host; a name is not, nor is another."""
    gate = make_gate("0.0.0.0", 8765, hosts=(), origins=(), expose=True)  # noqa: S104 - not bound to
    assert gate.host_allowed("10.0.0.5:8765", "10.0.0.5")
    assert not gate.host_allowed("10.0.0.6:8765", "10.0.0.5")
    assert not gate.host_allowed("evil.com:8765", "10.0.0.5")


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        (None, True),
        ("http://127.0.0.1:8765", True),
        ("http://localhost:8765", True),
        ("https://a.b", True),
        ("null", False),
        ("", False),
        ("http://localhost:3000", False),
        ("http://localhost:8765.evil.com", False),
        ("HTTP://LOCALHOST:8765", False),
        ("https://localhost:8765", False),
        ("https://a.b.c", False),
    ],
)
def test_origins(origin: str | None, good: bool):
    """Exactly those of our page and of the operator's list; programs send none."""
    assert GATE.origin_allowed(origin, "127.0.0.1:8765") is good


@pytest.mark.parametrize(
    ("address", "ours"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.1.2.3", False), ("?", False)],
)
def test_loopback(address: str, ours: bool):
    """Which addresses are this machine's own."""
    assert is_loopback(address) is ours


def test_admission():
    """The ninth session of an address is refused, another address is not, until the bound."""
    admission = Admission(BridgeLimits(sessions=3, sessions_per_address=2))
    admission.admit("a")
    admission.admit("a")
    with pytest.raises(BridgeError, match="from this address"):
        admission.admit("a")
    admission.admit("b")
    with pytest.raises(BridgeError, match="3 sessions"):
        admission.admit("c")
    admission.release("a")
    admission.admit("a")
    assert admission.sessions == 3


def test_tickets():
    """A ticket is good once, for its purpose, for its time."""
    tickets = Tickets(30)
    first, second = tickets.issue("mjpeg", "v", 0), tickets.issue("mjpeg", "v", 0)
    assert tickets.redeem(first, "other", 1) is None
    assert tickets.redeem(first, "mjpeg", 1) == "v"
    assert tickets.redeem(first, "mjpeg", 2) is None
    assert tickets.redeem(second, "mjpeg", 30) is None


def test_the_bucket():
    """A burst at once, then no more than the rate."""
    bucket = Bucket(10, 3, 0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(0.1)
    assert not bucket.take(0.1)
    assert [bucket.take(9) for _ in range(4)] == [True, True, True, False]


def test_a_silent_browser_is_asked_and_given_up():
    """After 10 s of silence comes a ping, after 10 more the end; anything heard begins anew."""
    pulse = Pulse(BridgeTimes(), 0)
    assert not pulse.ask(9)
    assert pulse.ask(10)
    assert not pulse.ask(11)
    pulse.heard(12)
    assert not pulse.dead(30)
    assert pulse.ask(30)
    assert not pulse.dead(39)
    assert pulse.dead(40)


def test_a_browser_that_owes_an_answer_is_asked_soon():
    """One that acknowledges nothing for a second is asked, and is gone before 3 s."""
    pulse = Pulse(BridgeTimes(), 0)
    pulse.heard(5)
    pulse.owed_since(5)
    assert not pulse.ask(5.5)
    assert pulse.ask(6)
    assert not pulse.dead(7)
    assert pulse.dead(7.5)


def test_a_blocked_page_stays():
    """A page that draws nothing, but whose browser answers pings, is not given up."""
    pulse = Pulse(BridgeTimes(), 0)
    pulse.owed_since(0)
    for second in range(1, 30):
        pulse.ask(second)
        pulse.heard(second + 0.1)
        assert not pulse.dead(second + 0.2)
