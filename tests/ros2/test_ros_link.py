"""The bridge's client against a real front end: events, frames, input, and its return."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import pytest

from reactor_zmq.testing.running import running
from reactor_zmq_ros2.link import Link
from reactor_zmq_ros2.talk import PING_S, SILENCE_S, Talk

ECHO = Path(__file__).parents[2] / "examples" / "04_camera_echo" / "model.py"


class Ear:
    """Keeps what a link hears, in order."""

    def __init__(self):
        self.heard = queue.Queue()

    def __getattr__(self, name):
        if name not in ("ready", "status", "state", "message", "lost"):
            raise AttributeError(name)
        return lambda *told: self.heard.put((name, told))

    def next(self, name):
        """Return what was told next under this name."""
        while True:
            kind, told = self.heard.get(timeout=10)
            if kind == name:
                return told

    def next_state(self, wanted):
        """Return the next state that is as wanted."""
        while not wanted(fields := self.next("state")[0]):
            pass
        return fields


@pytest.fixture(name="linked")
def link_to_a_run(resources, run_directory):
    """A link to "echo", its ear, and the frames that it shows."""
    ear, shown = Ear(), queue.Queue()
    link = Link("echo", ear, lambda *frame: shown.put(frame), name="bridge")
    link.start()
    yield link, ear, shown
    link.stop()


def ask(link, kind, **data):
    """Send an event and wait for its reply."""
    answers = queue.Queue()
    link.ask(kind, data, lambda *told: answers.put(told))
    return answers.get(timeout=10)


def test_conversation(linked):
    """Schema and state come first; events are answered; a published frame comes back as it was."""
    link, ear, shown = linked
    with running(f"{ECHO}:CameraEcho", name="echo"):
        welcome, schema = ear.next("ready")
        assert welcome["inputs"] == ["camera"]
        assert "/events/set_strength" in schema["paths"]
        assert ear.next_state(lambda fields: fields.get("effect") == "mirror")
        assert ask(link, "set_strength", strength=0.25) == ("$ok", {})
        assert ear.next_state(lambda fields: fields == {"effect": "mirror", "strength": 0.25})
        kind, data = ask(link, "set_strength", strength=9)
        assert (kind, data["code"], data["field"]) == ("$error", "invalid_data", "strength")
        link.watch(frozenset({"main_video"}))
        track, header, samples = given_until_shown(link, shown)
        assert (track, header.shape, header.encoding) == ("main_video", (2, 2, 3), "rgb8")
        assert bytes(samples.view) == b"\4\5\6\1\2\3" * 2
        assert samples.is_whole()


def given_until_shown(link, shown):
    """Publish until a frame comes back: a frame that nobody waits for is nobody's."""
    for _ in range(100):
        link.give("camera", {"shape": [2, 2, 3], "pts_ns": 1}, b"\1\2\3\4\5\6" * 2)
        try:
            return shown.get(timeout=0.1)
        except queue.Empty:
            continue
    raise AssertionError("no frame came back")


def test_next_run(linked):
    """A front end that dies is missed at once; the next one of its name is found."""
    link, ear, _ = linked
    with running(f"{ECHO}:CameraEcho", name="echo") as first:
        ear.next("ready")
        first.process.kill()
        ear.next("lost")
        assert ask(link, "set_strength", strength=0.5)[1]["code"] == "link_lost"
    with running(f"{ECHO}:CameraEcho", name="echo"):
        ear.next("ready")
        assert ask(link, "set_strength", strength=0.5) == ("$ok", {})


def test_nobody_there(linked):
    """Where there is no run, an event is answered so, and the trouble says what to do."""
    link, _, _ = linked
    assert ask(link, "anything")[1]["code"] == "link_lost"
    assert "reactor-zmq run" in link.trouble
    assert link in threading.enumerate()


def test_silence():
    """A front end that says nothing is pinged each second, and given up after four."""
    talk = Talk(Ear(), "bridge")
    talk.begin(0)
    assert not talk.is_silent(PING_S)
    assert not talk.is_silent(SILENCE_S)
    assert [envelope["type"] for envelope, _ in talk.to_send] == ["$hello", "$ping", "$ping"]
    assert talk.is_silent(SILENCE_S + PING_S)


def test_clock_offset():
    """The quickest round trip tells by how much the front end's clock is ahead."""
    talk = Talk(Ear(), "bridge")
    talk.begin(0)
    second_ns = 1_000_000_000
    for sent_s, trip_s, ahead_ns in ((1.0, 0.5, 90), (2.0, 0.25, 7), (3.0, 0.375, 50)):
        talk.is_silent(sent_s)
        ping = talk.to_send.pop()[0]
        took_ns = round((sent_s + trip_s / 2) * second_ns) + ahead_ns
        pong = {"type": "$pong", "data": {"unix_ns": took_ns}, "id": ping["id"]}
        talk.hear(pong, sent_s + trip_s, round((sent_s + trip_s) * second_ns))
    assert talk.figures() == {"round trip ms": 250, "clock offset ms": 7e-6}


def test_lost_events_are_answered():
    """What was asked over a link that broke is answered once, as lost."""
    ear, answers = Ear(), []
    talk = Talk(ear, "bridge")
    talk.begin(0)
    talk.ask("move", {}, lambda *told: answers.append(told))
    talk.end("gone")
    talk.end("gone")
    assert [(kind, data["code"]) for kind, data in answers] == [("$error", "link_lost")]
    assert ear.next("lost") == ("gone",)


def test_refused_resume():
    """When a return is refused, the bridge comes as a new client."""
    talk = Talk(Ear(), "bridge")
    talk._resume = "old"
    talk.begin(0)
    refusal = {"type": "$error", "data": {"code": "resume_refused"}, "id": 1}
    talk.hear(refusal, 0)
    hellos = [envelope["data"].get("resume") for envelope, _ in talk.to_send]
    assert hellos == ["old", None]
