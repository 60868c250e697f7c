"""What a Foxglove client hears of the state, whenever it subscribes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from reactor_zmq_bridge.foxglove import showing
from reactor_zmq_bridge.foxglove.offer import Channel, Offer
from reactor_zmq_bridge.foxglove.showing import Showing
from reactor_zmq_bridge.foxglove.words import Subscription
from reactor_zmq_recording.channels import word_plan


@pytest.fixture(name="heard")
def what_is_heard(monkeypatch) -> list[tuple[int, dict[str, Any]]]:
    """Subscription and state of each message."""
    heard: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(showing, "text_message", json.dumps)
    monkeypatch.setattr(
        showing.words, "message", lambda number, _, text: heard.append((number, json.loads(text)))
    )
    return heard


def shown(state: dict[str, object], *, parameters: bool = True) -> Showing:
    client: Any = SimpleNamespace(state=state)
    link: Any = SimpleNamespace(say=lambda _: None)
    found = Showing(client, link, SimpleNamespace())  # type: ignore[arg-type] - draws nothing
    value: Any = SimpleNamespace(name="level")
    found.offer(
        Offer({1: Channel(word_plan("m", "state"))}, {}, {"/m/level": value} if parameters else {})
    )
    return found


def test_a_state_that_is_not_known_yet_is_shown_when_it_is(heard):
    """It comes whole then, as version 0; afterwards what changes."""
    state: dict[str, object] = {}
    found = shown(state)
    found.subscribe([Subscription(id=5, channel_id=1)])
    assert heard == []
    state |= {"level": 7}
    found.tell_state({"level": 7})
    state |= {"level": 9}
    found.tell_state({"level": 9})
    assert heard == [
        (5, {"version": 0, "fields": {"level": 7}}),
        (5, {"version": 2, "fields": {"level": 9}}),
    ]


def test_a_model_without_a_state_says_so(heard):
    """Nobody waits for what never comes."""
    found = shown({}, parameters=False)
    found.subscribe([Subscription(id=5, channel_id=1)])
    assert heard == [(5, {"version": 0, "fields": {}})]


def test_who_left_before_it_was_known_hears_nothing(heard):
    """A number that is used again later is another subscription."""
    found = shown({})
    found.subscribe([Subscription(id=5, channel_id=1)])
    found.unsubscribe([5])
    found.tell_state({"level": 7})
    assert heard == []
