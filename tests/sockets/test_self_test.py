"""The look from outside that a run takes before it tells anybody where to connect."""

from __future__ import annotations

import pytest
import zmq

from reactor_zmq.errors import ConfigError
from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.sockets.keys import Credentials, make_key_pair, pair_of_token, raw_key
from reactor_zmq.sockets.public import Sockets
from reactor_zmq.sockets.self_test import check_gate

TOKEN = "a token that was given to somebody"
GRANT = Grant("test", "view")
PAIR = make_key_pair()
ALLOWED = AllowList({TOKEN: GRANT}, {raw_key(pair_of_token(TOKEN).public): GRANT})


class OpenDoor(AllowList):
    """What must never be: everybody may come in."""

    def by_token(self, token: bytes) -> Grant | None:
        return GRANT

    def by_key(self, public: bytes) -> Grant | None:
        return GRANT


@pytest.fixture(name="bound", params=[None, PAIR], ids=["PLAIN", "CURVE"])
def bound_sockets(request, tmp_path):
    """Return sockets that speak either mechanism, and the key to say so."""
    pair = request.param
    sockets = Sockets(ALLOWED, part_nbytes=2**20, queue_limit=16, pair=pair)
    sockets.bind("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    sockets.bind_lane(f"ipc://{tmp_path}/lane.ipc")
    yield sockets, pair.public if pair else ""
    sockets.close()


def test_a_gate_that_holds_passes(bound):
    """Strangers were refused at each socket, the friend got in, and no count tells of it."""
    sockets, server_key = bound
    check_gate(sockets, TOKEN, server_key)
    assert (sockets.zap.refused, sockets.zap.accepted) == (0, 0)


def test_names_of_the_links_that_knocked_are_given_to_no_other(bound, wait_until):
    """Peers may come during the look already: each link has a name of its own for all the run."""
    sockets, server_key = bound
    check_gate(sockets, TOKEN, server_key)
    context = zmq.Context()
    peer = context.socket(zmq.DEALER)
    Credentials(TOKEN, server_key).apply(peer)
    peer.connect(sockets.events_at)
    peer.send(b"hi")
    callers = []

    def come() -> bool:
        for bell in sockets.bells():
            bell.ring()
        sockets.zap.answer_all()
        sockets.events.receive()
        callers.extend(sockets.events.arrivals())
        return bool(callers)

    wait_until(come)
    context.destroy(linger=0)
    friends = len((sockets.events, sockets.frames, sockets.lane))
    assert int(callers[0].peer) > friends


def test_an_open_door_is_found(bound):
    """A run whose handler lets strangers in ends before it serves anybody."""
    sockets, server_key = bound
    sockets.zap.allowed = OpenDoor()
    with pytest.raises(ConfigError, match="let a stranger in"):
        check_gate(sockets, TOKEN, server_key)


def test_a_locked_door_is_found(bound):
    """That strangers are refused says nothing where everybody is."""
    sockets, server_key = bound
    sockets.zap.allowed = AllowList()
    with pytest.raises(ConfigError, match="refused its own token"):
        check_gate(sockets, TOKEN, server_key)
