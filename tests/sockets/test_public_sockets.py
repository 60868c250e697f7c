"""The public sockets alone: who gets in, what comes back, what hostile bytes do."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import zmq
from zmq.utils.garbage import gc as pyzmqs_garbage
from zmq_peers import peer_context

from reactor_zmq.errors import ConfigError
from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.sockets import router, zap
from reactor_zmq.sockets.endpoints import bind
from reactor_zmq.sockets.public import Sockets
from reactor_zmq.sockets.router import BATCH_NBYTES
from reactor_zmq.testing.zmtp import RawPeer, greeting, hello, multipart

TOKEN = "the right token of this run"
ALLOWED = AllowList({TOKEN: Grant("test", "steer")})


@pytest.fixture
def sockets():
    """Both sockets on free ports, without a loop around them."""
    found = Sockets(ALLOWED, part_nbytes=2**20, queue_limit=16)
    found.bind("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    yield found
    found.close()


@pytest.fixture
def context():
    """A context for the peers."""
    with peer_context() as context:
        yield context


def ring(sockets):
    """Look at every socket, as a poll does whose every descriptor announces something."""
    for bell in sockets.bells():
        bell.ring()


@pytest.fixture
def serve(sockets, wait_until):
    """Drive the sockets as the front end's loop does, until something holds."""

    class Served:
        def __init__(self):
            self.messages, self.gone, self.callers = [], [], []

        def once(self):
            ring(sockets)
            sockets.zap.answer_all()
            batch, gone = sockets.events.receive()
            self.callers += sockets.events.arrivals()
            self.messages += [(peer, [bytes(p) for p in parts]) for peer, parts in batch]
            self.gone += gone
            sockets.frames.read_subscriptions()
            sockets.events.flush()

        def until(self, condition, what="the condition"):
            def check():
                self.once()
                return condition()

            wait_until(check, what)

    return Served()


def dealer(context, endpoint, token=TOKEN, user=b"reactor"):
    """Return a DEALER with credentials."""
    peer = context.socket(zmq.DEALER)
    peer.linger = 0
    peer.plain_username = user
    peer.plain_password = token.encode()
    peer.connect(endpoint)
    return peer


def raw_connection(endpoint):
    """Return a plain TCP connection."""
    host, port = endpoint.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def test_right_token_gets_in(sockets, context, serve):
    """A peer with the token is heard and answered."""
    peer = dealer(context, sockets.events_at)
    peer.send(b"hi")
    serve.until(lambda: serve.messages)
    name, parts = serve.messages[0]
    assert parts == [b"hi"]
    assert sockets.events.send(name, (b"yes",))
    assert peer.poll(5000)
    assert peer.recv() == b"yes"


@pytest.mark.parametrize(
    ("token", "user"),
    [("wrong", b"reactor"), (" ", b"reactor"), (TOKEN, b"root"), (TOKEN + "x", b"reactor")],
)
def test_wrong_credentials_are_refused(sockets, context, serve, token, user):
    """Nothing that such a peer sends arrives."""
    peer = dealer(context, sockets.events_at, token, user)
    peer.send(b"hi")
    serve.until(lambda: sockets.zap.refused)
    assert serve.messages == []


def test_dead_handler_lets_nobody_in(sockets, context, serve, wait_until):
    """Without an answer from ZAP the handshake fails: closed, not open."""
    sockets.zap.close()
    peer = dealer(context, sockets.events_at)
    monitor = peer.get_monitor_socket()
    peer.send(b"hi")
    assert monitor.poll(5000)
    batch, _ = sockets.events.receive()
    assert batch == []
    peer.disable_monitor()
    monitor.close()


@pytest.mark.parametrize("token", ["", "guessable"])
def test_short_token_is_an_error(token):
    """A run whose token could be guessed would be open to everybody."""
    with pytest.raises(ConfigError, match="16 to 255"):
        AllowList({token: Grant("test", "steer")})


def test_closed_link_is_told_at_once(sockets, context, serve):
    """The peer that closes is named, also when its last word came with its end."""
    for n in range(5):
        peer = dealer(context, sockets.events_at)
        peer.linger = 1000
        peer.send(b"hi")
        if n % 2:
            serve.until(lambda n=n: len(serve.messages) == n + 1)
        peer.close()
        serve.until(lambda n=n: len(serve.gone) == n + 1, "the end of a link")
    assert [name for name, _ in serve.messages] == serve.gone


def test_identity_of_a_peers_choosing_hijacks_nobody(sockets, context, serve):
    """A second peer with the same identity is not served, the first one is."""
    peers = []
    for _ in range(2):
        peer = context.socket(zmq.DEALER)
        peer.linger = 0
        peer.identity = b"same"
        peer.plain_username, peer.plain_password = b"reactor", TOKEN.encode()
        peer.connect(sockets.events_at)
        peer.send(b"hi")
        peers.append(peer)
        serve.until(lambda: serve.messages)
    for _ in range(50):
        serve.once()
    assert len(serve.messages) == 1
    (caller,) = serve.callers
    assert caller.named_itself
    assert sockets.events.send(caller.peer, (b"yes",))
    assert peers[0].poll(5000)
    assert peers[1].poll(100) == 0


def test_routing_id_of_one_who_has_gone_leads_to_nobody_else(sockets, context, serve):
    """Who takes over a routing id is another peer, and what was said to the first is not its."""
    for n in range(2):
        peer = context.socket(zmq.DEALER)
        peer.linger = 0
        peer.identity = b"same"
        peer.plain_username, peer.plain_password = b"reactor", TOKEN.encode()
        peer.connect(sockets.events_at)
        peer.send(b"hi")
        serve.until(lambda n=n: len(serve.messages) > n)
        if n == 0:
            peer.close()
            serve.until(lambda: not sockets.events.links, "the end of the first link")
    first, second = (peer for peer, _ in serve.messages)
    assert first != second
    serve.until(lambda: serve.gone == [first])
    assert sockets.events.send(first, (b"for the first one",))
    assert sockets.events.send(second, (b"for the second one",))
    assert peer.recv() == b"for the second one"


def test_routing_ids_can_not_be_foretold():
    """No two runs count from the same one: who takes the next one ends the process."""
    script = """if True:
        import zmq
        from reactor_zmq.machines.access import AllowList
        from reactor_zmq.sockets.public import Sockets
        sockets = Sockets(AllowList(), 2**20, 16)
        router = sockets.events.socket
        router.bind("inproc://look")
        peer = sockets._context.socket(zmq.DEALER)
        peer.connect("inproc://look")
        peer.send(b"")
        print(router.recv_multipart()[0].hex())
        peer.close(linger=0)
        sockets.close()
    """
    found = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(found) == 2


def test_user_id_can_not_be_forged(sockets, serve):
    """A peer that calls itself an admin in its own metadata has the scope of its token."""
    forged = {"User_Id": b"9 admin x y"}
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", serve.once, **forged) as peer:
        peer.send(b"hi")
        serve.until(lambda: serve.callers)
    assert [caller.grant for caller in serve.callers] == [Grant("test", "steer")]


def test_peer_that_does_not_read_is_told_why_when_it_does(sockets, context, serve):
    """What waited is dropped for the last word, which comes after all that was on its way."""
    peer = dealer(context, sockets.events_at)
    peer.rcvhwm = 1
    peer.send(b"hi")
    serve.until(lambda: serve.messages)
    name = serve.messages[0][0]
    while sockets.events.send(name, (b"x" * 65_536,)):
        pass
    sockets.events.forget(name)
    assert sockets.events.send(name, (b"why",))
    heard = []

    def read():
        while peer.poll(0):
            heard.append(peer.recv())
        return heard[-1:] == [b"why"]

    serve.until(read, "the last word")
    assert heard.count(b"why") == 1


def test_queue_of_a_peer_that_does_not_read_is_bounded(sockets, context, serve):
    """Sends to such a peer are taken up to the bound, then refused, never lost unseen."""
    peer = context.socket(zmq.DEALER)
    peer.linger, peer.rcvhwm, peer.rcvbuf = 0, 1, 4096
    peer.plain_username, peer.plain_password = b"reactor", TOKEN.encode()
    peer.connect(sockets.events_at)
    peer.send(b"hi")
    serve.until(lambda: serve.messages)
    name = serve.messages[0][0]
    taken = 0
    while sockets.events.send(name, (taken.to_bytes(4, "big") + bytes(100_000),)):
        taken += 1
        assert taken < 5000, "the queue has no bound"
    for n in range(taken):
        serve.until(lambda: peer.poll(1))
        assert int.from_bytes(peer.recv()[:4], "big") == n


def test_peer_for_whom_no_descriptor_is_left_gets_in_later(context, wait_until):
    """Links are bounded; whoever is refused for that tries again until another has gone."""
    sockets = Sockets(ALLOWED, part_nbytes=2**20, queue_limit=16, max_links=2)
    sockets.bind("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    heard = []

    def heard_of(*names):
        ring(sockets)
        sockets.zap.answer_all()
        heard.extend(bytes(parts[0]) for _, parts in sockets.events.receive()[0])
        return set(heard) == set(names)

    peers = []
    for name in (b"a", b"b"):
        peers.append(dealer(context, sockets.events_at))
        peers[-1].send(name)
    wait_until(lambda: heard_of(b"a", b"b"), "the first two")
    late = dealer(context, sockets.events_at)
    late.send(b"c")
    wait_until(lambda: heard_of(b"a", b"b") and sockets.zap.refused, "the refusal")
    peers[0].close()
    wait_until(lambda: heard_of(b"a", b"b", b"c"), "the third")
    sockets.close()


def test_silent_links_give_way_where_there_are_too_many(wait_until):
    """Links that said nothing are cut, oldest first, and those who spoke or subscribed stay."""
    sockets = Sockets(ALLOWED, part_nbytes=2**20, queue_limit=16, max_links=4)
    sockets.bind("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    heard = []

    def turn():
        ring(sockets)
        sockets.zap.answer_all()
        heard.extend(sockets.events.receive()[0])
        sockets.frames.read_subscriptions()

    client = RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", turn)
    viewer = RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", turn)
    client.send(b"hi")
    viewer.send(b"\x01frame/")
    wait_until(lambda: turn() or (heard and sockets.frames.wants(b"frame/")))
    silent = [raw_connection(sockets.events_at) for _ in range(6)]
    wait_until(lambda: turn() or sockets.events.links == 7)
    sockets.shed()
    wait_until(lambda: turn() or sockets.events.links == 3, "the end of four links")
    client.send(b"still here")
    wait_until(lambda: turn() or len(heard) == 2)
    assert sockets.frames.wants(b"frame/")
    for each in (client, viewer, *silent):
        each.close()
    sockets.close()


def test_batch_of_large_messages_is_bounded(sockets, context, wait_until):
    """Who sends much waits its turn after each few megabytes, so that others get theirs."""
    part = bytes(10**6)
    peer = dealer(context, sockets.events_at)
    for _ in range(40):
        peer.send(part)
    sizes = []

    def all_came():
        ring(sockets)
        sockets.zap.answer_all()
        sizes.append(len(sockets.events.receive()[0]))
        return sum(sizes) == 40

    wait_until(all_came, "all messages")
    assert max(sizes) * len(part) < BATCH_NBYTES + len(part)


def test_send_to_a_peer_that_went_is_no_error(sockets, context, serve):
    """A peer that vanished a moment ago takes what is said to it along."""
    assert sockets.events.send(b"nobody", (b"x",))
    assert sockets.events.receive() == ([], [])


def test_oversized_part_drops_the_link_only(sockets, context, serve):
    """A part beyond the limit ends that link; another peer goes on."""
    good, bad = dealer(context, sockets.events_at), dealer(context, sockets.events_at)
    bad.send(bytes(2**20 + 1))
    good.send(b"hi")
    serve.until(lambda: serve.messages)
    assert [parts for _, parts in serve.messages] == [[b"hi"]]


HTTP_POST = (
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n"
    b"\x01\x00\x00" + b'{"type":"$hello","data":{"protocol":1}}'
)
ZMTP_1 = b"\x01\x00" + b"\x05\x00evil"
ZMTP_2 = b"\xff" + bytes(8) + b"\x7f\x01\x05\x00\x00\x00\x04evil"
ZMTP_3_NULL = (
    b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31)
    + b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER" + b"\x00\x04evil"
)  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        os.urandom(4096),
        HTTP_POST,
        ZMTP_1,
        ZMTP_2,
        ZMTP_3_NULL,
        b"\x16\x03\x01\x02" * 90,
    ],
    ids=["nothing", "one byte", "random", "http", "zmtp1", "zmtp2", "zmtp3 null", "tls"],
)
@pytest.mark.parametrize("which", ["events_at", "frames_at"])
def test_foreign_bytes_reach_nobody(sockets, context, serve, data, which):
    """What is not an authenticated ZMTP 3 peer delivers nothing and gets no frame."""
    foreign = raw_connection(getattr(sockets, which))
    foreign.sendall(data)
    for _ in range(50):
        serve.once()
        sockets.frames.send(b"frame/x/", b"h", memoryview(b"pixels"), lend=False)
    foreign.settimeout(0.05)
    received = b""
    try:
        while chunk := foreign.recv(65536):
            received += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    foreign.close()
    assert b"pixels" not in received
    assert serve.messages == []
    peer = dealer(context, sockets.events_at)
    peer.send(b"hi")
    serve.until(lambda: serve.messages)


def test_garbage_connections_reach_nobody(sockets, context, serve):
    """A storm of random connections leaves no message, and a good peer is served in it."""
    rng = random.Random(7)
    stop = threading.Event()

    def storm():
        for _ in range(300):
            if stop.is_set():
                return
            with raw_connection(sockets.events_at) as foreign:
                try:
                    foreign.sendall(rng.randbytes(rng.randrange(300)))
                except OSError:
                    continue

    thread = threading.Thread(target=storm)
    thread.start()
    peer = dealer(context, sockets.events_at)
    for n in range(20):
        peer.send(b"%d" % n)
        serve.until(lambda n=n: len(serve.messages) > n)
    stop.set()
    thread.join()
    for _ in range(50):
        serve.once()
    assert [parts for _, parts in serve.messages] == [[b"%d" % n] for n in range(20)]


def test_sync_topic_is_echoed_when_the_subscription_is_live(sockets, context, serve):
    """The echo comes on the same socket, and only to the one that asked."""
    subs = []
    for n in range(2):
        sub = context.socket(zmq.SUB)
        sub.plain_username, sub.plain_password = b"reactor", TOKEN.encode()
        sub.connect(sockets.frames_at)
        sub.subscribe(b"sync/%d" % n)
        subs.append(sub)
    for n, sub in enumerate(subs):
        serve.until(lambda sub=sub: sub.poll(1))
        assert sub.recv_multipart() == [b"sync/%d" % n]
        assert sub.poll(50) == 0


def test_overlong_sync_topic_is_not_echoed(sockets, context, serve):
    """The echo can't be used to multiply bytes."""
    sub = context.socket(zmq.SUB)
    sub.plain_username, sub.plain_password = b"reactor", TOKEN.encode()
    sub.connect(sockets.frames_at)
    sub.subscribe(b"sync/" + b"x" * 100)
    for _ in range(100):
        serve.once()
    assert sub.poll(100) == 0


def test_port_in_use_is_explained(sockets, context):
    """The error names the option, the endpoint and a way out."""
    with pytest.raises(ConfigError, match=r"--events .* is in use.*free one"):
        bind(context.socket(zmq.ROUTER), sockets.events_at, "--events")


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ("tcp://0.0.0.0:5000", "reachable from other machines"),
        ("tcp://*:5000", "reachable from other machines"),
        ("udp://127.0.0.1:5000", "neither tcp"),
        ("ipc://relative", "absolute"),
        ("ipc:///tmp/" + "x" * 120, "longer than 107"),
        ("tcp://127.0.0.1:99999999", "1 to 65535"),
        ("tcp://127.0.0.1:0", "1 to 65535"),
        ("tcp://127.0.0.1:x", "1 to 65535"),
    ],
)
def test_unusable_endpoints_are_explained(context, endpoint, text):
    """Each refused endpoint says why."""
    with pytest.raises(ConfigError, match=text):
        bind(context.socket(zmq.ROUTER), endpoint, "--events")


def test_foreign_things_at_an_ipc_path_are_left_alone(context, tmp_path: Path):
    """A file, a folder, a symlink or a live socket at the path is refused and stays."""
    file = tmp_path / "file"
    file.write_text("mine")
    (tmp_path / "link").symlink_to(file)
    live = tmp_path / "live"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(live))
        listener.listen()
        for path in (file, tmp_path, tmp_path / "link", live):
            with pytest.raises(ConfigError, match=r"already|in use"):
                bind(context.socket(zmq.ROUTER), f"ipc://{path}", "--events")
    assert file.read_text() == "mine"
    bound = context.socket(zmq.ROUTER)
    bind(bound, f"ipc://{live}", "--events")
    assert stat.S_IMODE(live.stat().st_mode) & 0o077 == 0


def test_handshakes_go_on_while_those_who_answer_them_change(sockets, context, serve, monkeypatch):
    """Links that came in by one socket stay, whoever is half in is answered, others come in."""
    monkeypatch.setattr(zap, "_WORTHWHILE", 1)
    peers = []
    for n in range(5):
        half_in = RawPeer(sockets.events_at, serve.once)
        half_in.write(greeting() + hello(TOKEN))  # is asked about, and may be answered later
        sockets.zap.renew(n * 10.0)
        peers.append(dealer(context, sockets.events_at))
        for peer in peers:
            peer.send(b"hi")
        heard = [b"hi"] * len(peers)
        serve.until(lambda heard=heard: [parts[0] for _, parts in serve.messages] == heard)
        serve.messages.clear()
        half_in.read(64)
        assert b"WELCOME" in half_in.read_frame()[1]
        half_in.close()
    assert not serve.gone


def test_monitor_events_have_the_layout_we_read():
    """Libzmq's monitor writes a 16-bit event and a 32-bit value."""
    assert struct.calcsize("=hi") == 6


def test_multipart_without_an_end_on_the_frames_socket_is_survived(sockets, context, serve):
    """Libzmq swallows the end of this one: that another viewer still watches is no news."""
    hostile = (b"\x01frame/y/", b"\x02no subscription", b"\x00frame/x/")
    with (
        RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", serve.once) as good,
        RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", serve.once) as bad,
    ):
        for peer in (good, bad):
            peer.send(b"\x01frame/x/")
        serve.until(lambda: sockets.frames.subscription_count == len((good, bad)))
        bad.send(*hostile)
        serve.until(lambda: sockets.frames.wants(b"frame/y/"))
        good.send(b"\x01frame/z/")
        serve.until(lambda: sockets.frames.wants(b"frame/z/"), "what came after it")
        assert sockets.frames.wants(b"frame/x/")


@pytest.fixture
def let_in(sockets):
    """Answer handshakes, and do nothing else."""

    def answer():
        ring(sockets)
        sockets.zap.answer_all()

    return answer


def test_link_that_takes_a_closed_ones_place_is_not_gone(sockets, serve, let_in, wait_until):
    """The old one's end is told after the new one's first word, under the same descriptor."""
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", serve.once) as old:
        old.send(b"old")
        serve.until(lambda: serve.messages)
        (fd,) = sockets.events.monitor.open()
    wait_until(lambda: not sockets.events.monitor.links)
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", let_in) as new:
        assert sockets.events.monitor.open() == [fd]
        new.send(b"new")
        serve.until(lambda: serve.messages[-1][1] == [b"new"])
        assert serve.gone == [serve.messages[0][0]]


def test_words_of_a_link_that_was_told_as_gone_are_not_heard(sockets, serve, let_in, wait_until):
    """Nothing is done in its name any more, least of all to who has its descriptor now."""
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", serve.once) as old:
        old.write(multipart(b"old") * 500)
    wait_until(lambda: not sockets.events.monitor.links)
    serve.until(lambda: serve.gone)
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", let_in) as new:
        serve.once()
        sockets.events.cut(serve.gone[0])
        new.send(b"new")
        serve.until(lambda: serve.messages[-1][1] == [b"new"])
        assert len(serve.callers) == len((old, new))


def test_what_a_closed_link_asked_for_is_not_its_successors(sockets, serve, let_in):
    """The system gives the descriptor to the next link, while words of the old one still wait."""
    with RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", let_in) as gone:
        gone.write(b"".join(multipart(b"\x01junk%d" % n) for n in range(250)))
        (fd,) = sockets.frames.monitor.open()
    serve.until(lambda: not sockets.frames.monitor.links)
    with RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", let_in) as peer:
        assert sockets.frames.monitor.open() == [fd]
        peer.send(b"\x01frame/x/")
        serve.until(lambda: sockets.frames.wants(b"frame/x/"))
        assert sockets.frames.subscription_count == 1
        assert sockets.frames.monitor.links == 1


def test_link_that_floods_subscriptions_is_cut(sockets, serve):
    """It loses its link and all that it asked for; another viewer's subscription stands."""
    with (
        RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", serve.once) as good,
        RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", serve.once) as bad,
    ):
        good.send(b"\x01frame/x/")
        bad.write(b"".join(multipart(b"\x01junk%d" % n) for n in range(2000)))
        assert bad.read_to_end() == b""
        serve.until(lambda: sockets.frames.monitor.links == 1)
        serve.until(lambda: sockets.frames.subscription_count == 1, "only the good one's")
        assert sockets.frames.wants(b"frame/x/")


def test_cut_peer_is_told_as_gone(sockets, context, serve):
    """A cut link ends on the wire, and its peer is named like any that went."""
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", serve.once) as peer:
        peer.send(b"hi")
        serve.until(lambda: serve.messages)
        name = serve.messages[0][0]
        sockets.events.cut(name)
        assert peer.read_to_end() == b""
        serve.until(lambda: serve.gone == [name])
    other = dealer(context, sockets.events_at)
    other.send(b"hi")
    serve.until(lambda: len(serve.messages) == 2)


def test_cutting_a_link_that_went_cuts_nobody_else(sockets, serve):
    """Its descriptor may be another link's by now."""
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", serve.once) as peer:
        peer.send(b"hi")
        serve.until(lambda: serve.messages)
        (fd,) = sockets.events.monitor.open()
    while sockets.events.monitor.is_open(fd):
        sockets.events.monitor.open()

    def let_in():
        sockets.zap.bell.ring()
        sockets.zap.answer_all()

    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", let_in) as other:
        assert sockets.events.monitor.open() == [fd]
        assert not sockets.events.monitor.cut(fd)
        other.send(b"still here")
        serve.until(lambda: len(serve.messages) == 2)


def test_frames_of_a_killed_viewer_come_back_by_a_touch(sockets, serve, wait_until):
    """Nothing is sent meanwhile; libzmq lets go of what waited for it when it is touched."""
    frame = memoryview(bytes(2**24))  # more than the kernel takes for it
    with RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", serve.once) as doomed:
        doomed.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        doomed.send(b"\x01frame/")
        serve.until(lambda: sockets.frames.wants(b"frame/"))
        lent = [sockets.frames.send(b"frame/", b"h", frame, lend=True) for _ in range(5)]
        assert not all(tracker.done for tracker in lent)
        doomed.reset()
    wait_until(lambda: sockets.touch() or all(tracker.done for tracker in lent))
    pyzmqs_garbage.stop()  # the thread that tells trackers


def test_frame_begins_where_a_full_queue_has_room_again(sockets, serve, wait_until):
    """Without dropping it waits, and nothing of it has left; then it arrives whole, once."""
    payload = memoryview(bytes(2**20))
    with RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", serve.once) as viewer:
        viewer.send(b"\x01frame/")
        serve.until(lambda: sockets.frames.watched_by_one)
        sent = 0
        while sockets.frames.begin(b"frame/%03d" % sent, drop=False):
            sockets.frames.finish(b"h", payload, lend=False)
            sent += 1
        for n in range(sent):
            assert viewer.receive() == [b"frame/%03d" % n, b"h", payload]
        wait_until(lambda: sockets.frames.begin(b"frame/again", drop=False))
        sockets.frames.finish(b"h", payload, lend=False)
        assert viewer.receive()[0] == b"frame/again"


def test_viewer_that_misses_a_frame_is_not_waited_for_again(sockets, serve):
    """Until it takes something: the next frames go to those that have room."""
    payload = memoryview(bytes(2**20))
    with RawPeer.greeted(sockets.frames_at, TOKEN, b"SUB", serve.once) as viewer:
        viewer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        viewer.send(b"\x01frame/")
        serve.until(lambda: sockets.frames.watched_by_one)
        while sockets.frames.begin(b"frame/", drop=False):
            sockets.frames.finish(b"h", payload, lend=False)
        assert sockets.frames.begin(b"frame/", drop=True)
        sockets.frames.finish(b"h", payload, lend=False)
        assert sockets.frames.begin(b"frame/", drop=False)
        sockets.frames.finish(b"h", payload, lend=False)


def test_peer_that_sends_faster_than_it_is_heard_is_cut(sockets, context, serve, monkeypatch):
    """Its queue has no other bound; what still waits of it is not heard.

    Others come in as soon as that has been passed over: they try until then.
    """
    monkeypatch.setattr(router, "_MOST_WAITING", 500)
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", serve.once) as flooder:
        with contextlib.suppress(ConnectionError):
            for _ in range(25):
                flooder.write(multipart(b"x" * 50) * 2_000)
                serve.once()
        assert flooder.read_to_end() == b""
    dealer(context, sockets.events_at).send(b"hi")
    serve.until(lambda: serve.messages[-1][1] == [b"hi"])
    assert not sockets.events.wading
    assert len(serve.messages) < 50_000


@pytest.mark.parametrize("size", [1, 300, 100_000])
def test_backlog_is_counted_exactly(sockets, serve, size):
    """What came by a link and what it brought agree to the byte once nothing waits."""
    with RawPeer.greeted(sockets.events_at, TOKEN, b"DEALER", serve.once) as peer:
        peer.send(b"first")
        serve.until(lambda: serve.messages)
        ((_, before),) = sockets.events.hoards()
        for n in range(30):
            peer.send(b"x" * size, b"y")
            serve.until(lambda n=n: len(serve.messages) == n + 2)
        ((_, after),) = sockets.events.hoards()
    assert after == before
