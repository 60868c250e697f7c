"""The order in which the loop carries out what the brain decided."""

from __future__ import annotations

from reactor_zmq.machines.frontend_vocabulary import (
    Forget,
    Instruction,
    PeerStuck,
    Say,
    Stimulus,
    TimePassed,
)
from reactor_zmq.runtime.loop import FrontEndLoop


class ScriptedBrain:
    """Decides what it was given, and lets a peer go that is stuck."""

    def __init__(self, decided: list[Instruction]) -> None:
        self.decided = decided
        self.heard: list[Stimulus] = []

    def handle(self, stimulus: Stimulus, now: float) -> list[Instruction]:
        self.heard.append(stimulus)
        if isinstance(stimulus, PeerStuck):
            return [Forget(stimulus.peer), Say(stimulus.peer, (b"bye",))]
        return self.decided


class FullSocket:
    """An events socket whose peer ``slow`` takes nothing until it is forgotten."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, bytes]] = []
        self.full = {b"slow"}

    def send(self, peer: bytes, parts: tuple[bytes, ...]) -> bool:
        if peer in self.full:
            return False
        self.taken.append((peer, parts[0]))
        return True

    def forget(self, peer: bytes) -> None:
        self.full.discard(peer)


class OpenGate:
    """A gate that only lets go."""

    def __init__(self, events: FullSocket) -> None:
        self.events = events

    def part_from(self, instruction: Forget, now: float) -> None:
        self.events.forget(instruction.peer)


def test_goodbye_to_a_stuck_peer_is_its_last_word():
    """What was decided before is done first, and nothing of it follows the goodbye."""
    loop = object.__new__(FrontEndLoop)
    said = [Say(b"slow", (b"1",)), Say(b"quick", (b"2",)), Say(b"slow", (b"3",))]
    loop._brain = brain = ScriptedBrain(said)
    loop._events = events = FullSocket()
    loop._gate = OpenGate(events)
    loop._handle(TimePassed())
    assert events.taken == [(b"quick", b"2"), (b"slow", b"bye")]
    assert brain.heard == [TimePassed(), PeerStuck(b"slow")]
