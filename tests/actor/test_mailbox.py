"""The mailbox: arrival order, and what may replace what."""

from __future__ import annotations

import asyncio

from actor_fakes import play
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.actor.mailbox import Mailbox
from reactor_zmq.wire.envelope import Encoding
from reactor_zmq.wire.link import EventIn, Leave


def event(token, kind="look", client="a"):
    return EventIn(token, client, kind, Encoding.JSON, b"%d" % token)


def emptied(mailbox):
    found = []
    while (letter := mailbox.take()) is not None:
        found.append((getattr(letter.message, "token", "leave"), letter.tokens))
    return found


def filled(*messages, busy=True):
    mailbox = Mailbox(["look"])
    mailbox.busy = busy
    for message in messages:
        mailbox.put(message)
    return mailbox


def test_a_later_event_takes_the_place_of_the_earlier_one():
    """With its tokens; what stood between keeps its order."""
    mailbox = filled(event(1), event(2, "go"), event(3), event(4, client="b"), event(5))
    assert emptied(mailbox) == [(5, [1, 3, 5]), (2, [2]), (4, [4])]


def test_nothing_is_replaced_between_turns():
    """Events that are applied as they come are all applied."""
    assert len(emptied(filled(event(1), event(2), busy=False))) == 2


def test_an_event_never_passes_its_clients_leave():
    """A client that left and came back is a new one."""
    mailbox = filled(event(1), Leave("a"), event(2))
    assert emptied(mailbox) == [(1, [1]), ("leave", []), (2, [2])]


def test_a_letter_that_was_taken_is_not_replaced():
    """It has been applied."""
    mailbox = filled(event(1))
    mailbox.take()
    mailbox.put(event(2))
    assert emptied(mailbox) == [(2, [2])]


@play
async def test_who_waits_is_woken_by_a_letter_or_a_nudge():
    """An arrival that was there before is there at once."""
    mailbox = filled()
    waiting = mailbox.arrival()
    assert not waiting.done()
    mailbox.put(event(1))
    assert waiting.done()
    assert mailbox.arrival().done()
    mailbox.take()
    waiting = mailbox.arrival()
    mailbox.nudge()
    await asyncio.wait_for(waiting, 10)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["look", "go"]), st.booleans())))
def test_every_token_is_answered_once_and_order_is_kept(arrivals):
    """Whatever arrives: no token is lost, and what can't be replaced stays in order."""
    mailbox = Mailbox(["look"])
    for token, (client, kind, busy) in enumerate(arrivals):
        mailbox.busy = busy
        mailbox.put(event(token, kind, client))
    letters = emptied(mailbox)
    assert sorted(t for _, tokens in letters for t in tokens) == list(range(len(arrivals)))
    plain = [token for token, (_, kind, _) in enumerate(arrivals) if kind == "go"]
    assert [token for token, _ in letters if arrivals[token][1] == "go"] == plain
    assert all(tokens[-1] == token for token, tokens in letters)
