"""A stop under load: what was accepted is applied or answered, and everybody hears why."""

from __future__ import annotations

import signal

import pytest


def hear_all(peer) -> list[dict]:
    """Return everything up to and with ``$bye``."""
    heard = [peer.hear()]
    while heard[-1]["type"] != "$bye":
        heard.append(peer.hear())
    return heard


@pytest.mark.parametrize("moment", [0, 1, 17, 150])
def test_each_event_around_a_stop_gets_one_reply(run, client, moment):
    """Applied up to some event and refused with a reason from there on, never the other way."""
    served = run("Page")
    peer = client(served)
    for n in range(300):
        peer.say("set_prompt", {"prompt": str(n)}, id=n)
    heard = []
    while not (heard and heard[-1].get("id") == moment):
        heard.append(peer.hear())
    served.process.send_signal(signal.SIGTERM)
    for n in range(300, 600):
        peer.say("set_prompt", {"prompt": str(n)}, id=n)
    heard += hear_all(peer)
    replies = {h["id"]: h for h in heard if isinstance(h.get("id"), int)}
    # What comes after the goodbye is for nobody: the events port is closing.
    assert sorted(replies) == list(range(len(replies)))
    kinds = [replies[n]["type"] for n in sorted(replies)]
    applied = kinds.count("$ok")
    assert applied > moment
    assert kinds == ["$ok"] * applied + ["$error"] * (len(kinds) - applied)
    codes = {replies[n]["data"]["code"] for n in range(applied, len(kinds))}
    assert codes <= {"model_unavailable", "closed"}
    assert heard[-1]["data"] == {"reason": "stopped"}
    assert served.process.wait(10) == 0


def test_turn_that_runs_is_finished_and_newcomers_are_refused(run, client):
    """Stopping is told at once; an event behind a turn of half a second is still applied."""
    served = run("Slow")
    peer, late = client(served), client(served, hello=False)
    peer.say("set_strength", {"strength": 5}, id="good")
    peer.say("$ping", id="taken")
    while peer.hear().get("id") != "taken":
        pass
    served.process.send_signal(signal.SIGTERM)
    peer.hear_until("$status", state="stopping")
    assert late.ask("$hello", {"protocol": 1})["data"]["code"] == "closed"
    peer.say("set_strength", {"strength": 6}, id="late")
    heard = hear_all(peer)
    refused = next(h for h in heard if h.get("id") == "late")
    assert refused["data"]["code"] == "model_unavailable"
    assert {"type": "$ok", "data": {}, "id": "good"} in heard
    assert served.process.wait(10) == 0


def test_what_takes_longer_than_the_grace_is_answered(run, client):
    """A handler that never returns is ended after it; its caller hears ``closed``."""
    served = run("Page", "--stop-grace-s", "0.1")
    peer = client(served)
    peer.say("hang", id="stuck")
    peer.ask("$ping")
    served.process.send_signal(signal.SIGTERM)
    answer = next(h for h in hear_all(peer) if h.get("id") == "stuck")
    assert answer["data"]["code"] == "closed"
    assert served.process.wait(10) == 0


def test_stop_during_an_upload(run, client):
    """The uploader hears the goodbye, and nothing of the file is left."""
    served = run("Page")
    peer = client(served)
    word = {"name": "big", "size": 1_000_000, "sha256": "0" * 64}
    upload_id = peer.ask("$upload", word)["data"]["upload_id"]
    peer.ask("$upload_chunk", {"upload_id": upload_id, "offset": 0}, bytes(262_144))
    served.process.send_signal(signal.SIGTERM)
    assert hear_all(peer)[-1]["data"] == {"reason": "stopped"}
    assert served.process.wait(10) == 0
