"""Frames of real runs: whole, in order, newest first, and none for nobody."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import zmq


def test_frames_say_what_they_are(run, client, viewer):
    """Headers and pixels of the first frames fit each other and the protocol."""
    served = run("Page")
    watch = viewer(served)
    client(served)
    seqs = []
    for _ in range(10):
        header, payload = watch.next()
        assert (header.version, header.epoch) == (1, 1)
        assert (header.shape, header.dtype, header.encoding) == ((48, 64, 3), "|u1", "rgb8")
        assert header.produced_ns <= header.sent_ns <= time.time_ns()
        assert set(payload) == {header.seq % 251}
        seqs.append(header.seq)
    assert seqs == sorted(set(seqs))


def test_topics_are_exact(run, client, viewer):
    """A subscription to another track, or to a prefix of the name, sees nothing of this one."""
    served = run("Page")
    wrong = viewer(served, "frame/main/")
    right = viewer(served)
    client(served)
    right.next()
    assert wrong.socket.poll(200) == 0


def test_several_tracks_and_audio(run, client, viewer):
    """Picture and sound of one turn come under their topics with their own headers."""
    served = run("Band")
    pictures, sounds = viewer(served, "frame/picture/"), viewer(served, "frame/sound/")
    client(served)
    header, _ = pictures.next()
    assert header.shape == (48, 64, 3)
    header, payload = sounds.next()
    assert (header.shape, header.dtype, header.encoding) == ((1, 960), "<i2", "s16")
    assert header.rate_hz == 48000
    assert set(np.frombuffer(payload, "<i2")) == {header.seq % 1000}


def test_resolution_changes_mid_stream(run, client, viewer):
    """Every frame's header describes its own payload, across a growing ring."""
    served = run("Sizes")
    watch = viewer(served)
    client(served)
    shapes = set()
    for _ in range(120):
        header, payload = watch.next()
        height = 32 + 16 * (header.seq // 10 % 8)
        assert header.shape == (height, 2 * height, 3)
        assert payload == bytes([header.seq % 251]) * header.nbytes
        shapes.add(header.shape)
    assert len(shapes) == 8


def test_published_video_comes_back_processed(run, client, viewer):
    """A client's camera frame reaches the model, and its negative returns as output."""
    served = run("Page")
    watch = viewer(served)
    peer = client(served)
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :, 1] = 100
    word = {"track": "camera", "shape": list(picture.shape)}
    for _ in range(3):
        peer.say("$publish", word, picture.tobytes())
    expected = (255 - picture).tobytes()
    for _ in range(200):
        if watch.next()[1] == expected:
            return
    raise AssertionError("the published frame never came back")


def test_second_publisher_is_refused(run, client):
    """The first client to publish owns the track."""
    served = run("Page")
    a, b = client(served), client(served)
    picture = bytes(48 * 64 * 3)
    word = {"track": "camera", "shape": [48, 64, 3]}
    a.say("$publish", word, picture)
    a.ask("$ping")
    assert b.ask("$publish", word, picture)["data"]["code"] == "publish_refused"


def test_stopped_viewer_harms_nobody(run, client, viewer, context):
    """A viewer that never reads leaves the others their frames, whole and without end."""
    served = run("Sizes")
    viewer(served, hwm=1)  # subscribed, and never read again
    watch = viewer(served)
    client(served)
    last = -1
    for _ in range(300):
        header, payload = watch.next()
        assert payload == bytes([header.seq % 251]) * header.nbytes
        assert header.seq > last
        last = header.seq


def test_wrong_token_sees_no_frame_and_sends_no_event(run, client, viewer):
    """Without the token neither socket lets a peer in, on tcp."""
    served = run("Page")
    client(served)
    blind = viewer(served, token="wrong", live=False)
    mute = client(served, hello=False, token="wrong")
    mute.say("$hello", {"protocol": 1}, id=1)
    assert mute.socket.poll(400) == 0
    assert blind.socket.poll(400) == 0


def test_null_mechanism_is_refused(run, context):
    """A peer that offers no password is refused in the handshake."""
    served = run("Page")
    sub = context.socket(zmq.SUB)
    sub.subscribe("")
    sub.connect(served.connection.frames)
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.connect(served.connection.events)
    dealer.send(b'{"type":"$hello","data":{"protocol":1}}')
    assert sub.poll(400) == 0
    assert dealer.poll(400) == 0


def test_frames_end_and_begin_with_the_session(run, client, viewer):
    """The generator runs while a client is there, and starts afresh for the next one."""
    served = run("Page")
    watch = viewer(served)
    peer = client(served)
    peer.ask("set_prompt", {"prompt": "changed"})
    watch.next()
    peer.ask("$bye")
    while watch.socket.poll(300):
        watch.next()
    again = client(served)
    watch.next()
    assert again.ask("ask_prompt")["data"] == {"prompt": "a sunny meadow"}


def test_killed_actor_returns_and_viewers_never_disconnect(run, client, viewer, wait_until):
    """After kill -9 the same sockets go on: state restored, epoch grown, frames flowing."""
    served = run("Page")
    watch = viewer(served)
    peer = client(served)
    peer.ask("set_prompt", {"prompt": "a storm"})
    reference = peer.upload(b"x" * 300_000, "photo")
    peer.ask("set_image", {"image": reference})
    watch.next()
    served.kill_actor()
    assert peer.hear_until("$status", state="restarting")["data"]["reason"] in ("crashed", "killed")
    assert peer.hear_until("$status", state="ready")["data"]["epoch"] == 2
    while watch.next()[0].epoch != 2:
        pass
    assert peer.ask("ask_prompt")["data"] == {"prompt": "a storm"}
    assert peer.ask("measure")["data"] == {"name": "photo", "nbytes": 300_000}


def test_event_that_kills_the_actor_is_answered(run, client):
    """An event in flight when the actor dies gets actor_crashed, the next one is served."""
    peer = client(run("Page"))
    assert peer.ask("die")["data"]["code"] == "actor_crashed"
    assert peer.ask("ask_prompt")["data"] == {"prompt": "a sunny meadow"}


def test_hanging_actor_is_replaced(run, client):
    """A handler that never returns gets its process killed after hang_s."""
    peer = client(run("Page", "--hang-s", "0.6"))
    assert peer.ask("hang")["data"]["code"] == "actor_crashed"
    assert peer.ask("ask_prompt")["type"] == "current_prompt"


def test_failing_turns_end_the_session_not_the_run(run, client):
    """A generator that keeps raising ends the session with a reason; the next one may begin."""
    served = run("Faulty")
    peer = client(served, ready=False)
    bye = peer.hear_until("$bye")
    assert bye["data"]["reason"] == "session_failed"
    assert "third turn" in served.output
    client(served, ready=False)


def test_supervisor_killed_leaves_nothing(run, wait_until):
    """When the front end is killed, its actor is gone at once."""
    served = run("Page")
    wait_until(lambda: served.connection.actor_pid, "an actor")
    actor = served.connection.actor_pid
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait(10)

    def gone() -> bool:
        try:
            os.kill(actor, 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{actor}/stat").read_text().rsplit(") ", 1)[1][0] == "Z"

    wait_until(gone, "the end of the actor")
    served.connection_file.unlink()
    for left in ("lock", "lane.ipc"):
        (served.connection_file.parent / "test" / left).unlink()
    (served.connection_file.parent / "test").rmdir()
    served.connection_file.parent.rmdir()
