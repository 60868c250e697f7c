"""A session's conversation, without sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactor_zmq_bridge import words
from reactor_zmq_bridge.config import BridgeLimits
from reactor_zmq_bridge.conversation import AskSchema, Bye, Conversation
from reactor_zmq_bridge.conversation_words import (
    Came,
    Do,
    Fire,
    Linked,
    Refused,
    Replied,
    Say,
    Shut,
    Told,
    Unlinked,
)


class Talk:
    """A conversation whose time is ours."""

    def __init__(self, **limits: int) -> None:
        self.machine = Conversation(BridgeLimits(**limits), 0.0)
        self.now = 0.0
        self.machine.handle(Linked(), 0.0)

    def came(self, kind: str, data: Any = None, **more: Any) -> list[Any]:
        return self.tell(Came(json.dumps({"type": kind, "data": data or {}, **more})))

    def tell(self, stimulus: Any) -> list[Any]:
        done = self.machine.handle(stimulus, self.now)
        return [json.loads(each.text) if isinstance(each, Say) else each for each in done]


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_an_event_and_its_reply(talk):
    """The brief's example: an event in, the message that answers it out, with its id."""
    assert talk.came("get_current_prompt", id="7") == [Fire(1, "get_current_prompt", {})]
    assert talk.tell(Replied(1, "current_prompt", {"prompt": "x"})) == [
        {"type": "current_prompt", "data": {"prompt": "x"}, "id": "7"}
    ]


def test_an_event_without_id(talk):
    """It is answered by what its handler returned, and not by a bare $ok."""
    talk.came("set_prompt", {"prompt": "x"})
    assert talk.tell(Replied(1, "$ok", {})) == []
    talk.came("get_prompt")
    assert talk.tell(Replied(2, "prompt", {"p": 1})) == [{"type": "prompt", "data": {"p": 1}}]


def test_a_refusal(talk):
    """It carries code, field and text, and whether trying again makes sense."""
    talk.came("set_prompt", {"prompt": 3}, id=1)
    assert talk.tell(Refused(1, "invalid_data", "expected str", "prompt")) == [
        {
            "type": "$error",
            "data": {
                "code": "invalid_data",
                "message": "expected str",
                "recoverable": True,
                "field": "prompt",
            },
            "id": 1,
        }
    ]
    talk.came("set_prompt", {"prompt": "x"}, id=2)
    told = talk.tell(Refused(2, "model_unavailable", "it has failed"))
    assert told[0]["data"]["recoverable"] is False


def test_messages_of_the_model(talk):
    """What the model says by itself has no id."""
    assert talk.tell(Told("progress", {"step": 1})) == [{"type": "progress", "data": {"step": 1}}]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nonsense", '{"type":""}', '{"data":{}}', '{"type":"a","x":1}', b"\xff\xfe",
     '{"type":"a","id":-1}', '{"type":"a","data":[]}', '{"type":"a","data":null}'],
)  # fmt: skip
def test_what_is_no_message(talk, text):
    """It is refused in one sentence, and goes no further."""
    told = talk.tell(Came(text))
    assert [each["type"] for each in told] == ["$error"]
    assert told[0]["data"]["code"] == "bad_message"


def test_control_words(talk):
    """They are decoded, and an unknown one or a field too many is refused with its id."""
    assert talk.came("$ack", {"track": 1, "seq": 2}) == [Do(words.Ack(1, 2), None)]
    assert talk.came("$bye") == [Do(Bye(), None)]
    assert talk.came("$schema", id=3) == [Do(AskSchema(), 3)]
    assert talk.came("$nonsense", id=4)[0]["data"]["code"] == "unknown_event"
    refused = talk.came("$view", {"tracks": {"main": {"max_width": 1}}}, id=5)[0]
    assert (refused["id"], refused["data"]["field"]) == (5, "tracks[...].max_width")


def test_the_pace(talk):
    """200 at once, then 100 a second; what is too much is refused and not applied."""
    fired = [talk.came("nudge", id=n) for n in range(210)]
    assert sum(isinstance(each[0], Fire) for each in fired if each) == 120
    assert fired[150][0]["data"]["code"] == "busy"
    assert fired[205][0]["data"]["code"] == "rate_limited"
    assert talk.came("$ack", {"track": 0, "seq": 0}) != []
    talk.now = 1.0
    assert talk.came("nudge")[0]["data"]["code"] == "busy"


def test_a_browser_that_says_nonsense_is_let_go(talk):
    """After a hundred refusals the link is closed."""
    for _ in range(100):
        assert not any(isinstance(each, Shut) for each in talk.came("$nonsense"))
        talk.now += 1
    assert isinstance(talk.came("$nonsense")[-1], Shut)


# --- while the browser is away --------------------------------------------------------------


def test_what_is_said_meanwhile_waits(talk):
    """Replies and messages are said in order when the browser has returned."""
    talk.came("get", id=1)
    talk.tell(Unlinked())
    assert talk.tell(Told("progress", {"step": 1})) == []
    assert talk.tell(Replied(1, "got", {})) == []
    assert [each["type"] for each in talk.tell(Linked())] == ["progress", "got"]
    assert talk.tell(Told("progress", {"step": 2})) != []


def test_too_much_meanwhile(talk):
    """Nothing is dropped silently: with too much waiting the session ends."""
    talk = Talk(outbox=3)
    talk.tell(Unlinked())
    for step in range(3):
        assert talk.tell(Told("progress", {"step": step})) == []
    ended = talk.tell(Told("progress", {"step": 3}))
    assert isinstance(ended[0], Shut)
    assert ended[0].forget


def test_an_event_that_is_sent_again_is_applied_once(talk):
    """One whose reply is known is answered with it; one that is under way is not fired again."""
    talk.came("add", id="a")
    talk.came("add", id="b")
    said = talk.tell(Replied(1, "added", {"n": 1}))
    assert talk.came("add", id="a", again=True) == said
    assert talk.came("add", id="b", again=True) == []
    assert talk.came("add", id="c", again=True) == [Fire(3, "add", {})]


def test_an_id_may_be_used_again(talk):
    """Without `again` the same id is another event: a simple client numbers nothing."""
    talk.came("add", id="a")
    talk.tell(Replied(1, "$ok", {}))
    assert talk.came("add", id="a") == [Fire(2, "add", {})]
