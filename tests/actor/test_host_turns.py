"""Turns: what runs between them, how they are paced, and what follows when they fail."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise

import numpy as np
import pytest
from actor_fakes import MS, SECOND, Rig, play, settle

from reactor_zmq import (
    Input,
    InputState,
    Output,
    ReactorPipeline,
    Video,
    disconnected,
    event,
)
from reactor_zmq.actor.inputs import InputFrame
from reactor_zmq.errors import ActorFault
from reactor_zmq.wire import link

FRAME = np.zeros((2, 3, 3), np.uint8)


class Out(Output):
    main_video: Video


class State(InputState):
    count: int = 0


class Base(ReactorPipeline):
    state: State
    output: Out
    fps = 10


@play
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_no_handler_runs_inside_a_turn(kind):
    """A turn that awaits 50 ms under a flood of events sees one state from end to end."""

    class Slow(Base):
        @event(name="add")
        async def add(self):
            self.log.append("handler")
            self.state.count += 1

        async def slow(self):
            while True:
                before = self.state.count
                self.log.append("begin")
                arrival = asyncio.get_running_loop().create_future()
                await self.clock.wait(arrival, self.clock.now_ns + 50 * MS)
                self.log.append(("end", before == self.state.count))
                yield FRAME

        def quick(self):
            while True:
                before = self.state.count
                self.log.append("begin")
                self.rig.arrived += [self.rig.event("add") for _ in range(10)]
                self.clock.work(50)
                self.log.append(("end", before == self.state.count))
                yield FRAME

        def load(self, config):
            self.inference = self.slow if kind == "async" else self.quick

    rig = Rig(Slow)
    rig.model.rig = rig
    rig.model.load({})
    async with rig.serving():
        rig.join()
        for _ in range(30):
            rig.send("add")
            await rig.clock.play(10)
        assert rig.model.state.count >= 20
    ends = [i for i, what in enumerate(rig.log) if what == ("end", True)]
    assert ends
    assert all(rig.log[i - 1] == "begin" for i in ends)
    assert ("end", False) not in rig.log


@play
async def test_a_pinned_rate_makes_so_many_turns_not_thousands():
    """fps=10 and an instant generator: ten turns and ten frames a second."""

    class Instant(Base):
        def inference(self):
            while True:
                self.log.append(self.clock.now_ns)
                yield FRAME

    rig = Rig(Instant)
    async with rig.serving():
        rig.join()
        await rig.clock.play(9_950)
        dues = [f.due_ns for f in rig.frames()]
    assert len(rig.log) == 100
    assert {b - a for a, b in pairwise(dues)} == {SECOND // 10}
    assert [f.seq for f in rig.frames()] == list(range(len(dues)))


@play
async def test_a_batch_without_fps_is_spread_over_its_turn():
    """Four frames after 40 ms of work are due 10 ms apart, without a break between batches."""

    class Batches(Base):
        fps = None

        def inference(self):
            while True:
                self.clock.work(40)
                yield np.stack([np.full((2, 3, 3), n, np.uint8) for n in range(4)])

    rig = Rig(Batches)
    rig.join()
    for _ in range(4):
        await rig.host._once()
    dues = [f.due_ns for f in rig.frames()]
    assert len(dues) >= 12
    assert {b - a for a, b in pairwise(dues)} == {10 * MS}
    assert [int(a[0, 0, 0]) for a in rig.outlet.frames.arrays[:4]] == [0, 1, 2, 3]
    await rig.host.session.end()


@play
async def test_an_event_shows_in_the_very_next_frame():
    """At 10 fps the turn begins just before its frame is due, after the events before it."""

    class Shows(Base):
        def inference(self):
            while True:
                self.clock.work(5)
                yield np.full((2, 3, 3), self.state.count, np.uint8)

    rig = Rig(Shows)
    async with rig.serving():
        rig.join()
        await rig.clock.play(350)
        frames = len(rig.frames())
        rig.send("set_count", count=9)
        await rig.clock.play(100)
        assert rig.outlet.frames.arrays[frames][0, 0, 0] == 9


@play
async def test_a_stream_of_events_does_not_keep_turns_from_running():
    """Each gap applies what is there when it begins, then the next turn starts."""

    class Flooded(Base):
        fps = None

        @event(name="again")
        def again(self):
            self.rig.send("again")

        def inference(self):
            while True:
                self.log.append("turn")
                yield FRAME

    rig = Rig(Flooded)
    rig.model.rig = rig
    rig.join()
    rig.send("again")
    for _ in range(20):
        await rig.host._once()
    assert rig.log.count("turn") == 20
    await rig.host.session.end()


@play
async def test_a_failing_turn_is_told_without_detail_and_starts_again_on_the_same_state(caplog):
    """Logged with its traceback; the clients hear a count; the state stays."""

    class Fails(Base):
        def inference(self):
            self.state.count += 1
            if self.state.count == 2:
                raise ValueError("secret")
            yield FRAME
            raise KeyError("secret too")

    rig = Rig(Fails)
    async with rig.serving():
        rig.join()
        await rig.clock.play(120)
        assert rig.model.state.count == 3
        assert rig.outlet.of(link.TurnFailed) == [link.TurnFailed(1), link.TurnFailed(2)]
    assert not any(b"secret" in link.encode_link(m) for m in rig.outlet.posted)
    assert caplog.text.count("Traceback") == 2


@play
async def test_the_third_failure_within_the_window_ends_the_session():
    """The hooks run, the state goes, the front end is told; a new session begins anew."""

    class Fails(Base):
        @disconnected
        def gone(self, client):
            self.log.append(client.id)

        def inference(self):
            self.log.append("turn")
            raise ValueError
            yield

    rig = Rig(Fails)
    async with rig.serving():
        rig.join("a")
        rig.join("b")
        await rig.clock.play(100)
        assert rig.log == ["turn"] * 3 + ["a", "b"]
        assert rig.outlet.of(link.SessionFailed) == [link.SessionFailed("error")]
        assert not rig.host.session.active
        rig.leave("a")
        token = rig.send("set_count", count=1)
        await settle()
        assert rig.replies()[token] == "closed"
        await rig.clock.play(31_000)
        rig.join("c")
        await settle()
        assert rig.log[5:] == ["turn"]


@play
async def test_failures_that_go_on_in_the_next_session_give_the_process_up():
    """More than three within the window."""

    class Fails(Base):
        def inference(self):
            raise ValueError
            yield

    rig = Rig(Fails)

    async def run():
        async with rig.serving():
            rig.join("a")
            await rig.clock.play(100)
            rig.join("b")
            await rig.clock.play(100)

    with pytest.raises(ActorFault):
        await run()
    assert len(rig.outlet.of(link.SessionFailed)) == 1


@play
async def test_failures_far_apart_go_on_for_ever():
    """The window forgets."""

    class Fails(Base):
        fps = None

        async def inference(self):
            arrival = asyncio.get_running_loop().create_future()
            await self.clock.wait(arrival, self.clock.now_ns + 16 * SECOND)
            self.log.append("turn")
            raise ValueError
            yield

    rig = Rig(Fails)
    async with rig.serving():
        rig.join("a")
        await rig.clock.play(170_000)
        assert rig.log.count("turn") == 10
        assert rig.outlet.of(link.SessionFailed) == []
        assert max(m.count for m in rig.outlet.of(link.TurnFailed)) == 2


@play
async def test_a_gpu_fault_gives_the_process_up_at_once():
    """The first one, whatever wraps it."""

    class Fails(Base):
        def inference(self):
            raise ValueError("bad step") from RuntimeError("CUDA error: device-side assert")
            yield

    rig = Rig(Fails)

    async def run():
        async with rig.serving():
            rig.join("a")
            await rig.clock.play(100)

    with pytest.raises(ActorFault):
        await run()
    assert rig.outlet.of(link.TurnFailed) == []


@play
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("text", r"'main_video': expected .*, got (a )?str"),
        (5, r"'main_video'.*int"),
        (np.zeros((2, 3, 3)), r"'main_video'.*uint8.*float64"),
        (np.zeros((2, 3, 9), np.uint8), r"'main_video'.*\(height, width, channels\)"),
        ([FRAME], r"'main_video'.*list"),
    ],
)
async def test_a_wrong_yield_is_a_failed_turn_that_names_track_and_types(value, told, caplog):
    """TypeError or ValueError: the track, what came, what was expected."""

    class Wrong(Base):
        def inference(self):
            yield value

    rig = Rig(Wrong)
    async with rig.serving():
        rig.join()
        await settle()
        assert rig.outlet.of(link.TurnFailed) == [link.TurnFailed(1)]
    (record,) = [r for r in caplog.records if r.exc_info]
    assert isinstance(record.exc_info[1], (TypeError, ValueError))
    assert re.search(told, str(record.exc_info[1])), record.exc_info[1]


@play
async def test_inference_that_is_no_generator_is_a_failed_turn(caplog):
    """``async def`` without a yield, or a plain list."""

    class Wrong(Base):
        async def inference(self):
            return [FRAME]

    rig = Rig(Wrong)
    async with rig.serving():
        rig.join()
        await settle()
    assert "has to be a generator" in caplog.text


@play
async def test_a_generator_that_raises_while_it_is_closed_costs_one_turn(caplog):
    """After a bad yield its finally may raise too: the process goes on, and so does the model."""

    class Stumbles(Base):
        def inference(self):
            self.log.append("began")
            try:
                yield "no frame" if len(self.log) == 1 else FRAME
            finally:
                if len(self.log) == 1:
                    raise RuntimeError("in finally")

    rig = Rig(Stumbles)
    async with rig.serving():
        rig.join()
        await rig.clock.play(100)
        assert len(rig.outlet.of(link.TurnFailed)) == 1
        assert rig.frames()
    assert "in finally" in caplog.text


@play
async def test_a_turn_that_waits_when_the_last_client_leaves_is_let_go():
    """Its input track is closed, so that a read ends at once, and the session ends in order."""

    class Camera(Input):
        camera: Video

    class Reads(Base):
        input: Camera

        async def inference(self):
            try:
                while True:
                    await self.input_track().read()
                    yield FRAME
            finally:
                self.log.append(("finally", self.state.count))

        def input_track(self):
            return ReactorPipeline.input.fget(self).camera

    rig = Rig(Reads)
    async with rig.serving():
        rig.join()
        await rig.clock.play(100)
        rig.leave()
        await settle()
        assert rig.log == [("finally", 0)]
        assert not rig.host.session.active
    assert rig.outlet.of(link.TurnFailed) == []


@play
async def test_a_turn_that_waits_for_ever_is_cancelled_a_second_after_everybody_left():
    """The generator's finally sees the state; the host goes on with the next session."""

    class Hangs(Base):
        @event(name="cancelled")
        async def cancelled(self):
            task = asyncio.ensure_future(settle())
            task.cancel()
            await task

        async def inference(self):
            try:
                self.log.append("turn")
                await asyncio.get_running_loop().create_future()
                yield FRAME
            finally:
                self.log.append(("finally", self.state.count))

    rig = Rig(Hangs)
    async with rig.serving():
        rig.join()
        await rig.clock.play(100)
        rig.leave()
        await rig.clock.play(990)
        assert rig.log == ["turn"]
        await rig.clock.play(20)
        assert rig.log == ["turn", ("finally", 0)]
        assert not rig.host.session.active
        rig.join("b")
        token = rig.send("cancelled", "b")
        await settle()
        assert rig.log[2:] == ["turn"]
        assert rig.replies()[token] == "internal_error"
    assert rig.outlet.of(link.TurnFailed) == []


@play
async def test_a_turn_that_ends_in_time_is_not_cut_and_neither_is_a_later_one():
    """The grace belongs to one turn."""

    class Slow(Base):
        fps = None

        async def inference(self):
            for _ in range(20):
                arrival = asyncio.get_running_loop().create_future()
                await self.clock.wait(arrival, self.clock.now_ns + 800 * MS)
                self.log.append(self.clock.now_ns)
                yield FRAME

    rig = Rig(Slow)
    async with rig.serving():
        rig.join()
        await rig.clock.play(100)
        rig.leave()
        rig.join("b")
        await rig.clock.play(2500)
        assert len(rig.log) == 3
        assert len([m for m in rig.outlet.of(link.StateChanged) if m.fresh]) == 2
    assert [b - a for a, b in pairwise(rig.log[:3])] == [800 * MS, 800 * MS]


@play
async def test_a_closed_input_track_ends_the_generator_not_the_session():
    """The publisher left: BufferClosed out of the generator starts it again, quietly."""

    class Camera(Input):
        camera: Video

    class Reads(Base):
        input: Camera

        async def inference(self):
            self.log.append(self.clock.now_ns)
            while True:
                await ReactorPipeline.input.fget(self).camera.read()
                yield FRAME

    rig = Rig(Reads)
    async with rig.serving():
        rig.join()
        await settle()
        rig.host.inputs[0].close()
        await rig.clock.play(11)
        times = list(rig.log)
    assert [t - times[0] for t in times] == [0, 5 * MS, 10 * MS]
    assert rig.outlet.of(link.TurnFailed) == []


@play
async def test_state_that_a_turn_changes_is_told_after_it():
    """And only what changed."""

    class Counts(Base):
        def inference(self):
            while True:
                self.state.count += 1
                yield FRAME

    rig = Rig(Counts)
    async with rig.serving():
        rig.join()
        await rig.clock.play(150)
        told = [m.fields for m in rig.outlet.of(link.StateChanged) if not m.fresh]
    assert told[:2] == [{"count": b"\x01"}, {"count": b"\x02"}]


@play
async def test_a_frame_may_be_published_before_its_publishers_join_is_applied():
    """It waits for the session; what is left at a session's end does not reach the next one."""

    class Camera(Input):
        camera: Video

    class Reads(Base):
        input: Camera

        async def inference(self):
            track = ReactorPipeline.input.fget(self).camera
            while True:
                self.log.append(track.available)
                await track.read()
                yield FRAME

    rig = Rig(Reads)
    async with rig.serving():
        rig.host.inputs[0].push(InputFrame(FRAME))
        rig.join()
        await rig.clock.play(50)
        assert rig.log == [1]
        rig.host.inputs[0].push(InputFrame(FRAME))
        rig.host.inputs[0].push(InputFrame(FRAME))
        rig.leave()
        rig.join("b")
        await rig.clock.play(200)
        assert rig.log == [1, 0]


@play
async def test_a_batch_emitted_by_a_handler_is_spread_over_the_handlers_time():
    """Not over the time that has passed since anything was emitted."""

    class Previews(Base):
        fps = None

        @event(name="preview")
        async def preview(self):
            self.clock.work(20)
            await self.emit(np.zeros((2, 2, 3, 3), np.uint8), drop=True)

        def inference(self):
            while True:
                yield None

    rig = Rig(Previews)
    async with rig.serving():
        rig.join()
        await rig.clock.play(60_000)
        rig.send("preview")
        await settle()
        first, second = [f.due_ns for f in rig.frames()]
        assert second - first == 10 * MS
