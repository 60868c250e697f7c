"""Recording, playing and filming real runs."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from mcap.reader import make_reader
from tape import bag_messages, topic, write

import reactor_zmq
from reactor_zmq.cli.main import main
from reactor_zmq.testing.running import running
from reactor_zmq_recording.file import RecordingFile
from reactor_zmq_recording.reading import read_recording
from reactor_zmq_recording.recorder import Recorder
from reactor_zmq_recording.replay import Replay
from reactor_zmq_recording.uploads import NOTE, Attachment, Kept
from reactor_zmq_recording.waiting import Entry, Waiting

ROOT = Path(__file__).parents[2]
POLICY = f"{ROOT}/examples/06_policy/model.py:PointAtLight"
UPLOADS = f"{ROOT}/tests/bridge/bridge_models.py:Everything"
MODELS = f"{ROOT}/tests/runtime/models.py"
POSE = np.linspace(-1, 1, 7, dtype=np.float32)


@pytest.fixture
def policy(resources, run_directory):
    """A run of examples/06_policy, and a client that steers it."""
    with (
        running(POLICY, name="policy") as run,
        reactor_zmq.connect("policy", timeout=20) as client,
    ):
        client.wait_ready(20)
        client.run = run
        yield client


@pytest.fixture
def recording(policy, tmp_path, wait_until) -> Callable[..., Path]:
    """Record while something is done to the policy; return the file."""

    def record(deed: Callable[[], object], *, codec: str = "raw") -> Path:
        path = tmp_path / f"run-{codec}.mcap"
        follower = reactor_zmq.connect("policy", timeout=20, follow_events=True)
        follower.wait_ready(20)
        recorder = Recorder(follower, path, codec=codec)
        work = threading.Thread(target=recorder.run)
        work.start()
        try:
            wait_until(lambda: len(recorder._frames) == 3, "the tracks")
            deed()
        finally:
            recorder.stop()
            work.join(20)
        return path

    return record


def inputs(path: Path, track: str) -> list[bytes]:
    return [m.data for m in read_recording(path) if m.plan.notes.get("track") == track]


def act(policy, wait_until) -> None:
    """Show the policy three pictures and poses, and change its speed twice."""
    policy.send("set_speed", speed=3.0)
    with policy.frames("camera", every=True, timeout=10) as seen:
        for n in range(3):
            wait_until(lambda n=n: policy.publish("joints", POSE * n, pts_ns=n), "room")
            picture = np.full((24, 32, 3), 40 * n, np.uint8)
            wait_until(lambda p=picture, n=n: policy.publish("camera", p, {"n": n}), "room")
            next(seen)
    policy.send("set_hold", hold=True)
    with policy.frames("actions", timeout=10) as frames:
        next(frames)


def test_everything_is_in_the_file(policy, recording, wait_until):
    """State at the beginning, events, changes, what was published and what came of it."""
    path = recording(lambda: act(policy, wait_until))
    found = Counter(m.plan.topic.split("/", 2)[2] for m in read_recording(path))
    assert found["joints"] == found["camera/image_raw"] == found["camera/metadata"] == 3
    assert found["events"] == 2
    assert found["actions"] >= 1
    assert found["status"] >= 1
    states = [m.values for m in read_recording(path) if m.plan.topic.endswith("/state")]
    assert states[0] == {"version": 0, "fields": {"speed": 2.0, "hold": False}}
    assert [s["fields"] for s in states[1:]] == [{"speed": 3.0}, {"hold": True}]
    events = [m.values for m in read_recording(path) if m.plan.topic.endswith("/events")]
    assert [(e["type"], e["data"]) for e in events] == [
        ("set_speed", {"speed": 3.0}),
        ("set_hold", {"hold": True}),
    ]
    poses = [message.position for _, message in bag_messages(path, "/PointAtLight/joints")]
    np.testing.assert_array_equal(np.float32(poses), [POSE * n for n in range(3)])


@pytest.mark.parametrize("speed", [1.0, None])
def test_a_recording_is_played_again(policy, recording, wait_until, speed):
    """A second recording, of the first one's replay, holds the same inputs, bit by bit."""
    first = recording(lambda: act(policy, wait_until))
    policy.send("set_speed", speed=9.0)
    policy.unpublish("joints")
    policy.unpublish("camera")
    done = []

    def play() -> None:
        with reactor_zmq.connect("policy", timeout=20) as player:
            player.wait_ready(20)
            done.append(Replay(player, path, speed).run())
            with policy.frames("actions", timeout=10) as frames:
                next(frames)

    path = first.with_name("again.mcap")
    first.rename(path)
    second = recording(play)
    assert (done[0].events, done[0].refused, done[0].frames, done[0].lost) == (4, 0, 6, 0)
    poses = [
        [tuple(m.values["position"]) for m in read_recording(p) if m.plan.topic.endswith("joints")]
        for p in (path, second)
    ]
    assert poses[0] == poses[1]
    for kind in ("camera/metadata", "camera/image_raw"):
        one, two = (
            [m.values for m in read_recording(p) if m.plan.topic.endswith(kind)]
            for p in (path, second)
        )
        if kind == "camera/metadata":
            assert [v["text"] for v in one] == [v["text"] for v in two]
        else:
            assert [bytes(v["data"]) for v in one] == [bytes(v["data"]) for v in two]


@pytest.mark.parametrize(("most_nbytes", "kept"), [(10**7, [512_000, 512_000, 5]), (1000, [5])])
def test_uploads_are_played_again(resources, tmp_path, wait_until, most_nbytes, kept):
    """Files that events name are attached, and uploaded to a fresh run; beyond the bound not."""
    path, picture = tmp_path / "run.mcap", bytes(range(256)) * 2000
    with running(UPLOADS, name="first"), reactor_zmq.connect("first", timeout=20) as client:
        client.wait_ready(20)
        follower = reactor_zmq.connect("first", timeout=20, follow_events=True)
        follower.wait_ready(20)
        recorder = Recorder(follower, path, codec="raw", uploads_nbytes=most_nbytes)
        work = threading.Thread(target=recorder.run)
        work.start()
        wait_until(lambda: recorder._threads, "the recorder")
        for _ in range(2):
            client.send("weigh", file=client.upload(picture, name="a/b.bin", mime_type="x/y"))
        again = client.upload(b"small", name="b.bin")
        client.send("weigh", file=again)
        client.send("weigh", file=again)
        wait_until(lambda: len(recorder._fetching._known) == 3, "the files")
        recorder.stop()
        work.join(20)
    with path.open("rb") as file:
        attached = [a for a in make_reader(file).iter_attachments() if a.name != "openapi.json"]
    assert [len(a.data) for a in attached] == kept
    assert recorder._fetching.left_out == 3 - len(kept)
    with running(UPLOADS, name="second"), reactor_zmq.connect("second", timeout=20) as client:
        client.wait_ready(20)
        with reactor_zmq.connect("second", timeout=20, follow_events=True) as follower:
            done = Replay(client, path, None).run()
            # A fresh run whose state is not known yet may be told of it first: those name no file.
            heard = (m.data["data"] for m in follower.messages(20) if m.type == "$event")
            named = next(data["file"] for data in heard if "file" in data)
            file = client.download(named["upload_id"])
    assert (done.uploads, done.skipped, done.refused) == (len(kept), 3 - len(kept), 0)
    first = (picture, "a/b.bin", "x/y") if len(kept) == 3 else (b"small", "b.bin", file.mime_type)
    assert (file.data, file.name, file.mime_type) == first


def test_a_rotten_upload_is_not_played(tmp_path):
    """A file in the recording whose bits have changed is none; the others are there."""
    path = tmp_path / "run.mcap"
    recording = RecordingFile(path)
    for number in range(2):
        data = bytes([65 + number]) * 5000
        digest = hashlib.sha256(data).hexdigest()
        attachment = Attachment(f"u{number}", "x.bin", "x/y", digest, data)
        recording.attach(attachment.title, attachment.media_type, attachment.data)
        recording.note(NOTE, attachment.facts)
    recording.close()
    whole = Kept(path).get("u0")
    assert whole is not None
    assert whole.data == b"A" * 5000
    path.write_bytes(path.read_bytes().replace(b"A" * 5000, b"A" * 4999 + b"?"))
    kept = Kept(path)
    assert kept.get("u0") is None
    assert kept.get("u1") is not None
    assert kept.get("u2") is None


def test_a_crash_of_the_actor_is_in_the_file(policy, recording, wait_until):
    """The status says when it restarted, under which epoch, and the recording goes on."""

    def crash() -> None:
        policy.run.kill_actor()
        wait_until(lambda: policy.epoch == 2 and policy.status.state == "ready", "the restart")
        policy.send("set_speed", speed=5.0)

    path = recording(crash)
    told = [m.values for m in read_recording(path) if m.plan.topic.endswith("/status")]
    assert ("restarting", "killed") in [(s["state"], s["reason"]) for s in told]
    assert told[-1]["epoch"] == 2
    events = [m.values["data"] for m in read_recording(path) if m.plan.topic.endswith("/events")]
    assert events == [{"speed": 5.0}]


def test_the_end_of_the_run_ends_the_recording(tmp_path, policy, wait_until):
    """The file is whole and says what there was."""
    path = tmp_path / "run.mcap"
    follower = reactor_zmq.connect("policy", timeout=20, follow_events=True)
    follower.wait_ready(20)
    recorder = Recorder(follower, path)
    work = threading.Thread(target=recorder.run)
    work.start()
    wait_until(lambda: len(recorder._frames) == 3, "the tracks")
    policy.run.stop()
    work.join(20)
    assert not work.is_alive()
    assert bag_messages(path, "/PointAtLight/state")


def test_the_command_line_records(tmp_path, policy, capsys, wait_until):
    """``record`` tells its progress; SIGTERM ends it in order; ``replay`` takes the file."""
    path = tmp_path / "run.mcap"
    command = [sys.executable, "-m", "reactor_zmq.cli.main", "record", "policy", "--json"]
    process = subprocess.Popen(
        [*command, "--out", str(path)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    policy.send("set_speed", speed=3.0)
    while json.loads(process.stdout.readline())["messages"] == first["messages"]:
        pass
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    last = json.loads(out.splitlines()[-1])
    assert last["messages"] > first["messages"] >= 2
    assert main(["replay", str(path), "policy", "--fast"]) == 0
    played = json.loads(capsys.readouterr().out)
    assert played["events"] == 2  # back to the speed at the beginning, and then the event


def test_it_says_where_to(policy, capsys):
    """Without --out nothing is begun."""
    assert main(["record", "policy"]) == 2
    assert "--out" in capsys.readouterr().err


def test_a_film_has_every_frame_at_its_time(tmp_path, capsys):
    """MP4 of a recording: each frame, at the time at which it was made."""
    path = tmp_path / "run.mcap"
    pictures = [np.full((32, 48, 3), 20 * n, np.uint8) for n in range(10)]
    write(path, topic("main_video", "video"), pictures, "jpeg")
    assert main(["export", str(path), "--mp4"]) == 0
    assert "10 frames" in capsys.readouterr().out
    with av.open(str(path.with_suffix(".mp4"))) as film:
        frames = list(film.decode(video=0))
    assert [round(f.time, 3) for f in frames] == [round(n / 50, 3) for n in range(10)]
    levels = [int(f.to_ndarray(format="rgb24").mean()) for f in frames]
    assert all(abs(level - 20 * n) < 4 for n, level in enumerate(levels))


def test_a_film_of_nothing_is_refused(tmp_path, capsys):
    """A track that is not there is named."""
    path = tmp_path / "run.mcap"
    write(path, topic("main_video", "video"), [np.zeros((4, 4, 3), np.uint8)])
    assert main(["export", str(path), "--track", "other"]) == 2
    assert "other" in capsys.readouterr().err


def test_what_finds_no_room_is_counted():
    """The writer's queue is bounded by bytes; who hears never waits."""
    waiting = Waiting[Entry](lambda entry: len(entry.data), most_nbytes=10)
    entries = [Entry(None, bytes(4), n, n) for n in range(3)]  # type: ignore[arg-type]
    for entry in entries:
        waiting.put(entry)
    assert waiting.dropped == 1
    assert [waiting.take(0) for _ in range(3)] == [*entries[:2], None]
