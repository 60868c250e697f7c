"""Viewers that stall, crawl, change their minds or are killed, and those beside them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from reactor_zmq.sockets.dealer import client_context
from reactor_zmq.sockets.keys import Credentials
from reactor_zmq.sockets.subscriber import SubscriberSocket
from reactor_zmq.testing.proxy import FaultProxy
from reactor_zmq.testing.zmtp import RawPeer
from reactor_zmq.wire.header import decode_header

SIDE = 512
FRAME_NBYTES = SIDE * SIDE * 4
MEBI = 2**20


def stalled(served) -> RawPeer:
    """Return a viewer that subscribes and never reads, as a stopped process does."""
    peer = RawPeer.greeted(served.connection.frames, served.connection.token, b"SUB")
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.send(b"\x01frame/main_video/")
    return peer


def own_memory_nbytes(served) -> int:
    """Return the front end's own memory."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return 1024 * int(status.split("RssAnon:")[1].split()[0])


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3])
def test_stalled_viewers_are_let_go_and_cost_little(run, client, viewer, wait_until, count):
    """They hold a few frames each, others get theirs, and within seconds they are let go."""
    served = run("Sentinel", "--model.pause_s=0.005")
    peer = client(served)
    watch = viewer(served, hwm=2)
    peer.ask("burst", {"count": 10**6, "side": SIDE})
    watch.next()
    before = own_memory_nbytes(served)
    peers = [stalled(served) for _ in range(count)]
    most = 0

    def viewers() -> int:
        nonlocal most
        watch.next()
        most = max(most, own_memory_nbytes(served) - before)
        return peer.ask("$status")["data"]["viewers"]

    wait_until(lambda: viewers() == 1 + count)
    wait_until(lambda: viewers() == 1, "the end of the stalled links")
    assert most < (count + 1) * 4 * FRAME_NBYTES + 32 * MEBI
    last = watch.next()[0].seq
    assert watch.next()[0].seq > last
    for each in peers:
        each.close()


@pytest.mark.slow
def test_when_all_viewers_stall_the_model_goes_on(run, client, viewer, wait_until):
    """Frames are dropped meanwhile; who comes later sees the newest."""
    served = run("Sentinel", "--model.pause_s=0.002")
    peer = client(served)
    peers = [stalled(served) for _ in range(2)]
    wait_until(lambda: peer.ask("$status")["data"]["viewers"] == 2)
    peer.ask("burst", {"count": 10**6, "side": SIDE})
    wait_until(lambda: peer.ask("made")["data"]["count"] > 200, "frames that nobody reads")
    made = peer.ask("made")["data"]["count"]
    assert viewer(served, hwm=1).next()[0].seq >= made
    for each in peers:
        each.close()


@pytest.mark.slow
def test_crawling_viewer_keeps_getting_recent_frames(run, client, wait_until):
    """At 3 MB/s frames of 256 KiB come all the time, with gaps, over one and the same link."""
    served = run("Sentinel", "--model.pause_s=0.002")
    peer = client(served)
    context = client_context()
    with FaultProxy(served.connection.frames) as proxy:
        proxy.down.rate_nbytes_s = 3e6
        shown = Credentials(served.connection.token)
        crawling = SubscriberSocket(context, proxy.endpoint, shown, queue_limit=2)
        crawling.subscribe(b"frame/main_video/")
        wait_until(lambda: peer.ask("$status")["data"]["viewers"] == 1)
        peer.ask("burst", {"count": 10**6, "side": SIDE // 2})
        seqs: list[int] = []

        def took_one() -> bool:
            parts = crawling.receive()
            if parts:
                seqs.append(decode_header(parts[1], len(parts[2])).seq)
            return bool(parts)

        def missed_some() -> bool:
            wait_until(took_one, "the next frame")
            return len(seqs) > 1 and seqs[-1] > seqs[-2] + 1

        # First come those that fill the buffers on the way, then always the newest of the moment.
        wait_until(missed_some, "a gap", deadline_s=30)
        for _ in range(5):
            wait_until(took_one, "the next frame")
        assert proxy.accepted == 1
        crawling.close()
    context.term()
    assert seqs == sorted(set(seqs))


def test_a_thousand_changes_of_mind_disturb_nobody(run, client, viewer):
    """1,000 subscriptions that are taken back at once: the link stands, and frames go on."""
    served = run("Page")
    client(served)
    watch = viewer(served)
    connection = served.connection
    with RawPeer.greeted(connection.frames, connection.token, b"SUB") as peer:
        for n in range(10):
            for _ in range(100):
                peer.send(b"\x01frame/main_video/")
                peer.send(b"\x00frame/main_video/")
            peer.send(b"\x01sync/%d" % n)
            while peer.receive() != [b"sync/%d" % n]:
                pass
            watch.next()
    last = watch.next()[0].seq
    assert watch.next()[0].seq > last


def test_viewer_killed_while_the_model_rests(run, client, viewer, wait_until):
    """The slots that it held are there for the next burst, though nothing was sent meanwhile."""
    served = run("Sentinel")
    peer = client(served)
    for _ in range(6):  # more slots than the ring has
        doomed = stalled(served)
        wait_until(lambda: peer.ask("$status")["data"]["viewers"] == 1)
        made = peer.ask("made")["data"]["count"]
        peer.ask("burst", {"count": 5, "side": SIDE})
        wait_until(lambda made=made: peer.ask("made")["data"]["count"] == made + 5)
        doomed.reset()
        wait_until(lambda: peer.ask("$status")["data"]["viewers"] == 0)
    watch = viewer(served)
    peer.ask("burst", {"count": 5, "side": SIDE})
    assert watch.next()[1]
