"""A viewer's flow, played as a conversation."""

from __future__ import annotations

import pytest

from reactor_zmq_bridge.flow import ViewerFlow
from reactor_zmq_bridge.flow_words import (
    Acked,
    Attached,
    Detached,
    Follow,
    Hungry,
    KeyWanted,
    Made,
    Piece,
    Tick,
    Transmit,
    Unfollow,
    WantKey,
    Written,
)
from reactor_zmq_bridge.record import Codec, Flag, Kind, Record


def still(seq: int, *, epoch: int = 1, track: int = 0, width: int = 64) -> Made:
    record = Record(
        kind=Kind.VIDEO, codec=Codec.JPEG, flags=Flag.KEY, track=track, epoch=epoch, seq=seq,
        width=width, payload=b"x" * 10,
    )  # fmt: skip
    return Made(Piece(record))


def link(order: int, *, key: bool = False, chain: int = 7) -> Made:
    flags = Flag.KEY if key else Flag.NONE
    record = Record(kind=Kind.VIDEO, codec=Codec.H264, flags=flags, epoch=1, seq=order)
    return Made(Piece(record, chain, order))


class Play:
    """Tells a machine and says in short what it asked for."""

    def __init__(self, window: int = 2, **rule: int | bool) -> None:
        self.flow = ViewerFlow()
        self.now = 0.0
        self.tell(Follow(0, window, **rule))
        self.tell(Attached())

    def tell(self, *stimuli: object) -> list[object]:
        return [
            _short(each) for stimulus in stimuli for each in self.flow.handle(stimulus, self.now)
        ]


def _short(instruction: object) -> object:
    match instruction:
        case Transmit(record) if record.kind is Kind.KEEP_ALIVE:
            return "keep-alive"
        case Transmit(record):
            broken = "!" if Flag.DISCONTINUITY in record.flags else ""
            missed = f"-{record.missing}" if record.missing else ""
            return f"{record.track}:{record.seq}{missed}{broken}"
        case Hungry():
            return "hungry"
        case WantKey():
            return "key?"
        case _:
            return instruction


@pytest.fixture
def play() -> Play:
    return Play()


def test_one_write_at_a_time(play):
    """A second record waits until the first has left, then goes without being asked for."""
    assert play.tell(still(0)) == ["0:0", "hungry"]
    assert play.tell(still(1)) == []
    assert play.tell(Written()) == ["0:1"]


def test_the_window(play):
    """With a window of records on their way nothing is sent until one is acknowledged."""
    play.tell(still(0), Written(), still(1), Written())
    assert not play.flow.hungry(0)
    assert play.tell(still(2)) == []
    assert play.tell(Acked(0, 0)) == ["0:2"]


def test_the_newest_alone_waits(play):
    """What waits gives way to what is newer; the record says how many were left out."""
    play.tell(still(0), Written(), still(1), Written())
    assert play.tell(still(2), still(3), still(4)) == []
    assert play.tell(Acked(0, 1)) == ["0:4-2!", "hungry"]
    assert play.flow.tracks[0].dropped == 2


def test_one_acknowledgement_stands_for_those_before(play):
    """An acknowledgement of the second makes room for two."""
    play.tell(still(0), Written(), still(1), Written())
    assert play.tell(Acked(0, 1)) == ["hungry"]
    assert play.tell(still(2), Written(), still(3)) == ["0:2", "hungry", "0:3"]


def test_acknowledgements_of_nothing_are_ignored(play):
    """What was not sent can't be acknowledged, and makes no room."""
    play.tell(still(0), Written(), still(1), Written())
    assert play.tell(Acked(0, 5), Acked(3, 0)) == []
    assert play.flow.ignored == 2
    assert not play.flow.hungry(0)


def test_an_old_frame_is_not_sent_again(play):
    """The newest frame that a line offers to a newcomer is not sent twice to the others."""
    play.tell(still(4), Written())
    assert play.tell(still(4), still(3)) == []


def test_a_new_epoch_breaks(play):
    """A new actor counts from 0: the record is marked, and later ones are not."""
    play.tell(still(90), Written())
    told = play.tell(still(0, epoch=2), Written(), Acked(0, 90), still(1, epoch=2))
    assert told == ["0:0!", "hungry", "0:1"]
    assert play.flow.tracks[0].sent == 3


def test_a_new_size_breaks(play):
    """A record of another size than the one before is marked."""
    play.tell(still(0), Written())
    assert play.tell(still(1, width=32)) == ["0:1!"]


def test_tracks_take_turns():
    """No track starves another: the one that was served last is asked last."""
    play = Play(window=8)
    play.tell(Follow(1, 8))
    play.tell(still(0, track=0))
    play.tell(still(1, track=0), still(0, track=1))
    assert play.tell(Written())[0] == "1:0"
    assert play.tell(Written())[0] == "0:1"


def test_a_queue_keeps_the_order():
    """Audio is not thrown away for something newer while its queue has room."""
    play = Play(window=1, queue=3)
    play.tell(still(0), Written())
    assert play.tell(still(1), still(2), still(3), still(4)) == []
    assert play.tell(Acked(0, 0)) == ["0:2-1!"]
    assert play.tell(Written(), Acked(0, 2)) == ["0:3"]


def test_without_acknowledgements_what_has_left_has_arrived():
    """An <img> acknowledges nothing: it is hungry again when its part has left."""
    play = Play(window=1, acked=False)
    assert play.tell(still(0)) == ["0:0"]
    assert not play.flow.hungry(0)
    assert play.tell(Written()) == ["hungry"]


# --- H.264 ----------------------------------------------------------------------------------


def test_deltas_follow_each_other(play):
    """A delta that follows what was sent is sent."""
    assert play.tell(link(1, key=True), Written(), link(2)) == ["0:1", "hungry", "0:2"]


def test_a_newcomer_waits_for_a_key_frame(play):
    """A delta without the one before it is not sent; a key frame is asked for."""
    assert play.tell(link(5)) == ["key?"]
    assert play.tell(link(6)) == ["key?"]
    assert play.tell(link(7, key=True)) == ["0:7", "hungry"]


def test_after_a_drop_deltas_are_held():
    """One that waits is kept, those behind it are dropped, and a key frame is asked for then."""
    play = Play(window=1)
    play.tell(link(1, key=True), Written())
    assert play.tell(link(2), link(3), link(4)) == []
    assert play.tell(Acked(0, 1)) == ["0:2"]
    assert play.tell(Written(), link(5)) == []
    assert play.tell(Acked(0, 2)) == ["key?", "hungry"]
    assert play.tell(link(6)) == ["key?"]
    assert play.tell(link(7, key=True)) == ["0:7-4!"]


def test_a_key_frame_takes_the_place_of_what_waits():
    """A key frame needs none of those before."""
    play = Play(window=1)
    play.tell(link(1, key=True), Written(), link(2))
    assert play.tell(link(3, key=True), Acked(0, 1)) == ["0:3-1!"]


def test_another_chain_needs_its_own_key_frame(play):
    """The first frame of another encoder does not follow the last one of this."""
    play.tell(link(1, key=True), Written())
    assert play.tell(link(2, chain=8)) == ["key?"]


def test_a_browser_may_ask_for_a_key_frame(play):
    """After that nothing else is sent until it comes."""
    play.tell(link(1, key=True), Written())
    assert play.tell(KeyWanted(0)) == ["key?", "hungry"]
    assert play.tell(link(2)) == ["key?"]
    assert play.tell(link(3, key=True)) == ["0:3-1!", "hungry"]


# --- the way --------------------------------------------------------------------------------


def test_nothing_is_sent_without_a_way(play):
    """Nothing is hungry while no stream is there, and what was on its way is forgotten then."""
    play.tell(still(0), Written(), still(1), Written(), Detached())
    assert play.tell(still(2)) == []
    assert not play.flow.hungry(0)
    assert play.tell(Attached()) == ["hungry"]
    assert play.tell(still(3)) == ["0:3-1!", "hungry"]


def test_keep_alive(play):
    """A stream that carries nothing for a second carries a keep-alive, and never during a write."""
    play.tell(still(0), Written())
    play.now = 0.9
    assert play.tell(Tick()) == []
    play.now = play.flow.deadline
    assert play.tell(Tick()) == ["keep-alive"]
    assert play.flow.deadline is None
    assert play.tell(Written()) == []
    assert play.flow.deadline == 2.0


def test_a_track_that_is_not_followed_any_more(play):
    """Its frames go nowhere and its acknowledgements are ignored."""
    play.tell(still(0), Written(), Unfollow(0))
    assert play.tell(still(1), Acked(0, 0)) == []


def test_since_when_an_answer_is_owed(play):
    """The oldest record that is not acknowledged tells since when the browser is silent."""
    assert play.flow.unanswered_since is None
    play.now = 3.0
    play.tell(still(0), Written())
    play.now = 4.0
    play.tell(still(1), Written())
    assert play.flow.unanswered_since == 3.0
    play.tell(Acked(0, 0))
    assert play.flow.unanswered_since == 4.0
