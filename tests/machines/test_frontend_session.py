"""Playbooks: clients come and go, the actor dies and returns."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from stage import Stage, packed

from reactor_zmq.machines.frontend_vocabulary import (
    DropFile,
    Forget,
    PeerStuck,
    Say,
    StopAsked,
    ViewersChanged,
)
from reactor_zmq.wire import link


def _names(messages):
    return [type(m).__name__ for m in messages]


def test_welcome_says_where_the_frames_are():
    """The welcome names the frames endpoint, the topics and the input tracks."""
    stage = Stage()
    welcome = stage.hello("a")
    assert welcome["frames"] == "tcp://frames"
    assert welcome["topics"] == [
        {
            "track": "main_video",
            "kind": "video",
            "topic": "frame/main_video/",
            "sample_rate": 0,
            "tensor": None,
        }
    ]
    assert welcome["inputs"] == ["camera", "microphone"]
    assert (welcome["protocol"], welcome["epoch"], welcome["resumed"]) == (1, 1, False)
    assert welcome["status"]["state"] == "ready"


def test_actor_hears_of_a_client_after_the_welcome_was_said():
    """A message from the connected hook can't overtake the welcome."""
    stage = Stage()
    stage.log.clear()
    stage.hello("a")
    kinds = [type(i).__name__ for i in stage.log if type(i).__name__ in ("Say", "Tell")]
    assert kinds == ["Say", "Tell"]


def test_joining_pushes_no_status():
    """Counts alone are told on request only, so hooks' messages come first after the welcome."""
    stage = Stage()
    stage.hello("a")
    stage.hello("b")
    out = stage.do(ViewersChanged(3))
    assert stage.heard("a", out) == []
    (status,) = stage.say("a", "$status", id=1)
    assert (status["data"]["clients"], status["data"]["viewers"]) == (2, 3)


def test_second_hello_is_the_same_client():
    """A peer that greets twice stays who it is, and the actor hears of it once."""
    stage = Stage()
    first = stage.hello("a")
    second = stage.hello("a")
    assert first["client"] == second["client"]
    assert _names(stage.told()).count("Join") == 1


@pytest.mark.parametrize("version", [0, 2, 99])
def test_other_protocol_versions_are_refused(version):
    """The refusal names both versions."""
    stage = Stage()
    (error,) = stage.say("a", "$hello", {"protocol": version}, id=1)
    assert error["data"]["code"] == "protocol_mismatch"
    assert str(version) in error["data"]["text"]
    assert stage.told() == []


def test_bye_ends_the_stay_at_once():
    """A client that says goodbye is not waited for; the last one ends the session."""
    stage = Stage()
    first = stage.hello("a")
    (bye,) = stage.say("a", "$bye", id=1)
    assert (bye["type"], bye["id"]) == ("$bye", 1)
    assert _names(stage.told())[-1] == "Leave"
    assert stage.hello("a")["session"] != first["session"]


def test_broken_link_is_waited_for_then_given_up():
    """A client without a link stays for resume_s, then leaves."""
    stage = Stage(resume_s=5)
    stage.hello("a")
    stage.gone("a")
    stage.told()
    assert stage.told(stage.wait(4.9)) == []
    assert _names(stage.told(stage.wait(0.2))) == ["Leave"]


def test_resume_brings_the_client_back_with_what_it_missed():
    """The same client on a new link gets welcome first, then what was said meanwhile, in order."""
    stage = Stage()
    first = stage.hello("a")
    stage.gone("a")
    for n in range(3):
        stage.actor(link.Message("", "progress", packed(step=n)))
    heard = stage.say("a2", "$hello", {"protocol": 1, "resume": first["resume"]}, id=1)
    assert heard[0]["data"]["client"] == first["client"]
    assert heard[0]["data"]["resumed"] is True
    assert [e["data"]["step"] for e in heard[1:]] == [0, 1, 2]
    assert _names(stage.told()).count("Join") == 1
    stage.wait(60)
    assert "Leave" not in _names(stage.told())


def test_resume_takes_over_from_a_link_that_looks_alive():
    """After a takeover the old link speaks for nobody."""
    stage = Stage()
    first = stage.hello("a")
    stage.hello("b", resume=first["resume"])
    (error,) = stage.say("a", "get_prompt", id=1)
    assert error["data"]["code"] == "unauthenticated"
    assert stage.say("b", "get_prompt", id=1) == []


def test_link_of_one_client_can_not_become_another():
    """Otherwise the first client would be left without a link that could ever break."""
    stage = Stage()
    first = stage.hello("a")
    stage.hello("b")
    (error,) = stage.say("b", "$hello", {"protocol": 1, "resume": first["resume"]}, id=1)
    assert error["data"]["code"] == "resume_refused"
    stage.gone("a")
    stage.gone("b")
    stage.wait(6)
    assert stage.brain.client_count == 0


def test_second_hello_is_no_resume():
    """The same client is welcomed again, and told that nothing was resumed."""
    stage = Stage()
    first = stage.hello("a")
    again = stage.hello("a")
    assert (again["client"], again["resumed"]) == (first["client"], False)


def test_new_actor_misses_what_it_says():
    """What the dead actor missed is not held against the next one."""
    stage = Stage()
    stage.hello("a")
    stage.actor(link.Waiting(("prompt",)))
    stage.crash()
    stage.restart()
    (status,) = stage.say("a", "$status", id=1)
    assert (status["data"]["state"], status["data"]["missing"]) == ("ready", [])


def test_wrong_resume_token_is_refused():
    """A made-up token resumes nobody and makes no client."""
    stage = Stage()
    (error,) = stage.say("a", "$hello", {"protocol": 1, "resume": "made-up"}, id=1)
    assert error["data"]["code"] == "resume_refused"
    assert stage.brain.client_count == 0


def test_client_that_misses_too_much_while_away_is_let_go():
    """What waits for an absent client is bounded."""
    stage = Stage(client_queue=10)
    stage.hello("a")
    stage.gone("a")
    for n in range(11):
        stage.actor(link.Message("", "progress", packed(step=n)))
    assert stage.brain.client_count == 0


def test_slow_consumer_hears_why():
    """A client whose queue is full hears bye with the reason, and leaves."""
    stage = Stage()
    stage.hello("a")
    out = stage.do(PeerStuck(b"a"))
    (bye,) = stage.heard("a", out)
    assert bye == {"type": "$bye", "data": {"reason": "slow_consumer"}}
    assert [type(i) for i in out if isinstance(i, (Forget, Say))] == [Forget, Say]
    assert stage.brain.client_count == 0


def test_client_limit():
    """One client too many is told so."""
    stage = Stage(clients=1)
    stage.hello("a")
    (error,) = stage.say("b", "$hello", {"protocol": 1}, id=1)
    assert error["data"]["code"] == "busy"


def test_clients_that_were_lost_give_way_to_those_that_are_there():
    """Whoever says hello and vanishes over and over keeps nobody out; the longest lost goes."""
    stage = Stage(clients=3)
    stage.hello("stays")
    tokens = [stage.hello(name)["resume"] for name in ("early", "late")]
    for name in ("early", "late"):
        stage.gone(name)
        stage.wait(1)
    stage.hello("new")
    early, late = (
        stage.say(f"again {n}", "$hello", {"protocol": 1, "resume": token}, id=1)
        for n, token in enumerate(tokens)
    )
    assert early[0]["data"]["code"] == "resume_refused"
    assert late[0]["type"] == "$welcome"
    assert stage.say("stays", "$ping", id=1)[0]["type"] == "$pong"


def test_messages_go_to_one_or_to_all():
    """A message with a client id is heard by that client alone."""
    stage = Stage()
    a = stage.hello("a")["client"]
    stage.hello("b")
    out = stage.actor(link.Message(a, "hint", packed(x=1)))
    assert len(stage.heard("a", out)) == 1
    assert stage.heard("b", out) == []
    out = stage.actor(link.Message("", "hint", packed(x=1)))
    assert len(stage.heard("a", out)) == len(stage.heard("b", out)) == 1


def test_newcomer_hears_nothing_before_its_connected_hook():
    """What a turn says to all while a client waits to be let in is not for that client."""
    stage = Stage()
    stage.hello("a")
    stage.admits = False
    newcomer = stage.hello("b")["client"]
    out = stage.actor(link.Message("", "progress", packed(step=1)))
    assert len(stage.heard("a", out)) == 1
    assert stage.heard("b", out) == []
    stage.actor(link.Joined(newcomer))
    (hello,) = stage.heard("b", stage.actor(link.Message(newcomer, "hello", packed())))
    assert hello["type"] == "hello"
    assert len(stage.heard("b", stage.actor(link.Message("", "progress", packed(step=2))))) == 1


def test_last_words_of_a_session_are_not_the_next_ones():
    """State and messages that the actor sent before it heard of the change reach nobody."""
    stage = Stage()
    stage.hello("a")
    stage.actor(link.StateChanged({"prompt": packed_value("a meadow")}, fresh=True))
    stage.say("a", "$bye")
    stage.admits = False
    client = stage.hello("b", follow_state=True)["client"]
    late = stage.actor(link.StateChanged({"prompt": packed_value("a storm")}))
    late += stage.actor(link.Message("", "progress", packed(step=9)))
    assert stage.heard("b", late) == []
    stage.actor(link.Joined(client))
    stage.actor(link.StateChanged({"prompt": packed_value("a meadow")}, fresh=True))
    stage.crash()
    assert "Restore" not in _names(stage.told(stage.restart()))


def test_state_is_pushed_to_those_who_follow():
    """State changes reach followers, newcomers get them in the welcome, others ask."""
    stage = Stage()
    stage.hello("a", follow_state=True)
    stage.hello("b")
    stage.actor(link.StateChanged({"prompt": packed_value("a meadow")}, fresh=True))
    out = stage.actor(link.StateChanged({"prompt": packed_value("a storm")}))
    (change,) = stage.heard("a", out)
    assert change["data"]["fields"] == {"prompt": "a storm"}
    assert stage.heard("b", out) == []
    assert stage.hello("c")["state"] == {"prompt": "a storm"}
    (answer,) = stage.say("b", "$state", id=4)
    assert answer["data"]["fields"] == {"prompt": "a storm"}


def test_crash_answers_what_is_in_flight_and_keeps_the_clients():
    """In-flight events get actor_crashed, clients hear restarting and stay."""
    stage = Stage()
    stage.hello("a")
    stage.say("a", "get_prompt", id=5)
    heard = stage.heard("a", stage.crash())
    assert [(e["type"], e.get("id")) for e in heard] == [("$error", 5), ("$status", None)]
    assert heard[0]["data"]["code"] == "actor_crashed"
    assert heard[1]["data"]["state"] == "restarting"
    assert heard[1]["data"]["reason"] == "crashed"


def test_new_actor_gets_clients_files_state_and_waiting_events():
    """After a crash the new actor is told everything it needs, in an order that works."""
    stage = Stage()
    stage.hello("a")
    stage.actor(link.StateChanged({"prompt": packed_value("default")}, fresh=True))
    stage.actor(link.StateChanged({"prompt": packed_value("a storm")}))
    upload(stage, "a", b"hello")
    stage.crash()
    stage.say("a", "set_prompt", {"prompt": "later"}, id=6)
    stage.told()
    told = stage.told(stage.restart())
    assert _names(told) == ["UploadStored", "Restore", "Join", "EventIn"]
    assert told[0].announce is False
    assert told[1].fields == (("prompt", packed_value("a storm")),)


def test_replayed_state_survives_a_crash_during_the_replay():
    """Defaults of the new actor do not wipe the journal out."""
    stage = Stage()
    stage.hello("a")
    stage.actor(link.StateChanged({"prompt": packed_value("a storm")}))
    for epoch in (2, 3):
        stage.crash()
        told = stage.told(stage.restart(epoch))
        assert "Restore" in _names(told)
        stage.actor(link.StateChanged({"prompt": packed_value("default")}, fresh=True))


def test_defaults_are_not_replayed():
    """A session in which nothing was set has nothing to restore."""
    stage = Stage()
    stage.hello("a")
    stage.actor(link.StateChanged({"prompt": packed_value("default")}, fresh=True))
    stage.crash()
    assert "Restore" not in _names(stage.told(stage.restart()))


def test_final_death_answers_everything():
    """When no actor comes any more, waiting events are answered too and new ones refused."""
    stage = Stage()
    stage.hello("a")
    stage.say("a", "get_prompt", id=1)
    stage.crash()
    stage.say("a", "get_prompt", id=2)
    heard = stage.heard("a", stage.crash(final=True))
    assert heard[0]["data"]["code"] == "model_unavailable"
    assert heard[-1]["data"]["state"] == "failed"
    (error,) = stage.say("a", "get_prompt", id=3)
    assert error["data"]["code"] == "model_unavailable"


def test_failed_turn_is_told_as_it_happens():
    """Each failed turn is told with the reason error and no detail; the state stays ready."""
    stage = Stage()
    stage.hello("a")
    for count in (1, 2):
        (status,) = stage.heard("a", stage.actor(link.TurnFailed(count)))
        assert (status["data"]["state"], status["data"]["reason"]) == ("ready", "error")
    (status,) = stage.say("a", "$status", id=1)
    assert status["data"]["reason"] == ""


def test_failed_session_lets_its_clients_go():
    """A session that the model can't go on with ends for everybody; they may come back."""
    stage = Stage()
    stage.hello("a")
    heard = stage.heard("a", stage.actor(link.SessionFailed("turns")))
    assert heard[-1] == {"type": "$bye", "data": {"reason": "session_failed"}}
    assert stage.hello("a")["status"]["state"] == "ready"


def test_waiting_for_required_fields_is_told():
    """Status names what is missing, and says ready when nothing is."""
    stage = Stage()
    stage.hello("a")
    (waiting,) = stage.heard("a", stage.actor(link.Waiting(("prompt",))))
    assert (waiting["data"]["state"], waiting["data"]["missing"]) == ("waiting", ["prompt"])
    (ready,) = stage.heard("a", stage.actor(link.Waiting(())))
    assert (ready["data"]["state"], ready["data"]["missing"]) == ("ready", [])


def test_progress_of_a_load_is_pushed():
    """Clients that wait for the load see how far it is."""
    stage = Stage(loaded=False)
    stage.hello("a")
    (status,) = stage.heard("a", stage.actor(link.Loading(3, 10, "weights")))
    assert status["data"]["progress"] == {"done": 3.0, "total": 10.0, "text": "weights"}


def test_stop_refuses_the_new_and_says_goodbye_to_the_old():
    """While stopping no client comes in; at the end each hears that it was stopped."""
    stage = Stage()
    stage.hello("a")
    stage.do(StopAsked())
    (error,) = stage.say("b", "$hello", {"protocol": 1}, id=1)
    assert error["data"]["code"] == "closed"
    heard = stage.heard("a", stage.brain.farewell())
    assert heard[-1] == {"type": "$bye", "data": {"reason": "stopped"}}


def test_end_of_session_drops_files_and_state():
    """Files and state go with the last client."""
    stage = Stage()
    stage.hello("a")
    upload_id = upload(stage, "a", b"hello")
    stage.actor(link.StateChanged({"prompt": packed_value("a storm")}))
    stage.log.clear()
    stage.say("a", "$bye")
    assert DropFile(upload_id) in stage.log
    assert stage.hello("b")["state"] == {}


def packed_value(value):
    """Pack one value as the actor does."""
    return msgspec.msgpack.encode(value)


def upload(stage: Stage, peer: str, data: bytes) -> str:
    """Upload a file in one chunk; return its id."""
    digest = hashlib.sha256(data).hexdigest()
    request = {"name": "f", "size": len(data), "sha256": digest}
    (ready,) = stage.say(peer, "$upload", request, id=90)
    upload_id = ready["data"]["upload_id"]
    stage.say(peer, "$upload_chunk", {"upload_id": upload_id, "offset": 0}, data)
    (done,) = stage.say(peer, "$upload_finish", {"upload_id": upload_id}, id=91)
    assert done["type"] == "$uploaded", done
    return upload_id


def test_says_are_addressed_to_live_links_only():
    """Nothing is sent to a link that has closed."""
    stage = Stage()
    stage.hello("a")
    stage.gone("a")
    out = stage.actor(link.Message("", "progress", packed(step=1)))
    assert not [i for i in out if isinstance(i, Say)]
