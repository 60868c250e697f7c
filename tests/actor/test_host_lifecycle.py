"""A session's life on simulated time: hooks, state, the generator's beginning and end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest
from actor_fakes import MS, Rig, play, settle

from reactor_zmq.model.events import event
from reactor_zmq.model.fields import InputField
from reactor_zmq.model.hooks import connected, disconnected, session_ended, session_started
from reactor_zmq.model.idle import Idle
from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.model.pipeline import ReactorModel, ReactorPipeline
from reactor_zmq.model.state import InputState
from reactor_zmq.model.tracks import Output, Video
from reactor_zmq.wire import link

FRAME = np.zeros((2, 3, 3), np.uint8)


class Out(Output):
    main_video: Video


class State(InputState):
    prompt: str = "meadow"
    count: int = 0


class Hello(ModelMessage):
    who: str


class Chronicle(ReactorPipeline):
    """Writes down all that happens to it."""

    state: State
    output: Out
    fps = 10

    @session_started
    def started(self):
        self.note("session_started")

    @session_ended
    async def ended(self):
        self.note("session_ended")

    @connected
    async def joined(self, client):
        self.note(f"connected {client.id}", self.connected.is_set())
        await client.send(Hello(who=client.id))

    @disconnected
    def left(self, client):
        self.note(f"disconnected {client.id}", self.connected.is_set())

    def note(self, what, *more):
        self.log.append((what, self.state.prompt, *more))

    def inference(self):
        self.note("generator")
        try:
            while True:
                yield FRAME
        finally:
            self.note("finally")


@play
async def test_the_hooks_run_in_their_order_and_the_generator_sees_the_state_to_its_end():
    """Two clients come and go: every hook once, the generator closed before the state is."""
    rig = Rig(Chronicle)
    async with rig.serving():
        rig.join("a")
        await rig.clock.play(10)
        rig.join("b")
        rig.send("set_prompt", prompt="storm")
        await rig.clock.play(10)
        rig.leave("a")
        await rig.clock.play(10)
        rig.leave("b")
        await rig.clock.play(10)
        with pytest.raises(RuntimeError, match="session"):
            _ = rig.model.state
    assert rig.log == [
        ("session_started", "meadow"),
        ("connected a", "meadow", True),
        ("generator", "meadow"),
        ("connected b", "meadow", True),
        ("disconnected a", "storm", True),
        ("disconnected b", "storm", False),
        ("finally", "storm"),
        ("session_ended", "storm"),
    ]


@play
async def test_a_session_that_is_stopped_lets_every_client_go_once():
    """Stop runs @disconnected for who is still there, so that counters return to zero."""
    rig = Rig(Chronicle)
    async with rig.serving():
        rig.join("a")
        rig.join("b")
        await rig.clock.play(10)
    assert [note[0] for note in rig.log][-4:] == [
        "disconnected a",
        "disconnected b",
        "finally",
        "session_ended",
    ]


@play
async def test_a_new_session_has_fresh_state_and_a_second_client_does_not_disturb_the_first():
    """One generator for all clients of a session; the next session starts from the defaults."""
    rig = Rig(Chronicle)
    async with rig.serving():
        rig.join("a")
        rig.send("set_prompt", prompt="storm")
        await rig.clock.play(10)
        rig.join("b")
        await rig.clock.play(200)
        assert [n for n in rig.log if n[0] == "generator"] == [("generator", "storm")]
        rig.leave("a")
        rig.leave("b")
        rig.join("a")
        await rig.clock.play(10)
        assert rig.model.state.prompt == "meadow"
    fresh = [m.fields["prompt"] for m in rig.outlet.of(link.StateChanged) if m.fresh]
    assert [msgspec.msgpack.decode(p) for p in fresh] == ["meadow", "meadow"]


@play
async def test_a_message_from_connected_comes_before_everything_else_of_the_session():
    """What @connected sends is the first thing that this client hears."""
    rig = Rig(Chronicle)
    async with rig.serving():
        rig.join("a")
        await rig.clock.play(10)
    joined, hello, state = rig.outlet.posted[:3]
    assert joined == link.Joined("a")
    assert hello == link.Message("a", "hello", msgspec.msgpack.encode({"who": "a"}))
    assert isinstance(state, link.StateChanged)
    assert state.fresh


class EarlyState(InputState):
    """State of Early."""

    prompt: str = "meadow"


class Early(ReactorModel):
    """Emits before its hook for the first client has come to its end."""

    state: EarlyState
    output: Out

    async def run(self):
        await self.connected.wait()
        await self.emit(FRAME)
        await self.wake.wait()

    @connected
    async def on_connected(self):
        self.wake = asyncio.Event()
        for _ in range(5):
            await asyncio.sleep(0)


@play
async def test_a_frame_before_the_first_word_of_the_state_does_not_hide_it():
    """The first that is told of a session's state is all of it, whatever asks to tell it."""
    rig = Rig(Early)
    async with rig.serving():
        rig.join("a")
        await rig.clock.play(10)
    first, *others = rig.outlet.of(link.StateChanged)
    assert first.fresh
    assert msgspec.msgpack.decode(first.fields["prompt"]) == "meadow"
    assert not any(m.fresh for m in others)


@play
async def test_hooks_that_raise_are_logged_and_the_session_goes_on(caplog):
    """A traceback in the log, and frames all the same."""

    class Clumsy(Chronicle):
        @session_started
        def started(self):
            raise ValueError("spilled")

        @connected
        async def joined(self, client):
            raise ValueError("stumbled")

        @disconnected
        def left(self, client):
            raise ValueError("fell")

        @session_ended
        async def ended(self):
            raise ValueError("forgot")

    rig = Rig(Clumsy)
    async with rig.serving():
        rig.join()
        await rig.clock.play(10)
        assert len(rig.frames()) == 1
        rig.leave()
        await rig.clock.play(10)
    raised = [str(r.exc_info[1]) for r in caplog.records if r.exc_info]
    assert raised == ["spilled", "stumbled", "fell", "forgot"]


@play
async def test_a_finally_that_raises_does_not_keep_the_session_from_ending(caplog):
    """It is logged; @session_ended still runs and the state still goes."""

    class Stubborn(Chronicle):
        def inference(self):
            try:
                while True:
                    yield FRAME
            finally:
                raise ValueError("not yet")

    rig = Rig(Stubborn)
    async with rig.serving():
        rig.join()
        await rig.clock.play(10)
        rig.leave()
        await rig.clock.play(10)
    assert rig.log[-1] == ("session_ended", "meadow")
    assert "not yet" in caplog.text


@play
async def test_required_fields_hold_the_generator_and_are_named():
    """The session starts and the state exists; only the generator waits for the last field."""

    class Needy(InputState):
        prompt: str
        seed: int
        count: int = 0

    class Model(Chronicle):
        state: Needy

        def note(self, what, *more):
            self.log.append(what)

    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await rig.clock.play(300)
        assert rig.outlet.of(link.Waiting) == [link.Waiting(("prompt", "seed"))]
        assert "generator" not in rig.log
        assert rig.model.state.count == 0
        rig.send("set_prompt", prompt="storm")
        await rig.clock.play(10)
        assert rig.outlet.of(link.Waiting)[-1] == link.Waiting(("seed",))
        rig.send("set_seed", seed=3)
        await rig.clock.play(10)
        assert rig.outlet.of(link.Waiting)[-1] == link.Waiting(())
        assert "generator" in rig.log


@play
async def test_a_generator_that_returns_starts_again_after_5_ms_with_the_state_kept():
    """A short generator is a loop body; what the state holds stays."""

    class Short(ReactorPipeline):
        state: State
        output: Out

        def inference(self):
            self.state.count += 1
            self.log.append((self.clock.now_ns, self.state.count))
            yield FRAME

    rig = Rig(Short)
    async with rig.serving():
        rig.join()
        await rig.clock.play(11)
    times, counts = zip(*rig.log, strict=True)
    assert counts == (1, 2, 3)
    assert [t - times[0] for t in times] == [0, 5 * MS, 10 * MS]


@play
@pytest.mark.parametrize("idle", [Idle, None, "called"])
async def test_an_idle_turn_is_a_nap_of_5_ms_that_an_event_ends(idle):
    """Idle and None make no frame and no spinning; an event is applied and acted on at once."""

    class Waits(ReactorPipeline):
        state: State
        output: Out

        def inference(self):
            while True:
                self.log.append((self.clock.now_ns, self.state.count))
                yield Idle() if idle == "called" else idle

    rig = Rig(Waits)
    async with rig.serving():
        rig.join()
        await rig.clock.play(7)
        begin = rig.log[0][0]
        rig.send("set_count", count=5)
        await settle()
        assert [(t - begin, n) for t, n in rig.log] == [(0, 0), (5 * MS, 0), (7 * MS, 5)]
    assert rig.frames() == []


@play
async def test_load_may_replace_inference():
    """An attribute of the instance is as good as a method."""

    class Model(ReactorPipeline):
        output: Out
        fps = 10

        def load(self, config):
            self.inference = self.other

        async def other(self):
            while True:
                yield FRAME

    rig = Rig(Model)
    rig.model.load({})
    async with rig.serving():
        rig.join()
        await rig.clock.play(1)
        rig.leave()
    assert rig.frames()


@play
async def test_messages_reach_only_who_is_in_the_session():
    """Without clients, or to a client that has left, a message goes nowhere."""

    @dataclass
    class Note(ModelMessage):
        n: int

    class Model(ReactorPipeline):
        output: Out

        @disconnected
        async def gone(self, client):
            await client.send(Note(n=1))
            await self.send(Note(n=2))

        @event(name="bad")
        async def bad(self):
            await self.send({"n": 1})

        def inference(self):
            yield None

    rig = Rig(Model)
    async with rig.serving():
        await rig.model.send(Note(n=0))
        rig.join("a")
        rig.join("b")
        bad = rig.send("bad")
        await rig.clock.play(1)
        rig.leave("a")
        await rig.clock.play(1)
        rig.leave("b")
        await rig.clock.play(1)
    assert [m.data for m in rig.outlet.of(link.Message)] == [msgspec.msgpack.encode({"n": 2})]
    assert rig.replies()[bad] == "internal_error"


@play
async def test_what_was_applied_before_a_crash_is_restored_before_the_first_turn():
    """Plain fields are assigned, hand-written setters run, and the first frame sees all of it."""

    class Model(ReactorPipeline):
        state: State
        output: Out
        fps = 10

        @event(name="set_prompt")
        def on_prompt(self, prompt: str = InputField(max_length=5)):
            self.log.append(f"set_prompt {prompt}")
            self.state.prompt = prompt.upper()

        @connected
        def joined(self):
            self.log.append(f"connected {self.state.prompt}")

        def inference(self):
            while True:
                self.log.append(f"turn {self.state.prompt} {self.state.count}")
                yield FRAME

    rig = Rig(Model)
    packed = msgspec.msgpack.encode
    rig.host.receive(link.Restore((("prompt", packed("storm")), ("count", packed(7)))))
    async with rig.serving():
        rig.join()
        await settle()
        assert rig.log[:3] == ["set_prompt storm", "connected STORM", "turn STORM 7"]
        fresh = rig.outlet.of(link.StateChanged)[0]
        assert msgspec.msgpack.decode(fresh.fields["prompt"]) == "STORM"
        rig.host.receive(link.Restore((("nothing", packed(1)), ("count", packed(8)))))
        await settle()
        assert rig.model.state.count == 8


@play
async def test_a_field_that_cannot_be_restored_does_not_keep_the_others_back(caplog):
    """A handler that raises is logged, the rest is restored."""

    class Model(ReactorPipeline):
        state: State
        output: Out

        @event(name="set_prompt")
        def on_prompt(self, prompt: str):
            raise ValueError("no")

        def inference(self):
            yield FRAME

    rig = Rig(Model)
    packed = msgspec.msgpack.encode
    rig.host.receive(link.Restore((("prompt", packed("x")), ("count", packed(7)))))
    async with rig.serving():
        rig.join()
        await settle()
        assert rig.model.state.count == 7
    logged = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "prompt" in logged[0].getMessage()
