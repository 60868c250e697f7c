"""Frames at a viewer: newest first or every one, live from the start, never old ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fake_server import FakeServer

from reactor_zmq.client import Client, Frame
from reactor_zmq.errors import ConfigError, ConnectionLost, LoadError

Wait = Callable[..., None]


def test_frame_carries_picture_and_header(client: Client, server: FakeServer):
    """Pixels, times, metadata: all as they were sent."""
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    with client.frames("main", timeout=10) as frames:
        server.send_frame(7, picture, metadata=b'{"a":1,"b":[1]}', pts_ns=5, produced_ns=6)
        frame = next(frames)
    assert (frame.array == picture).all()
    assert (frame.array.shape, frame.array.dtype) == ((4, 6, 3), np.uint8)
    assert (frame.track, frame.seq, frame.epoch, frame.gap) == ("main", 7, 1, 0)
    assert (frame.pts_ns, frame.produced_ns, frame.encoding) == (5, 6, "rgb8")
    assert frame.sent_ns <= frame.received_ns
    assert json.loads(frame.metadata) == frame.metadata_json == {"a": 1, "b": [1]}


def test_array_is_read_only_and_outlives_its_client(
    join: Callable[..., Client], server: FakeServer
):
    """It lies in the memory it came in, which lives as long as the array."""
    client = join()
    frames = client.frames(timeout=10)
    server.send_frame(0, np.full((400, 600, 3), 9, np.uint8))
    array = next(frames).array
    client.close()
    assert not array.flags.writeable
    assert not array.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    assert int(array.sum()) == 9 * array.size


def test_frames_are_live_when_the_call_returns(client: Client, server: FakeServer):
    """The very next frame that the runtime sends is seen, time after time."""
    for seq in range(20):
        with client.frames(timeout=10) as frames:
            assert frames.live
            server.send_frame(seq)
            assert next(frames).seq == seq


def test_dropped_sync_is_asked_for_again(client: Client, server: FakeServer):
    """The answer to a sync is as lossy as a frame."""
    server.syncs_to_ignore = 2
    with client.frames() as frames:
        assert frames.live
    assert sum(t.startswith(b"sync/") for t in server.topics_asked) == 3


def test_newest_first_leaves_old_frames_out(client: Client, server: FakeServer, wait_until: Wait):
    """A reader that comes late sees the newest frame, and its gap counts the others."""
    frames = client.frames(timeout=10)
    server.send_frame(0)
    assert next(frames).seq == 0
    shown: list[Frame] = []
    at = 1
    for pause in (6, 4, 9):
        for seq in range(at, at + pause):
            server.send_frame(seq)
        at += pause
        shown.append(next(frames))
        while shown[-1].seq < at - 1:
            shown.append(next(frames))
    assert len(shown) < at - 1
    assert sum(frame.gap for frame in shown) + len(shown) == at - 1
    seqs = [frame.seq for frame in shown]
    assert seqs == sorted(set(seqs))


def test_every_frame_in_order(client: Client, server: FakeServer):
    """With ``every`` nothing that arrived is left out."""
    with client.frames(every=True, timeout=10) as frames:
        seen: list[int] = []
        for seq in range(30):
            server.send_frame(seq)
            seen.append(next(frames).seq)
        assert seen == list(range(30))
        server.send_frame(30)
        server.send_frame(33)
        assert [(f.seq, f.gap) for f in (next(frames), next(frames))] == [(30, 0), (33, 2)]


def test_older_frames_are_never_shown(client: Client, server: FakeServer):
    """Neither an earlier seq nor an earlier epoch; a new epoch begins anew."""
    with client.frames(every=True, timeout=10) as frames:
        for epoch, seq in ((2, 5), (2, 5), (2, 4), (1, 90), (2, 6), (3, 0)):
            server.send_frame(seq, epoch=epoch)
        shown = [next(frames) for _ in range(3)]
    assert [(f.epoch, f.seq, f.gap) for f in shown] == [(2, 5, 0), (2, 6, 0), (3, 0, 0)]


def test_audio_is_an_array_of_samples(client: Client, server: FakeServer):
    """Blocks of any kind come as arrays of their own type."""
    server.topics.append({"track": "sound", "kind": "audio", "topic": "frame/sound/"})
    block = np.arange(960, dtype=np.int16).reshape(2, 480)
    server.say("$status", server.status)
    with client.frames("main") as _, pytest.raises(ConfigError, match="sound"):
        client.frames("sound")
    server.cut()
    client.send("echo")
    with client.frames("sound", timeout=10) as frames:
        server.send_frame(0, block, track="sound", encoding="s16", rate_hz=48_000.0)
        frame = next(frames)
    assert (frame.array == block).all()
    assert (frame.array.dtype, frame.rate_hz, frame.encoding) == (np.int16, 48_000.0, "s16")


def test_only_the_named_track_is_seen(join: Callable[..., Client], server: FakeServer):
    """``main`` is not ``main_video``."""
    server.topics.append({"track": "main_video", "kind": "video", "topic": "frame/main_video/"})
    client = join()
    with client.frames("main", timeout=10) as frames:
        server.send_frame(1, track="main_video")
        server.send_frame(2, track="main")
        assert next(frames).seq == 2
    with pytest.raises(ConfigError, match="main, main_video"):
        client.frames()


def test_unknown_track_lists_those_there_are(client: Client):
    """A typing mistake is seen at once."""
    with pytest.raises(ConfigError, match=r"'mian'.*main"):
        client.frames("mian")


def test_without_a_name_the_model_is_waited_for(join: Callable[..., Client], server: FakeServer):
    """Which track there is, is known when the model has loaded."""
    topics, server.topics, server.schema_hash = server.topics, [], ""
    server.status = {"state": "loading", "epoch": 1}
    client = join()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.frames, None, timeout=10)
        server.topics, server.schema_hash = topics, "abc"
        server.set_status(state="ready")
        with waiting.result(10) as frames:
            assert frames.track == "main"
    server.status = {"state": "failed", "epoch": 1}
    server.topics = []
    with pytest.raises(LoadError):
        join().frames()


def test_no_frame_in_time(client: Client):
    """A step that waited in vain says for how long; the next one may try again."""
    frames = client.frames(timeout=0.05)
    for _ in range(2):
        with pytest.raises(TimeoutError, match=r"'main' within 0\.05 s"):
            next(frames)


def test_garbage_on_the_frames_socket_is_ignored(client: Client, server: FakeServer):
    """Wrong part counts, headers, sizes and versions are counted and left out."""
    with client.frames(every=True, timeout=10) as frames:
        topic = b"frame/main/"
        for parts in (
            [topic], [topic, b"x"], [topic, b"\xc1", b""], [topic, b"\x90", b""],
            [topic, b"x", b"y", b"z"], [topic, b"x", b"y", b"z", b"and", b"more"],
            [topic + b"deeper", b"", b""],
        ):  # fmt: skip
            server.send_parts(parts)
        server.send_frame(1, version=2)
        server.send_frame(2, shape=(5, 5))
        server.send_frame(3)
        assert next(frames).seq == 3
        assert frames.malformed == 9


def test_metadata_that_is_no_json_says_so(client: Client, server: FakeServer):
    """Bytes are the author's own; only asking for JSON is a mistake."""
    with client.frames(every=True, timeout=10) as frames:
        server.send_frame(0, metadata=b"\xff\x00")
        server.send_frame(1)
        frame, bare = next(frames), next(frames)
    assert frame.metadata == b"\xff\x00"
    with pytest.raises(ValueError, match="frame 0"):
        _ = frame.metadata_json
    assert bare.metadata_json is None


def test_close_from_elsewhere_ends_the_iteration(client: Client):
    """A thread that waits for a frame is let go."""
    frames = client.frames()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, frames)
        threading.Timer(0.05, frames.close).start()
        assert waiting.result(10) == []
    assert list(frames) == []


def test_end_of_the_client_ends_the_iteration(join: Callable[..., Client], server: FakeServer):
    """Quietly after ``close``; with the reason when the runtime let us go."""
    client, other = join(), join()
    with ThreadPoolExecutor(2) as pool:
        quiet = pool.submit(list, client.frames())
        client.close()
        assert quiet.result(10) == []
        loud = pool.submit(next, other.frames())
        server.say("$bye", {"reason": "stopped"})
        with pytest.raises(ConnectionLost, match="stopped"):
            loud.result(10)


def test_silent_frames_socket_is_told(client: Client, monkeypatch: pytest.MonkeyPatch):
    """A runtime whose frames can't be reached is not waited for silently."""
    monkeypatch.setattr("reactor_zmq.client.sync._LIVE_S", 0.1)
    monkeypatch.setattr(
        "reactor_zmq.client.discovery.Address.reach", lambda *_: "tcp://127.0.0.1:9"
    )
    with pytest.raises(ConnectionLost, match="frames socket"):
        client.frames()


def test_two_viewers_do_not_share_frames(client: Client, server: FakeServer):
    """Each call has a socket of its own."""
    with client.frames(timeout=10) as one, client.frames(timeout=10) as two:
        server.send_frame(4)
        assert next(one).seq == next(two).seq == 4
