"""Models with a loop of their own: ReactorModel.run and emit."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from actor_fakes import MS, Rig, play, settle

from reactor_zmq import Input, InputState, Output, ReactorModel, Video, connected, event
from reactor_zmq.errors import ActorFault
from reactor_zmq.wire import link

FRAME = np.zeros((2, 3, 3), np.uint8)


class Out(Output):
    main_video: Video


class State(InputState):
    count: int = 0


class Base(ReactorModel):
    state: State
    output: Out
    fps = 10

    @event(name="look", dedupe=True)
    async def look(self, x: int):
        self.log.append(x)


class Films(Base):
    async def run(self):
        while True:
            await self.connected.wait()
            self.log.append(self.clock.now_ns)
            await self.emit(self.state.count + FRAME)


@play
async def test_a_loop_emits_at_its_rate_and_sees_events_in_the_next_frame():
    """The wait inside emit paces the loop; handlers run meanwhile."""
    rig = Rig(Films)
    async with rig.serving():
        await rig.clock.play(100)
        assert rig.log == []
        rig.join()
        await rig.clock.play(350)
        begin, times = rig.log[0], list(rig.log)
        assert [t - begin for t in times] == [0, 99 * MS, 199 * MS, 299 * MS]
        rig.send("set_count", count=7)
        await rig.clock.play(100)
        assert rig.outlet.frames.arrays[4][0, 0, 0] == 7
    assert [f.due_ns - begin for f in rig.frames()[:3]] == [0, 100 * MS, 200 * MS]


@play
async def test_without_a_run_of_its_own_a_model_answers_events():
    """The default waits for ever."""
    rig = Rig(Base)
    async with rig.serving():
        rig.join()
        token = rig.send("set_count", count=2)
        await rig.clock.play(1000)
        assert rig.replies()[token] == ("", {})


@play
async def test_emit_with_drop_never_waits():
    """Frames beyond what may wait are dropped, and leave a gap in the sequence."""

    class Hasty(Base):
        async def run(self):
            await self.connected.wait()
            for n in range(50):
                await self.emit(np.full((2, 3, 3), n, np.uint8), drop=True)
            self.log.append(self.clock.now_ns)
            await asyncio.Event().wait()

    rig = Rig(Hasty)
    async with rig.serving():
        begin = rig.clock.now_ns
        rig.join()
        await settle()
        assert rig.log == [begin]
        seqs = [f.seq for f in rig.frames()]
        assert seqs == [0, 1, 2]
        assert rig.host.emitter.dropped == 47


@play
async def test_drop_lets_handlers_run():
    """A loop that never waits still gives way."""

    class Hasty(Base):
        async def run(self):
            await self.connected.wait()
            while self.state.count == 0:
                await self.emit(FRAME, drop=True)
            self.log.append("done")
            await asyncio.Event().wait()

    rig = Rig(Hasty)
    task = asyncio.ensure_future(rig.host.serve())
    rig.join()
    for _ in range(50):
        await asyncio.sleep(0)
    assert rig.frames()
    rig.send("set_count", count=1)
    await settle()
    assert rig.log == ["done"]
    rig.host.receive(link.Stop())
    await task


@play
async def test_compute_time_spreads_a_batch():
    """Given, it counts; not given, the time since the last emit does."""

    class Batches(Base):
        fps = None

        async def run(self):
            await self.connected.wait()
            await self.emit(np.zeros((4, 2, 3, 3), np.uint8), compute_time=0.04)
            self.clock.work(80)
            await self.emit(np.zeros((4, 2, 3, 3), np.uint8))
            await asyncio.Event().wait()

    rig = Rig(Batches)
    async with rig.serving():
        rig.join()
        await rig.clock.play(1000)
        dues = [f.due_ns for f in rig.frames()]
    assert [d - dues[0] for d in dues] == [n * MS for n in (0, 10, 20, 30, 80, 100, 120, 140)]


@play
async def test_fps_can_be_changed_and_flush_drops_what_waits():
    """``self.output`` is the runtime's control."""

    class Tunes(Base):
        async def run(self):
            control = self.output
            self.log.append(control.fps)
            await self.connected.wait()
            control.fps = 50
            await self.emit(np.zeros((5, 2, 3, 3), np.uint8), drop=True)
            control.flush()
            await self.emit(FRAME, drop=True)
            await asyncio.Event().wait()

    rig = Rig(Tunes)
    async with rig.serving():
        rig.join()
        await settle()
        begin = rig.clock.now_ns
        assert rig.log == [10.0]
        assert [f.due_ns - begin for f in rig.frames()] == [n * MS for n in (0, 20, 40, 60, 80, 20)]
        kinds = [type(m) for m in rig.outlet.posted if isinstance(m, (link.Frame, link.Flush))]
    assert kinds == [link.Frame] * 5 + [link.Flush, link.Frame]


@play
async def test_a_loan_that_is_emitted_is_committed_not_copied():
    """What was written through the loan is the frame."""

    class Lends(Base):
        async def run(self):
            await self.connected.wait()
            loan = self.output.loan("main_video", (2, 3, 3))
            loan.array[...] = 9
            await self.emit(loan)
            with pytest.raises(ValueError, match=r"no output track 'other'.*'main_video'"):
                self.output.loan("other", (2, 3, 3))
            await asyncio.Event().wait()

    rig = Rig(Lends)
    async with rig.serving():
        rig.join()
        await settle()
        assert rig.outlet.frames.committed == 1
        assert rig.outlet.frames.arrays[0].max() == 9
        assert rig.outlet.frames.arrays[0].dtype == np.uint8


@play
async def test_a_loop_that_ends_starts_again_after_5_ms():
    """Returning is no failure; raising counts as a failed turn."""

    class Ends(Base):
        async def run(self):
            self.log.append(self.clock.now_ns)
            if len(self.log) == 2:
                raise ValueError("once")

    rig = Rig(Ends)
    async with rig.serving():
        await rig.clock.play(11)
        assert [t - rig.log[0] for t in rig.log] == [0, 5 * MS, 10 * MS]
        assert rig.outlet.of(link.TurnFailed) == [link.TurnFailed(1)]


@play
async def test_a_loop_that_keeps_raising_ends_the_session_and_then_the_process():
    """Three failures within the window, and one more."""

    class Raises(Base):
        @connected
        def joined(self):
            self.log.append("joined")

        async def run(self):
            await self.connected.wait()
            raise ValueError("again")

    rig = Rig(Raises)

    async def run():
        async with rig.serving():
            rig.join()
            await rig.clock.play(100)
            assert rig.outlet.of(link.SessionFailed) == [link.SessionFailed("error")]
            assert not rig.model.connected.is_set()
            rig.join()
            await rig.clock.play(100)

    with pytest.raises(ActorFault):
        await run()


@play
async def test_a_handler_is_awaited_to_its_end_beside_the_loop():
    """One at a time, in order, also where the author's loop runs meanwhile."""

    class Model(Base):
        @event(name="slow")
        async def slow(self):
            arrival = asyncio.get_running_loop().create_future()
            await self.clock.wait(arrival, self.clock.now_ns + 250 * MS)
            self.log.append("slow")

        async def run(self):
            await self.connected.wait()
            while True:
                await self.emit(FRAME)

    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        rig.send("slow")
        rig.send("look", x=1)
        rig.send("look", x=2)
        await rig.clock.play(220)
        assert len(rig.frames()) == 3
        assert rig.log == []
        await rig.clock.play(100)
        assert rig.log == ["slow", 2]


@play
async def test_stop_cancels_the_loop():
    """Its finally runs."""

    class Model(Base):
        async def run(self):
            try:
                await asyncio.Event().wait()
            finally:
                self.log.append("finally")

    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await settle()
    assert rig.log == ["finally"]


@play
async def test_a_frame_that_was_dropped_leaves_a_gap_in_the_sequence():
    """Frames that came too quickly are numbered all the same."""

    class Hasty(Base):
        async def run(self):
            await self.connected.wait()
            for _ in range(6):
                await self.emit(FRAME, drop=True)
            await self.emit(FRAME)
            await asyncio.Event().wait()

    rig = Rig(Hasty)
    async with rig.serving():
        rig.join()
        await settle()
        assert [f.seq for f in rig.frames()] == [0, 1, 2, 6]


@play
async def test_a_reader_is_told_when_the_session_ends_and_the_loop_starts_again():
    """BufferClosed out of run() is no failure."""

    class Camera(Input):
        camera: Video

    class Reads(Base):
        input: Camera

        async def run(self):
            await self.connected.wait()
            self.log.append("run")
            await ReactorModel.input.fget(self).camera.read()

    rig = Rig(Reads)
    async with rig.serving():
        rig.join()
        await settle()
        rig.leave()
        rig.join("b")
        await rig.clock.play(10)
        assert rig.log == ["run", "run"]
        assert rig.outlet.of(link.TurnFailed) == []


@play
async def test_state_that_the_loop_changes_is_told_with_its_frames():
    """There are no turns to tell it after."""

    class Counts(Base):
        async def run(self):
            await self.connected.wait()
            while True:
                self.state.count += 1
                await self.emit(FRAME)

    rig = Rig(Counts)
    async with rig.serving():
        rig.join()
        await rig.clock.play(150)
        told = [m.fields for m in rig.outlet.of(link.StateChanged)]
        assert told[-1] == {"count": b"\x02"}
