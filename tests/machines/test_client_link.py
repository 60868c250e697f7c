"""Playbooks of a client's conversation with the front end."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.errors import (
    AuthenticationError,
    ConnectionLost,
    EventError,
    LocalProtocolError,
    RemoteProtocolError,
)
from reactor_zmq.machines.client_link import WINDOW, ClientLink
from reactor_zmq.machines.client_talk import ClientTimes, Phase
from reactor_zmq.machines.client_words import (
    Abandon,
    Answer,
    Arrived,
    Ask,
    Closed,
    Complained,
    Deliver,
    Fire,
    Greeted,
    Leave,
    LinkDown,
    LinkRefused,
    LinkUp,
    Refuse,
    Relink,
    StateTold,
    StatusTold,
    Stimulus,
    Tell,
    Tick,
    Transmit,
)

WELCOME = {
    "protocol": 1, "client": "c1", "session": "s1", "epoch": 1, "resume": "again", "resume_s": 5.0,
    "resumed": False, "model": "M", "frames": "tcp://127.0.0.1:2", "topics": [], "inputs": [],
    "schema_hash": "h", "status": {"state": "ready", "epoch": 1}, "state": {},
}  # fmt: skip
EMPTY = b"\x80"


class Play:
    """A machine on a stage: time is set, what it says is read."""

    def __init__(self) -> None:
        self.now = 100.0
        # The looks at the front end's clock have tests of their own.
        self.machine = ClientLink(
            "tcp://there", self.now, name="me", times=ClientTimes(clock_s=(math.inf,))
        )
        self.last_id = 0

    def do(self, stimulus: Stimulus) -> list[Any]:
        """Play a stimulus."""
        return self.machine.handle(stimulus, self.now)

    def hear(self, kind: str, data: Any = None, **more: Any) -> list[Any]:
        """Let the front end say something."""
        part = msgspec.msgpack.encode({"type": kind, "data": data or {}, **more})
        return self.do(Arrived([part]))

    def wait(self, seconds: float) -> list[Any]:
        """Let time pass."""
        self.now += seconds
        return self.do(Tick())

    def fire(self, kind: str = "e") -> list[dict[str, Any]]:
        """Send an event; return what is transmitted."""
        self.last_id += 1
        return said(self.do(Fire(self.last_id, kind, EMPTY)))

    def ask(self, kind: str, *, again: bool = False) -> list[dict[str, Any]]:
        """Send a control word; return what is transmitted."""
        self.last_id += 1
        return said(self.do(Ask(self.last_id, kind, EMPTY, again=again)))

    def open(self, **welcome: Any) -> list[Any]:
        """Make a link and be welcomed."""
        self.do(LinkUp())
        return self.hear("$welcome", {**WELCOME, **welcome}, id=0)


def said(instructions: list[Any]) -> list[dict[str, Any]]:
    """Return the envelopes that are transmitted."""
    return [msgspec.msgpack.decode(i.parts[0]) for i in instructions if isinstance(i, Transmit)]


def rest(instructions: list[Any]) -> list[Any]:
    """Return what is not transmitted."""
    return [i for i in instructions if not isinstance(i, Transmit)]


@pytest.fixture
def play() -> Play:
    return Play()


def test_hello_is_the_first_word_and_welcome_opens(play: Play):
    """A link that stands is greeted; the welcome opens the conversation."""
    (hello,) = said(play.do(LinkUp()))
    assert hello["type"] == "$hello"
    assert hello["data"] == {"protocol": 1, "name": "me", "follow_state": True}
    (greeted,) = play.hear("$welcome", WELCOME, id=0)
    assert isinstance(greeted, Greeted)
    assert greeted.fresh
    assert play.machine.phase is Phase.OPEN


def test_events_are_numbered_and_answered_by_id(play: Play):
    """Every event carries id and seq; replies find whoever asked, in any order."""
    play.open()
    first, second = play.fire("a") + play.fire("b")
    assert [(e["type"], e["id"], e["seq"]) for e in (first, second)] == [("a", 1, 1), ("b", 2, 2)]
    assert play.hear("done", {"x": 1}, id=2) == [Answer(2, "done", {"x": 1})]
    assert play.hear("$ok", id=1) == [Answer(1, "$ok", {})]
    assert play.machine.unanswered == 0


def test_control_words_are_not_numbered(play: Play):
    """A seq belongs to events alone, or the front end would wait for the missing ones."""
    play.open()
    (word,) = play.ask("$schema")
    assert "seq" not in word
    (event,) = play.fire()
    assert event["seq"] == 1


def test_error_refuses_the_event_it_names(play: Play):
    """An error with an id becomes the EventError of that request."""
    play.open()
    play.fire()
    error = {"code": "invalid_data", "text": "expected <= 5", "field": "size"}
    (refused,) = play.hear("$error", error, id=1)
    assert isinstance(refused, Refuse)
    assert isinstance(refused.error, EventError)
    assert (refused.error.code, refused.error.field) == ("invalid_data", "size")


def test_error_without_an_id_is_a_complaint(play: Play):
    """A refused publication has no id; it is told all the same."""
    play.open()
    told = {"code": "publish_refused", "event": "$publish"}
    (complaint,) = play.hear("$error", told)
    assert isinstance(complaint, Complained)
    assert complaint.error.event == "$publish"


def test_events_before_the_welcome_wait_for_it(play: Play):
    """Nothing but hello is said on a link that is not greeted; the front end would strike us."""
    assert play.fire("early") == []
    play.do(LinkUp())
    assert play.fire("later") == []
    assert [e["type"] for e in said(play.hear("$welcome", WELCOME, id=0))] == ["early", "later"]


def test_resume_repeats_what_was_not_answered(play: Play):
    """After a break the same ids and seqs go out again, in order, and the answered one does not."""
    play.open()
    sent = play.fire("a") + play.fire("b") + play.fire("c")
    play.hear("$ok", id=2)
    play.do(LinkDown())
    (hello,) = said(play.do(LinkUp()))
    assert hello["data"]["resume"] == "again"
    again = said(play.hear("$welcome", {**WELCOME, "resumed": True}, id=0))
    assert again == [sent[0], sent[2]]
    assert play.fire("d")[0]["seq"] == 4


def test_a_reply_that_comes_twice_counts_once(play: Play):
    """A resend may be answered by the kept reply as well."""
    play.open()
    play.fire()
    assert len(play.hear("$ok", id=1)) == 1
    assert play.hear("$ok", id=1) == []


def test_refused_resume_starts_anew_and_fails_what_may_have_been_applied(play: Play):
    """Sent events of a lost session fail; those never sent go out, numbered from 1."""
    play.open()
    play.fire("sent")
    play.do(LinkDown())
    play.fire("waiting")
    play.do(LinkUp())
    (hello,) = said(play.hear("$error", {"code": "resume_refused"}, id=0))
    assert "resume" not in hello["data"]
    told = play.hear("$welcome", {**WELCOME, "client": "c2"}, id=0)
    refused, greeted = rest(told)
    assert isinstance(refused.error, ConnectionLost)
    assert refused.id == 1
    assert greeted.fresh
    (event,) = said(told)
    assert (event["type"], event["id"], event["seq"]) == ("waiting", 2, 1)


def test_a_link_that_breaks_while_the_runtime_stops_is_the_end(play: Play):
    """Who heard that the runtime stops does not wait for it to come back."""
    play.open()
    play.hear("$status", {"state": "stopping", "epoch": 1})
    (closed,) = [i for i in play.do(LinkDown()) if isinstance(i, Closed)]
    assert isinstance(closed.error, ConnectionLost)
    assert "stopped" in str(closed.error)


def test_a_broken_link_fails_what_can_not_be_repeated(play: Play):
    """Chunks of a file are not repeated; a request for the schema is."""
    play.open()
    play.ask("$upload_chunk")
    play.ask("$schema", again=True)
    (refused,) = play.do(LinkDown())
    assert refused.id == 1
    assert isinstance(refused.error, ConnectionLost)
    play.do(LinkUp())
    (word,) = said(play.hear("$welcome", WELCOME, id=0))
    assert word["type"] == "$schema"


def test_unauthenticated_event_is_introduced_and_repeated(play: Play):
    """A front end that does not know the link is greeted again; the event is not refused."""
    play.open()
    (event,) = play.fire()
    (hello,) = said(play.hear("$error", {"code": "unauthenticated"}, id=1))
    assert (hello["type"], hello["data"]["resume"]) == ("$hello", "again")
    assert said(play.hear("$welcome", {**WELCOME, "resumed": True}, id=0)) == [event]


def test_a_front_end_that_forgets_again_is_asked_slowly(play: Play):
    """Hello, welcome, unauthenticated in a circle is slowed down to the back-off."""
    play.open()
    assert said(play.hear("$error", {"code": "unauthenticated"}))
    play.hear("$welcome", WELCOME, id=0)
    assert play.hear("$error", {"code": "unauthenticated"}) == []
    assert said(play.wait(4.0))[0]["type"] == "$hello"


def test_hello_is_repeated_with_back_off(play: Play):
    """An unanswered hello is said again, less and less often."""
    play.do(LinkUp())
    waits: list[float] = []
    for _ in range(5):
        assert play.machine.deadline is not None
        waits.append(play.machine.deadline - play.now)
        assert said(play.wait(waits[-1]))[0]["type"] == "$hello"
    assert waits == [2.0, 2.0, 4.0, 8.0, 8.0]


def test_silence_is_broken_by_ping_and_ends_in_a_new_link(play: Play):
    """Two seconds without a word: ping. Ten without hearing one: a new link."""
    play.open()
    assert play.wait(1.9) == []
    assert said(play.wait(0.1))[0]["type"] == "$ping"
    play.hear("$pong", id=0)
    play.now += 9.9
    play.machine.handle(Tell("$publish", EMPTY), play.now)
    assert Relink() not in play.wait(0)
    assert play.wait(0.2) == [Relink()]
    assert play.machine.phase is Phase.DOWN


def test_patience_ends(play: Play):
    """What waits for a session that does not come fails; so does what is asked after that."""
    play.open()
    play.do(LinkDown())
    play.fire()
    assert play.machine.deadline == play.now + 10
    (refused,) = play.wait(10)
    assert isinstance(refused.error, ConnectionLost)
    with pytest.raises(ConnectionLost, match=r"tcp://there.*10 s"):
        play.fire()


def test_refused_token_closes(play: Play):
    """Nobody asks with the same wrong token again."""
    play.fire()
    refused, closed = play.do(LinkRefused())
    assert isinstance(refused.error, AuthenticationError)
    assert isinstance(closed.error, AuthenticationError)
    assert play.do(LinkUp()) == []
    with pytest.raises(AuthenticationError):
        play.fire()


@pytest.mark.parametrize("word", ["welcome", "error"])
def test_other_protocol_closes(play: Play, word: str):
    """A front end of another protocol is not talked to, whoever notices."""
    play.do(LinkUp())
    if word == "welcome":
        (closed,) = play.hear("$welcome", {**WELCOME, "protocol": 2}, id=0)
    else:
        (closed,) = play.hear("$error", {"code": "protocol_mismatch", "text": "I speak 2"}, id=0)
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, RemoteProtocolError)
    assert closed.error.code == "protocol_mismatch"


def test_full_front_end_refuses_the_first_hello_for_good(play: Play):
    """Somebody new is told why; a returning client asks again later."""
    play.do(LinkUp())
    (closed,) = play.hear("$error", {"code": "busy", "text": "full"}, id=0)
    assert isinstance(closed.error, EventError)
    other = Play()
    other.open()
    other.do(LinkUp())
    assert other.hear("$error", {"code": "busy"}, id=0) == []
    assert said(other.wait(2))[0]["type"] == "$hello"


def test_leave_waits_for_the_answer(play: Play):
    """Bye is answered by bye; what is unanswered then is refused."""
    play.open()
    play.fire()
    (bye,) = said(play.do(Leave("tired")))
    assert (bye["type"], bye["data"]) == ("$bye", {"reason": "tired"})
    refused, closed = play.hear("$bye", id=0)
    assert isinstance(refused.error, ConnectionLost)
    assert closed == Closed(None)


def test_leave_does_not_wait_for_ever(play: Play):
    """Half a second without an answer is enough."""
    play.open()
    play.do(Leave())
    assert play.wait(0.5) == [Closed(None)]


def test_being_let_go_closes_with_the_reason(play: Play):
    """A client that is let go says why in every call after that."""
    play.open()
    play.fire()
    refused, closed = play.hear("$bye", {"reason": "slow_consumer"})
    assert "slow_consumer" in str(refused.error)
    assert isinstance(closed.error, ConnectionLost)
    with pytest.raises(ConnectionLost, match="slow_consumer"):
        play.fire()


def test_messages_status_and_state_are_told(play: Play):
    """What carries no id is the model's own: message, status, state."""
    play.open()
    assert play.hear("progress", {"step": 1}) == [Deliver("progress", {"step": 1})]
    (status,) = play.hear("$status", {"state": "restarting", "epoch": 2, "reason": "crashed"})
    assert isinstance(status, StatusTold)
    assert (status.status.state, status.status.epoch) == ("restarting", 2)
    assert play.hear("$state", {"version": 2, "fields": {"a": 1}}) == [StateTold({"a": 1})]
    assert play.hear("$state", {"version": 1, "fields": {"a": 0}}) == []
    assert play.hear("$future", {"what": "ever"}) == []


def test_status_that_was_asked_for_is_also_an_answer(play: Play):
    """A status with the id of a request tells everybody and answers it."""
    play.open()
    play.ask("$status")
    told, answer = play.hear("$status", {"state": "ready", "epoch": 1}, id=1)
    assert isinstance(told, StatusTold)
    assert answer.id == 1


def test_tracks_are_asked_for_once_the_model_has_loaded(play: Play):
    """A welcome while loading names no tracks; another hello gets them."""
    play.open(schema_hash="", status={"state": "loading", "epoch": 1})
    assert said(play.hear("$status", {"state": "loading", "epoch": 1})) == []
    (hello,) = said(play.hear("$status", {"state": "ready", "epoch": 1}))
    assert "resume" not in hello["data"]
    topics = [{"track": "main", "kind": "video", "topic": "frame/main/"}]
    (greeted,) = play.hear("$welcome", {**WELCOME, "topics": topics, "resumed": True}, id=0)
    assert not greeted.fresh
    assert said(play.hear("$status", {"state": "ready", "epoch": 1})) == []


def test_abandoned_event_keeps_its_place(play: Play):
    """Nobody hears its answer, but a resume repeats it, or the seqs after it were out of order."""
    play.open()
    sent = play.fire("a") + play.fire("b")
    play.do(Abandon(1))
    play.do(LinkDown())
    play.do(LinkUp())
    assert said(play.hear("$welcome", {**WELCOME, "resumed": True}, id=0)) == sent
    assert play.hear("$ok", id=1) == []
    assert play.hear("$ok", id=2) == [Answer(2, "$ok", {})]


def test_window_bounds_unanswered_events(play: Play):
    """No more events are unanswered than the front end keeps replies for."""
    play.open()
    for _ in range(WINDOW):
        play.fire()
    assert not play.machine.has_room
    with pytest.raises(LocalProtocolError, match="128"):
        play.fire()
    assert play.ask("$schema")
    play.hear("$ok", id=1)
    assert play.machine.has_room


@pytest.mark.parametrize("event", [Fire(1, "$hello", EMPTY), Fire(1, "", EMPTY)])
def test_control_words_are_no_events(play: Play, event: Fire):
    """A client's author can't speak for the client itself."""
    play.open()
    with pytest.raises(LocalProtocolError):
        play.do(event)


def test_too_large_event_changes_nothing(play: Play):
    """An envelope that would be refused is not numbered."""
    play.open()
    with pytest.raises(LocalProtocolError, match="65536"):
        play.do(Fire(1, "e", msgspec.msgpack.encode({"x": "y" * 65_536})))
    assert play.fire()[0]["seq"] == 1


def test_publication_is_dropped_while_apart(play: Play):
    """Frames are lossy: none waits for a link."""
    assert play.do(Tell("$publish", EMPTY, (b"x",))) == []
    play.open()
    (sent,) = play.do(Tell("$publish", EMPTY, (b"x",)))
    assert sent.lend
    assert sent.parts[1] == b"x"


def test_unreadable_reply_refuses_its_request(play: Play):
    """A reply whose data is no map fails the one who waits, not the client."""
    play.open()
    play.fire()
    (refused,) = play.hear("done", [1, 2], id=1)
    assert isinstance(refused.error, RemoteProtocolError)
    assert play.machine.phase is Phase.OPEN


def test_unreadable_welcome_closes(play: Play):
    """Without a welcome there is nothing to wait for."""
    play.do(LinkUp())
    (closed,) = play.hear("$welcome", {"protocol": "one"}, id=0)
    assert isinstance(closed.error, RemoteProtocolError)


parts = st.lists(st.binary(max_size=60), max_size=11)
words = st.builds(
    lambda kind, data, more: [msgspec.msgpack.encode({"type": kind, "data": data, **more})],
    st.sampled_from(
        ["$welcome", "$error", "$status", "$state", "$bye", "$pong", "$ok", "done", "$what"]
    ),
    st.one_of(
        st.none(),
        st.integers(-(2**63), 2**63),
        st.dictionaries(
            st.sampled_from(["code", "text", "state", "epoch", "version", "fields", "reason"]),
            st.one_of(
                st.integers(-(2**63), 2**63),
                st.text(max_size=8),
                st.none(),
                st.sampled_from(["unauthenticated", "resume_refused", "ready", "busy"]),
            ),
        ),
    ),
    st.dictionaries(st.just("id"), st.one_of(st.integers(-1, 5), st.text(max_size=3))),
)
steps = st.one_of(
    st.builds(Arrived, parts),
    st.builds(Arrived, words),
    st.just(Arrived([msgspec.msgpack.encode({"type": "$welcome", "data": WELCOME, "id": 0})])),
    st.sampled_from([LinkUp(), LinkDown(), Tick(), Abandon(2), Tell("$publish", EMPTY, (b"",))]),
    st.just("fire"),
    st.just("ask"),
    st.floats(0, 12),
)


@given(st.lists(steps, max_size=40))
def test_every_request_has_one_outcome_whatever_happens(story: list[Any]):
    """Any bytes, at any time: each request is answered or refused once, seqs are 1, 2, 3, …."""
    play, asked, outcomes = Play(), set[int](), list[int]()
    seqs: dict[int, int] = {}

    def note(instructions: list[Any]) -> None:
        outcomes.extend(i.id for i in instructions if isinstance(i, (Answer, Refuse)))
        for envelope in said(instructions):
            if "seq" in envelope:
                seqs[envelope["id"]] = envelope["seq"]

    for step in [*story, Leave(), 1.0]:
        try:
            if isinstance(step, float):
                play.now += step
                note(play.do(Tick()))
            elif step in ("fire", "ask"):
                play.last_id += 1
                request: Stimulus = (
                    Fire(play.last_id, "e", EMPTY)
                    if step == "fire"
                    else Ask(play.last_id, "$schema", EMPTY)
                )
                out = play.do(request)
                asked.add(play.last_id)
                note(out)
            else:
                note(play.do(step))
        except (RemoteProtocolError, ConnectionLost, EventError):
            pass
    note(play.do(LinkDown()))
    assert play.machine.phase is Phase.CLOSED
    assert len(outcomes) == len(set(outcomes))
    assert set(outcomes) <= asked
    assert asked - set(outcomes) <= {2}
    assert play.machine.unanswered == 0
