"""Subscriptions by link: who wants what, and who asks for too much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.machines import subscriptions
from reactor_zmq.machines.subscriptions import Subscriptions


def test_topic_is_wanted_while_any_link_subscribes_to_its_beginning():
    """Prefixes count, the empty one too; a link that goes takes its own with it only."""
    found = Subscriptions()
    assert not found.wants(b"frame/main/")
    found.hear(1, b"frame/", 0, subscribed=True)
    found.hear(2, b"", 0, subscribed=True)
    assert found.wants(b"frame/main/")
    assert (found.count(b"frame/main/"), found.count(b"slot/main/")) == (2, 1)
    assert found.drop(2)
    assert found.wants(b"frame/main/")
    assert not found.wants(b"slot/main/")
    assert found.count(b"slot/main/") == 0
    found.hear(1, b"frame/", 0, subscribed=False)
    assert not found.wants(b"frame/main/")
    assert not found.drop(3)


def test_links_that_want_something_are_counted():
    """Once each, however much they want; those that took it all back don't count."""
    found = Subscriptions()
    assert found.link_count == 0
    for topic in (b"frame/", b"sync/"):
        found.hear(1, topic, 0, subscribed=True)
    found.hear(2, b"frame/", 0, subscribed=True)
    assert found.link_count == 2
    found.hear(2, b"frame/", 0, subscribed=False)
    assert found.link_count == 1
    found.drop(1)
    assert found.link_count == 0


def test_link_has_a_share_of_subscriptions():
    """One more than the share is too much, however slowly they come."""
    found = Subscriptions()
    for n in range(subscriptions.PER_LINK):
        assert found.hear(1, b"%d" % n, n, subscribed=True)
    assert not found.hear(1, b"more", 10**6, subscribed=True)
    assert found.hear(2, b"more", 10**6, subscribed=True)


def test_share_is_small_where_there_are_very_many(monkeypatch: pytest.MonkeyPatch):
    """Many links with many subscriptions each don't add up without a bound."""
    monkeypatch.setattr(subscriptions, "MANY", 200)
    found = Subscriptions()
    for n in range(200):
        assert found.hear(1, b"a%d" % n, n, subscribed=True)
    for n in range(subscriptions.FEW_PER_LINK):
        assert found.hear(2, b"b%d" % n, n, subscribed=True)
    assert not found.hear(2, b"more", 10**6, subscribed=True)


def test_a_thousand_changes_of_mind_per_second_are_fine():
    """1,000 subscriptions and 1,000 ends of them in each of 20 seconds are not a flood."""
    found = Subscriptions()
    for n in range(40_000):
        assert found.hear(1, b"topic", n / 2000, subscribed=n % 2 == 0)


def test_a_flood_of_changes_is_too_much():
    """A link that subscribes and unsubscribes as fast as it can is found out within the burst."""
    found = Subscriptions()
    heard = [found.hear(1, b"x", n * 1e-6, subscribed=n % 2 == 0) for n in range(8192)]
    assert heard.index(False) <= subscriptions.BURST + 64


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([b"", b"a", b"ab"]), st.booleans())))
def test_counts_agree_with_the_links(steps: list[tuple[int, bytes, bool]]):
    """What is wanted is what the links' own sets say, whatever they repeat."""
    found, model = Subscriptions(), {n: set[bytes]() for n in range(4)}
    for link, topic, subscribed in steps:
        found.hear(link, topic, 0, subscribed=subscribed)
        (model[link].add if subscribed else model[link].discard)(topic)
    assert len(found) == sum(map(len, model.values()))
    for topic in (b"", b"a", b"ab"):
        wanted = any(topic.startswith(t) for topics in model.values() for t in topics)
        assert found.wants(topic) == wanted
    for link in model:
        found.drop(link)
    assert len(found) == 0
