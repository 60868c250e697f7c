"""The runtime's clock as clients report it, over real sockets."""

from __future__ import annotations

import time

import pytest
from fake_server import TOKEN, FakeServer

from reactor_zmq.client import Client, connect

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def meet(server: FakeServer):
    """Connect to the fake server."""
    clients: list[Client] = []

    def join() -> Client:
        clients.append(connect(server.events, token=TOKEN, timeout=10))
        return clients[-1]

    yield join
    for client in clients:
        client.close()


@pytest.mark.parametrize("ahead_ns", [HOUR_NS, -HOUR_NS])
def test_the_offset_is_within_its_error(server, meet, wait_until, ahead_ns):
    """Of a runtime whose clock is an hour off the offset is known to within the round trip."""
    server.ahead_ns = ahead_ns
    client = meet()
    wait_until(lambda: client.clock and client.clock.samples >= 3, "round trips")
    clock = client.clock
    assert abs(clock.offset_ns - ahead_ns) <= clock.error_ns + 1_000_000
    assert clock.correction_ns == clock.offset_ns
    assert 0 < clock.rtt_ns <= 2 * clock.error_ns + 1


def test_the_age_of_a_frame_is_right_between_clocks(server, meet, wait_until):
    """A frame made an hour ahead by the runtime's clock is not an hour young."""
    server.ahead_ns = HOUR_NS
    client = meet()
    wait_until(lambda: client.clock, "a round trip")
    with client.frames("main", timeout=10) as frames:
        made_ns = time.time_ns()
        server.send_frame(0, produced_ns=made_ns + HOUR_NS)
        frame = next(frames)
    age_ns = client.clock.age_ns(frame)
    truth_ns = frame.received_ns - made_ns
    assert abs(age_ns - truth_ns) <= client.clock.error_ns + 1_000_000


def test_clocks_that_may_be_the_same_are(meet, wait_until):
    """On one machine nothing is corrected: the measure stays exact."""
    client = meet()
    wait_until(lambda: client.clock, "a round trip")
    assert client.clock.correction_ns == 0


def test_a_runtime_without_a_clock(server, meet, wait_until):
    """Of a runtime that does not tell its time nothing is claimed."""
    server.tells_time = False
    client = meet()
    pings = lambda: sum(word["type"] == "$ping" for word in server.heard)  # noqa: E731
    wait_until(lambda: pings() >= 2, "pings")
    assert client.clock is None
