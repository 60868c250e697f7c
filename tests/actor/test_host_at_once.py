"""Events that come while the host rests: applied where they arrive, as if they had waited."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from actor_fakes import Rig, play, settle

from reactor_zmq import InputState, Output, ReactorModel, ReactorPipeline, Video, event
from reactor_zmq.errors import ActorFault
from reactor_zmq.wire.codes import Code

FRAME = np.zeros((2, 3, 3), np.uint8)


class Out(Output):
    main_video: Video


class State(InputState):
    level: int = 0


class Steps:
    """Handlers that write down when they ran."""

    @event(name="plain")
    def plain(self, n: int):
        self.log.append(n)

    @event(name="slow")
    async def slow(self, n: int):
        arrival = asyncio.get_running_loop().create_future()
        await self.clock.wait(arrival, self.clock.now_ns + 5_000_000)
        self.log.append(n)

    @event(name="fail")
    def fail(self):
        raise ValueError("secret")

    @event(name="ask_in_vain")
    def ask_in_vain(self):
        gone = asyncio.get_running_loop().create_future()
        gone.cancel()
        gone.result()

    @event(name="break_gpu")
    def break_gpu(self):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


class Model(Steps, ReactorPipeline):
    state: State
    output: Out
    fps = 10

    def inference(self):
        while True:
            self.log.append(f"turn at {self.state.level}")
            yield FRAME


class Looped(Steps, ReactorModel):
    state: State
    output: Out

    async def run(self):
        await asyncio.get_running_loop().create_future()


@play
async def test_plain_event_is_applied_where_it_arrives():
    """Between two turns the host only waits: the answer is there before anything else can run."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await settle()
        token = rig.send("set_level", level=3)
        assert rig.replies()[token] == ("", {})
        assert rig.log == ["turn at 0"]
        await rig.clock.play(150)
        assert rig.log == ["turn at 0", "turn at 3"]


@play
async def test_events_behind_an_async_handler_wait_for_it():
    """An event must not overtake one that came before it, however plain it is."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await settle()
        rig.log.clear()
        rig.send("slow", n=1)
        rig.send("plain", n=2)
        assert rig.log == []
        await rig.clock.play(20)
        rig.send("plain", n=3)
        assert rig.log == [1, 2, 3]


@play
async def test_events_of_a_model_with_a_loop_of_its_own_wait_for_the_host():
    """It may be computing at any time, so its events are deduplicated in the mailbox."""
    rig = Rig(Looped)
    async with rig.serving():
        rig.join()
        await settle()
        rig.send("plain", n=1)
        assert rig.log == []
        await settle()
        assert rig.log == [1]


@play
async def test_handler_that_raises_where_it_arrives_is_answered(caplog):
    """The client gets the code, the log the traceback, and the host goes on."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await settle()
        failed = rig.send("fail")
        assert rig.replies()[failed] == Code.INTERNAL_ERROR
        assert "secret" in caplog.text
        rig.send("plain", n=1)
        assert rig.log[-1] == 1


@play
async def test_fault_of_the_gpu_where_an_event_arrives_ends_the_host():
    """Only a new process helps, and the host's task is who says so."""
    rig = Rig(Model)
    serving = asyncio.ensure_future(rig.host.serve())
    rig.join()
    await settle()
    broken = rig.send("break_gpu")
    assert rig.replies()[broken] == Code.INTERNAL_ERROR
    late = rig.send("plain", n=1)
    assert late not in rig.replies(), "no handler runs on a broken GPU"
    with pytest.raises(ActorFault):
        await serving
    rig.host.uploads.close()


@play
@pytest.mark.parametrize("model", [Model, Looped])
async def test_handler_that_asks_for_what_was_cancelled_is_answered(model):
    """CancelledError is no Exception; it is an author's error all the same."""
    rig = Rig(model)
    async with rig.serving():
        rig.join()
        await settle()
        failed = rig.send("ask_in_vain")
        await settle()
        assert rig.replies()[failed] == Code.INTERNAL_ERROR
