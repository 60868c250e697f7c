"""Followers hear of the events that were applied, and of no others."""

from __future__ import annotations

import msgspec
from stage import Stage

from reactor_zmq.machines.access import Grant
from reactor_zmq.machines.frontend_vocabulary import PeerArrived, PeerSaid
from reactor_zmq.wire import link


def staged() -> Stage:
    """A stage on which ``recorder`` follows and ``a`` steers."""
    stage = Stage()
    stage.hello("recorder", follow_events=True)
    stage.hello("a")
    stage.told()
    return stage


def events(stage: Stage, instructions, peer: str = "recorder"):
    return [w["data"] for w in stage.heard(peer, instructions) if w["type"] == "$event"]


def test_an_applied_event_is_told():
    """When the handler has run the follower hears who sent what, and the others hear nothing."""
    stage = staged()
    assert stage.say("a", "set_prompt", {"prompt": "a storm"}, id=1) == []
    (sent,) = stage.forwarded()
    done = stage.actor(link.Reply(sent.token))
    (told,) = events(stage, done)
    assert (told["type"], told["data"]) == ("set_prompt", {"prompt": "a storm"})
    assert told["client"]
    assert events(stage, done, "a") == []


def test_a_refused_event_is_not_told():
    """What the front end or the handler refuses was not applied."""
    stage = staged()
    stage.say("a", "set_strength", {"strength": 99}, id=1)
    stage.say("a", "set_strength", {"strength": 3}, id=2)
    (sent,) = stage.forwarded()
    assert events(stage, stage.actor(link.ReplyError(sent.token, "no", "no"))) == []


def test_the_followers_encoding_is_its_own():
    """An event that came in MessagePack is told in JSON to a follower that speaks it."""
    stage = staged()
    packed = {"type": "set_prompt", "data": {"prompt": "ü"}}
    stage.raw("a", msgspec.msgpack.encode(packed))
    (sent,) = stage.forwarded()
    (told,) = events(stage, stage.actor(link.Reply(sent.token)))
    assert told["data"] == {"prompt": "ü"}


def test_the_event_of_one_who_left_is_told():
    """It was applied, whoever is left to be answered."""
    stage = staged()
    stage.say("a", "get_prompt")
    (sent,) = stage.forwarded()
    stage.say("a", "$bye")
    assert len(events(stage, stage.actor(link.Reply(sent.token)))) == 1


def test_only_who_may_steer_may_follow():
    """A viewer is not told what others said."""
    stage = Stage()
    stage.arrived.add(b"v")
    stage.do(PeerArrived(b"v", Grant("viewer", "view")))
    hello = {"protocol": 1, "follow_events": True}
    (answer,) = stage.say("v", "$hello", hello, id=1)
    assert (answer["data"]["code"], answer["data"]["field"]) == ("forbidden", "follow_events")


def test_the_pong_tells_when_the_ping_came():
    """Its Unix time is the one with which the ping was taken from the socket."""
    stage = staged()
    ping = PeerSaid(b"a", (b'{"type":"$ping"}',), 1_700_000_000_000_000_005)
    (pong,) = stage.heard("a", stage.do(ping))
    assert pong["data"] == {"unix_ns": 1_700_000_000_000_000_005}
