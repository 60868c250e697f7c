"""A stage for playbooks of the front end's brain: peers and an actor who speak in plain words."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from reactor_zmq.config import Limits
from reactor_zmq.machines.access import Grant
from reactor_zmq.machines.frontend import FrontEnd
from reactor_zmq.machines.frontend_state import FrontEndSettings
from reactor_zmq.machines.frontend_vocabulary import (
    ActorDied,
    ActorSaid,
    ActorStarted,
    Instruction,
    PeerArrived,
    PeerGone,
    PeerSaid,
    Say,
    Stimulus,
    Tell,
    TimePassed,
)
from reactor_zmq.wire import link
from reactor_zmq.wire.contract import (
    Contract,
    EventContract,
    MessageContract,
    ParamSpec,
    TrackContract,
    TypeSpec,
    encode_contract,
)

CONTRACT = Contract(
    model="Stage",
    events=(
        EventContract(
            "set_prompt",
            (ParamSpec("prompt", TypeSpec("str", max_length=20), default="a meadow"),),
            sets="prompt",
        ),
        EventContract(
            "set_strength",
            (ParamSpec("strength", TypeSpec("int", ge=0, le=10), required=True),),
            sets="strength",
        ),
        EventContract("get_prompt", reply="current_prompt"),
        EventContract(
            "set_image",
            (ParamSpec("image", TypeSpec("upload", nullable=True)),),
            sets="image",
        ),
    ),
    messages=(MessageContract("current_prompt", (ParamSpec("prompt", TypeSpec("str")),)),),
    outputs=(TrackContract("main_video", "video"),),
    inputs=(TrackContract("camera", "video"), TrackContract("microphone", "audio", 48000)),
    state=(ParamSpec("prompt", TypeSpec("str")),),
)


class Stage:
    """Feeds stimuli to a FrontEnd and reads what it decides."""

    def __init__(self, *, loaded: bool = True, resume_s: float = 5.0, **limits: Any) -> None:
        ids = (f"id{n}" for n in itertools.count(1))
        settings = FrontEndSettings("stage", "tcp://frames", resume_s, Limits(**limits))
        self.brain = FrontEnd(settings, lambda: next(ids))
        self.now = 100.0
        self.grants: dict[str, Grant] = {}  # what a peer's credential is good for: everything
        self.arrived: set[bytes] = set()
        self.admits = True  # the actor lets clients in as soon as it hears of them
        self.log: list[Instruction] = []
        self.do(ActorStarted(1))
        if loaded:
            self.load()

    def load(self, contract: Contract = CONTRACT) -> list[Instruction]:
        return self.actor(link.Ready(encode_contract(contract)))

    def do(self, stimulus: Stimulus) -> list[Instruction]:
        if isinstance(stimulus, PeerSaid) and stimulus.peer not in self.arrived:
            self.arrived.add(stimulus.peer)
            grant = self.grants.get(stimulus.peer.decode(), Grant("stage", "admin"))
            self.do(PeerArrived(stimulus.peer, grant))
        if isinstance(stimulus, PeerGone):
            self.arrived.discard(stimulus.peer)
        out = self.brain.handle(stimulus, self.now)
        self.log.extend(out)
        for message in self.told(out) if self.admits else ():
            if isinstance(message, link.Join):
                self.actor(link.Joined(message.client_id))
        return out

    def actor(self, message: link.FromActor) -> list[Instruction]:
        return self.do(ActorSaid(message))

    def crash(self, reason: str = "crashed", *, final: bool = False) -> list[Instruction]:
        return self.do(ActorDied(reason, final))

    def restart(self, epoch: int = 2) -> list[Instruction]:
        self.do(ActorStarted(epoch))
        return self.load()

    def gone(self, peer: str) -> list[Instruction]:
        return self.do(PeerGone(peer.encode()))

    def wait(self, seconds: float) -> list[Instruction]:
        self.now += seconds
        return self.do(TimePassed())

    def raw(self, peer: str, *parts: bytes) -> list[dict[str, Any]]:
        return self.heard(peer, self.do(PeerSaid(peer.encode(), parts)))

    def say(
        self, peer: str, kind: str, data: Any = None, *attached: bytes, **more: Any
    ) -> list[dict[str, Any]]:
        """Let a peer say something in JSON; return what it hears back at once."""
        envelope = {"type": kind, **({} if data is None else {"data": data}), **more}
        return self.raw(peer, msgspec.json.encode(envelope), *attached)

    def hello(self, peer: str, **data: Any) -> dict[str, Any]:
        """Greet; return the data of the ``$welcome``."""
        heard = self.say(peer, "$hello", {"protocol": 1, **data}, id=0)
        assert heard[0]["type"] == "$welcome", heard
        return heard[0]["data"]

    def heard(self, peer: str, instructions: list[Instruction]) -> list[dict[str, Any]]:
        """Return the envelopes in these instructions that are for a peer."""
        return [
            _decode(i.parts[-1])
            for i in instructions
            if isinstance(i, Say) and i.peer == peer.encode()
        ]

    def told(self, instructions: list[Instruction] | None = None) -> list[link.ToActor]:
        """Return what the actor is told in these instructions, or was told since the last call."""
        if instructions is None:
            instructions, self.log = self.log, []
        return [i.message for i in instructions if isinstance(i, Tell)]

    def forwarded(self) -> list[link.EventIn]:
        """Return the events that the actor got since the last call."""
        return [m for m in self.told() if isinstance(m, link.EventIn)]


def _decode(part: bytes) -> dict[str, Any]:
    if part[:1] == b"{":
        return msgspec.json.decode(part)
    return msgspec.msgpack.decode(part)


def packed(**fields: Any) -> bytes:
    """Return a packed message body."""
    return msgspec.msgpack.encode(fields)
