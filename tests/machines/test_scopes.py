"""Playbooks: what a credential allows, and what it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stage import Stage

from reactor_zmq.machines.access import Grant
from reactor_zmq.machines.controls import SCOPE_OF
from reactor_zmq.machines.frontend_vocabulary import PeerArrived, PeerSaid
from reactor_zmq.wire.scope import SCOPES, covers

PROTOCOL = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text()
ATTACHED = {"$upload_chunk": (b"x",), "$publish": (b"x",)}


def stage_with(**scopes: str) -> Stage:
    """Return a stage on which peers have credentials of these scopes."""
    stage = Stage()
    stage.grants = {peer: Grant("test", scope) for peer, scope in scopes.items()}
    return stage


@pytest.mark.parametrize(
    ("granted", "wanted", "got"),
    [
        ("view", None, "view"),
        ("steer", None, "steer"),
        ("admin", None, "steer"),
        ("view", "view", "view"),
        ("admin", "view", "view"),
        ("admin", "admin", "admin"),
        ("view", "steer", None),
        ("view", "admin", None),
        ("steer", "admin", None),
    ],
)
def test_nobody_becomes_more_than_its_credential_allows(granted, wanted, got):
    """More has to be asked for, and is refused where the credential is not good for it."""
    stage = stage_with(a=granted)
    asked = {} if wanted is None else {"scope": wanted}
    if got is not None:
        assert stage.hello("a", **asked)["scope"] == got
        return
    (error,) = stage.say("a", "$hello", {"protocol": 1, **asked}, id=1)
    assert (error["data"]["code"], error["data"]["field"]) == ("forbidden", "scope")
    assert stage.brain.client_count == 0


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("word", SCOPE_OF)
def test_every_word_asks_for_its_scope(word, scope):
    """A word beyond the client's scope is forbidden whatever it holds; else it is looked at."""
    stage = stage_with(a=scope)
    stage.hello("a", scope=scope)
    codes = [
        answer["data"].get("code")
        for answer in stage.say("a", word, {}, *ATTACHED.get(word, ()), id=1)
    ]
    assert ("forbidden" in codes) is not covers(scope, SCOPE_OF[word])


@pytest.mark.parametrize("scope", SCOPES)
def test_events_need_steer(scope):
    """A viewer's event reaches nobody."""
    stage = stage_with(a=scope)
    stage.hello("a", scope=scope)
    stage.say("a", "set_prompt", {"prompt": "x"}, id=1)
    assert len(stage.forwarded()) == covers(scope, "steer")


def test_the_page_tells_every_words_scope():
    """docs/protocol.md and the front end agree on what a word asks for."""
    rows = re.findall(
        r"^\| `(\$\w+)`[^|]*\|[^|]*\|[^|]*\| (view|steer|admin) \|", PROTOCOL, re.MULTILINE
    )
    assert dict(rows) == SCOPE_OF


def test_a_link_without_credential_is_nobody():
    """What did not come through the handshake can't even greet."""
    stage = Stage()
    stage.arrived.add(b"a")
    hello = b'{"type":"$hello","data":{"protocol":1},"id":1}'
    (error,) = stage.heard("a", stage.do(PeerSaid(b"a", (hello,))))
    assert error["data"]["code"] == "unauthenticated"


def test_a_peer_that_named_itself_is_told_not_to():
    """A routing id of a peer's choosing could be another one's tomorrow."""
    stage = Stage()
    stage.arrived.add(b"a")
    stage.do(PeerArrived(b"a", Grant("test", "admin"), named_itself=True))
    (error,) = stage.say("a", "$hello", {"protocol": 1}, id=1)
    assert error["data"]["code"] == "forbidden"
    assert "ROUTING_ID" in error["data"]["text"]


@pytest.mark.parametrize(("thief", "code"), [("view", "forbidden"), ("steer", None)])
def test_a_stolen_resume_token_lends_no_scope(thief, code):
    """Who returns as a client must itself be allowed what that client may do."""
    stage = stage_with(a="steer", b=thief)
    token = stage.hello("a")["resume"]
    stage.gone("a")
    (answer,) = stage.say("b", "$hello", {"protocol": 1, "resume": token}, id=1)
    assert answer["data"].get("code") == code


def test_an_admin_sees_who_is_there_and_lets_one_go():
    """``$clients`` lists, ``$kick`` says goodbye with the reason, and only to the one named."""
    stage = stage_with(a="admin", b="view")
    stage.hello("a", scope="admin")
    other = stage.hello("b", name="somebody")["client"]
    (listed,) = stage.say("a", "$clients", id=1)
    assert [(c["name"], c["scope"]) for c in listed["data"]["clients"]] == [
        ("", "admin"),
        ("somebody", "view"),
    ]
    (unknown,) = stage.say("a", "$kick", {"client": "nobody"}, id=2)
    assert unknown["data"]["code"] == "invalid_data"
    done = stage.raw("a", b'{"type":"$kick","data":{"client":"%s"},"id":3}' % other.encode())
    assert [answer["type"] for answer in done] == ["$ok"]
    assert stage.brain.client_count == 1
    assert {"type": "$bye", "data": {"reason": "kicked"}} in stage.heard("b", stage.log)
