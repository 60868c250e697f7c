"""Playbooks: events on their way through the front end's brain."""

from __future__ import annotations

import msgspec
import pytest
from stage import Stage, packed

from reactor_zmq.machines.frontend_vocabulary import PeerSaid, Say
from reactor_zmq.wire import link


def test_valid_event_goes_on_as_the_same_bytes():
    """The actor gets exactly the data bytes that the client wrote, spaces included."""
    stage = Stage()
    stage.hello("a")
    stage.told()
    stage.raw("a", b'{"type": "set_prompt", "data": {"prompt":  "a storm"}, "id": 1}')
    (event,) = stage.forwarded()
    assert (event.type, event.data) == ("set_prompt", b'{"prompt":  "a storm"}')


def test_bare_reply_is_an_ok_with_the_events_id():
    """An event whose handler returned nothing is answered by $ok with its id."""
    stage = Stage()
    stage.hello("a")
    stage.say("a", "set_prompt", {"prompt": "x"}, id=7)
    (event,) = stage.forwarded()
    (reply,) = stage.heard("a", stage.actor(link.Reply(event.token)))
    assert reply == {"type": "$ok", "data": {}, "id": 7}


def test_message_reply_carries_id_and_keeps_int_an_int_in_json():
    """A message that answers an event has its id, and its int is no float in JSON."""
    stage = Stage()
    stage.hello("a")
    stage.say("a", "get_prompt", id="q")
    (event,) = stage.forwarded()
    out = stage.actor(link.Reply(event.token, "current_prompt", packed(prompt="x", step=3)))
    (reply,) = stage.heard("a", out)
    assert reply == {
        "type": "current_prompt",
        "data": {"prompt": "x", "step": 3},
        "id": "q",
    }
    assert isinstance(reply["data"]["step"], int)


def test_each_peer_is_answered_in_the_encoding_it_spoke():
    """A MessagePack peer gets MessagePack, a JSON peer JSON, from the same broadcast."""
    stage = Stage()
    stage.hello("json")
    stage.raw("pack", msgspec.msgpack.encode({"type": "$hello", "data": {"protocol": 1}}))
    out = stage.actor(link.Message("", "progress", packed(step=1)))
    parts = {i.peer: i.parts[0] for i in out}
    assert parts[b"json"] == b'{"type":"progress","data":{"step":1}}'
    assert msgspec.msgpack.decode(parts[b"pack"]) == {"type": "progress", "data": {"step": 1}}


def test_req_peer_gets_its_empty_part_mirrored():
    """A REQ socket's delimiter comes back in front of the answer."""
    stage = Stage()
    hello = msgspec.json.encode({"type": "$hello", "data": {"protocol": 1}})
    out = stage.do(PeerSaid(b"req", (b"", hello)))
    says = [i for i in out if isinstance(i, Say)]
    assert says[0].parts[0] == b""
    assert len(says[0].parts) == 2


@pytest.mark.parametrize(
    ("kind", "data", "code", "field"),
    [
        ("set_strength", {"strength": 11}, "invalid_data", "strength"),
        ("set_strength", {"strength": "5"}, "invalid_data", "strength"),
        ("set_strength", {"strength": True}, "invalid_data", "strength"),
        ("set_strength", {"strength": 3.5}, "invalid_data", "strength"),
        ("set_strength", {}, "invalid_data", "strength"),
        ("set_strength", {"strength": 1, "more": 2}, "invalid_data", "more"),
        ("set_prompt", {"prompt": "x" * 21}, "invalid_data", "prompt"),
        ("set_prompt", {"prompt": "nul\0"}, "invalid_data", "prompt"),
        ("set_prompt", {"prompt": None}, "invalid_data", "prompt"),
        ("set_prompt", [], "invalid_data", None),
        ("set_image", {"image": {"upload_id": "nope"}}, "unresolved_upload", "upload_id"),
        ("explode", {}, "unknown_event", None),
        ("$explode", {}, "unknown_event", None),
    ],
)
def test_bad_event_is_answered_and_never_reaches_the_actor(kind, data, code, field):
    """Wrong data gets an error with code and field, the id, and nothing goes on."""
    stage = Stage()
    stage.hello("a")
    (error,) = stage.say("a", kind, data, id=9)
    assert error["type"] == "$error"
    assert error["id"] == 9
    assert (error["data"]["code"], error["data"].get("field")) == (code, field)
    assert error["data"]["event"] == kind
    assert stage.forwarded() == []


def test_integral_float_counts_as_int():
    """3.0 is an int on the wire; the actor decides the same way."""
    stage = Stage()
    stage.hello("a")
    assert stage.say("a", "set_strength", {"strength": 3.0}, id=1) == []
    assert len(stage.forwarded()) == 1


def test_actor_error_reaches_only_the_caller():
    """An author's EventError answers the caller verbatim, and nobody else."""
    stage = Stage()
    stage.hello("a")
    stage.hello("b")
    stage.say("a", "get_prompt", id=1)
    (event,) = stage.forwarded()
    out = stage.actor(link.ReplyError(event.token, "too_early", "wait a bit", "prompt"))
    (error,) = stage.heard("a", out)
    assert error["data"] == {
        "code": "too_early",
        "text": "wait a bit",
        "field": "prompt",
        "event": "get_prompt",
    }
    assert stage.heard("b", out) == []


def test_five_in_flight_get_their_own_replies():
    """Replies in any order find the event that they answer."""
    stage = Stage()
    stage.hello("a")
    for n in range(5):
        stage.say("a", "get_prompt", id=n)
    events = stage.forwarded()
    for n in (3, 0, 4, 1, 2):
        out = stage.actor(link.Reply(events[n].token, "current_prompt", packed(n=n)))
        (reply,) = stage.heard("a", out)
        assert (reply["id"], reply["data"]["n"]) == (n, n)


def test_event_without_id_gets_no_ok():
    """A post is applied in silence; only a refusal is told."""
    stage = Stage()
    stage.hello("a")
    stage.say("a", "set_prompt", {"prompt": "x"})
    (event,) = stage.forwarded()
    assert stage.heard("a", stage.actor(link.Reply(event.token))) == []


def test_resent_event_is_applied_once_and_answered_again():
    """The same seq twice reaches the actor once; the second gets the kept reply."""
    stage = Stage()
    stage.hello("a")
    stage.say("a", "set_prompt", {"prompt": "x"}, id=1, seq=1)
    (event,) = stage.forwarded()
    first = stage.heard("a", stage.actor(link.Reply(event.token)))
    again = stage.say("a", "set_prompt", {"prompt": "x"}, id=1, seq=1)
    assert again == first
    assert stage.forwarded() == []


def test_resend_while_pending_waits_for_the_one_reply():
    """A duplicate of an unanswered event is neither applied nor answered twice."""
    stage = Stage()
    stage.hello("a")
    stage.say("a", "get_prompt", id=1, seq=1)
    assert stage.say("a", "get_prompt", id=1, seq=1) == []
    assert len(stage.forwarded()) == 1


def test_gap_in_seq_is_refused():
    """An event that was lost on the way is noticed before the next is applied."""
    stage = Stage()
    stage.hello("a")
    (error,) = stage.say("a", "get_prompt", id=1, seq=2)
    assert error["data"]["code"] == "out_of_order"
    assert stage.forwarded() == []


def test_same_id_without_seq_is_a_new_event():
    """A script that always says id 1 is served each time."""
    stage = Stage()
    stage.hello("a")
    for _ in range(3):
        stage.say("a", "get_prompt", id=1)
    assert len(stage.forwarded()) == 3


def test_window_of_a_client_is_bounded():
    """More unanswered events than the window are refused as busy; an answer makes room."""
    stage = Stage(client_window=2)
    stage.hello("a")
    for n in range(2):
        assert stage.say("a", "get_prompt", id=n) == []
    (error,) = stage.say("a", "get_prompt", id=2)
    assert error["data"]["code"] == "busy"
    stage.actor(link.Reply(stage.forwarded()[0].token))
    assert stage.say("a", "get_prompt", id=3) == []


def test_mailbox_is_bounded_over_all_clients():
    """The mailbox's bound counts every client's events."""
    stage = Stage(mailbox=2)
    stage.hello("a")
    stage.hello("b")
    stage.say("a", "get_prompt", id=1)
    stage.say("b", "get_prompt", id=1)
    (error,) = stage.say("b", "get_prompt", id=2)
    assert error["data"]["code"] == "busy"


def test_events_before_the_contract_are_held_and_judged_later():
    """Events that come during the load are forwarded or refused once the contract is known."""
    stage = Stage(loaded=False)
    stage.hello("a")
    assert stage.say("a", "set_prompt", {"prompt": "x"}, id=1) == []
    assert stage.say("a", "set_strength", {"strength": 99}, id=2) == []
    assert stage.forwarded() == []
    out = stage.load()
    kinds = [type(m).__name__ for m in stage.told(out)]
    assert kinds == ["Join", "EventIn"]
    errors = [e for e in stage.heard("a", out) if e["type"] == "$error"]
    assert [(e["id"], e["data"]["field"]) for e in errors] == [(2, "strength")]


def test_events_of_clients_that_left_during_the_load_make_room():
    """A mailbox full of what is owed to nobody refuses nobody."""
    stage = Stage(loaded=False, mailbox=3)
    stage.hello("a")
    for n in range(3):
        stage.say("a", "get_prompt", id=n)
    stage.hello("b")
    (error,) = stage.say("b", "get_prompt", id=1)
    assert error["data"]["code"] == "busy"
    stage.say("a", "$bye")
    stage.hello("b")
    assert stage.say("b", "get_prompt", id=2) == []


def test_viewers_may_not_steer():
    """A client that joined to look is refused when it sends an event."""
    stage = Stage()
    stage.hello("a", scope="view")
    (error,) = stage.say("a", "get_prompt", id=1)
    assert error["data"]["code"] == "forbidden"
    assert stage.forwarded() == []
