"""Playbooks: how much one client may say, and that nobody else pays for it."""

from __future__ import annotations

import pytest
from stage import Stage


def code_of(answers) -> str:
    (answer,) = answers
    return answer["data"].get("code", answer["type"])


def test_a_client_that_says_too_much_is_told_so_and_may_go_on_later():
    """Beyond its burst it hears ``busy``; what it is allowed comes back with time."""
    stage = Stage(messages_hz=10, messages_at_once=23)
    stage.hello("a")
    answers = [code_of(stage.say("a", "$ping", id=n)) for n in range(4)]
    assert answers == ["$pong", "$pong", "$pong", "busy"]
    stage.wait(0.15)
    assert code_of(stage.say("a", "$ping", id=5)) == "$pong"
    assert code_of(stage.say("a", "$ping", id=6)) == "busy"


def test_nobody_else_pays():
    """Each client has an allowance of its own."""
    stage = Stage(messages_hz=10, messages_at_once=21)
    for peer in ("a", "b"):
        stage.hello(peer)
    stage.say("a", "$ping")
    assert code_of(stage.say("a", "$ping", id=1)) == "busy"
    assert code_of(stage.say("b", "$ping", id=1)) == "$pong"


def test_events_are_counted_and_their_order_survives():
    """A refused event has its reply and its ``seq``; the next one is in order."""
    stage = Stage(messages_hz=10, messages_at_once=21)
    stage.hello("a")
    stage.say("a", "get_prompt", id=1, seq=1)
    assert code_of(stage.say("a", "get_prompt", id=2, seq=2)) == "busy"
    stage.wait(1)
    stage.told()
    stage.say("a", "get_prompt", id=3, seq=3)
    assert len(stage.forwarded()) == 1


@pytest.mark.parametrize("word", ["$schema", "$state", "$clients"])
def test_words_that_cost_more_count_for_more(word):
    """Nobody makes the front end spend its time on long answers alone."""
    stage = Stage(messages_hz=1, messages_at_once=39)
    stage.hello("a", scope="admin")
    assert code_of(stage.say("a", word, id=1)) == "busy"
    assert code_of(stage.say("a", "$ping", id=2)) == "$pong"


def test_bytes_count():
    """A published frame costs by its size."""
    stage = Stage(messages_hz=1, messages_at_once=22)
    stage.hello("a")
    word = {"track": "camera", "shape": [256, 256, 3]}
    assert code_of(stage.say("a", "$publish", word, bytes(3 * 65_536), id=1)) == "busy"


def test_a_return_does_not_fill_the_allowance():
    """Breaking one's own link is no way round the limit."""
    stage = Stage(messages_hz=1, messages_at_once=41)
    token = stage.hello("a")["resume"]
    for _ in range(21):
        stage.say("a", "$ping")
    stage.gone("a")
    stage.hello("a2", resume=token)
    assert code_of(stage.say("a2", "$ping", id=1)) == "busy"


def test_leaving_and_coming_again_does_not_either():
    """Nor is a link's next client another one; each greeting costs."""
    stage = Stage(messages_hz=1, messages_at_once=45)
    stage.hello("a")
    stage.say("a", "$bye")
    stage.hello("a")
    stage.say("a", "$bye")
    assert code_of(stage.say("a", "$hello", {"protocol": 1}, id=1)) == "busy"
