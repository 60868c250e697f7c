"""Events: order, replies, errors, deduplication, uploads, state."""

from __future__ import annotations

import asyncio
import os

import msgspec
import numpy as np
import pytest
from actor_fakes import Rig, play, settle

from reactor_zmq import (
    CommandError,
    EventError,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
    file_uploaded,
)
from reactor_zmq.errors import ActorFault
from reactor_zmq.wire import link

FRAME = np.zeros((2, 3, 3), np.uint8)


class Out(Output):
    main_video: Video


class State(InputState):
    prompt: str = "meadow"
    count: int = InputField(default=0, ge=0, le=100)
    image: UploadedFile | None = None


class CurrentCount(ModelMessage):
    count: int
    share: float = 0.5


class Model(ReactorPipeline):
    state: State
    output: Out
    fps = 10

    @event(name="get_count")
    async def get_count(self) -> CurrentCount:
        return CurrentCount(count=self.state.count)

    @event(name="sleep")
    async def sleep(self, ms: int):
        arrival = asyncio.get_running_loop().create_future()
        await self.clock.wait(arrival, self.clock.now_ns + ms * 1_000_000)
        self.log.append(ms)

    @event(name="fail")
    def fail(self):
        self.state.prompt = "half done"
        raise RuntimeError("secret")

    @event(name="refuse")
    async def refuse(self, old: bool = False):
        error = CommandError if old else EventError
        raise error("too_dark", "turn on the light", "lamp")

    @event(name="look", dedupe=True)
    def look(self, x: int, client):
        self.log.append((client.id, x))
        return CurrentCount(count=x)

    @event(name="weigh")
    def weigh(self, file: UploadedFile):
        self.log.append((file.name, file.mime_type, file.size, file.data))

    @event(name="odd")
    def odd(self):
        return 5

    @file_uploaded
    def uploaded(self, uploaded_file, client):
        self.log.append((client.id, uploaded_file.name, uploaded_file.data))

    def inference(self):
        while True:
            yield FRAME


@play
async def test_async_handlers_finish_in_arrival_order():
    """Twenty handlers, the first the slowest: each is awaited to its end before the next."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        for ms in range(20, 0, -1):
            rig.send("sleep", ms=ms)
        await rig.clock.play(1000)
    assert rig.log == list(range(20, 0, -1))


@play
async def test_each_event_gets_its_own_reply_in_order():
    """Five events in flight: five tokens, five answers, the state of each moment."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        tokens = []
        for n in range(5):
            rig.send("set_count", count=n)
            tokens.append(rig.send("get_count"))
        await settle()
        replies = rig.replies()
    assert [replies[t] for t in tokens] == [
        ("current_count", {"count": n, "share": 0.5}) for n in range(5)
    ]
    assert [type(replies[t][1]["count"]) for t in tokens] == [int] * 5


@play
async def test_an_event_without_a_reply_is_acknowledged_once_applied():
    """A setter's reply is bare, and the state change is told before it."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await settle()
        del rig.outlet.posted[:]
        token = rig.send("set_prompt", prompt="storm")
        await settle()
        told = [m for m in rig.outlet.posted if not isinstance(m, link.Frame)]
    changed = link.StateChanged({"prompt": msgspec.msgpack.encode("storm")})
    assert told[:2] == [changed, link.Reply(token)]


@play
async def test_a_setter_without_a_value_resets_to_the_default():
    """``set_x {}``."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        rig.send("set_prompt", prompt="storm")
        rig.send("set_prompt")
        await settle()
        assert rig.model.state.prompt == "meadow"


@play
async def test_what_a_handler_raises_stays_in_the_log(caplog):
    """internal_error with no detail; the loop goes on, and what it changed is told."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        failed = rig.send("fail")
        after = rig.send("get_count")
        await settle()
        assert rig.replies()[failed] == "internal_error"
        assert rig.replies()[after][0] == "current_count"
        assert rig.outlet.of(link.StateChanged)[-1].fields == {
            "prompt": msgspec.msgpack.encode("half done")
        }
    assert not any(b"secret" in link.encode_link(m) for m in rig.outlet.posted)
    assert "secret" in caplog.text
    assert "Traceback" in caplog.text


@play
@pytest.mark.parametrize("old", [False, True])
async def test_an_event_error_answers_with_exactly_its_code_and_text(old):
    """EventError, and CommandError which is the same, go to the caller verbatim."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        token = rig.send("refuse", old=old)
        await settle()
    answer = link.ReplyError(token, "too_dark", "turn on the light", "lamp")
    assert rig.outlet.of(link.ReplyError) == [answer]


@play
async def test_what_cannot_be_applied_is_refused(caplog):
    """Bad data, an unknown event, a client that is not there, a reply that is no message."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await settle()
        tokens = {
            rig.send("set_count", count=101): "invalid_data",
            rig.send("nothing"): "unknown_event",
            rig.send("get_count", client_id="b"): "closed",
            rig.send("weigh", file={"upload_id": "nope"}): "unresolved_upload",
            rig.send("odd"): "internal_error",
        }
        await settle()
        assert rig.replies() == tokens


@play
async def test_deduplicated_events_run_once_and_are_all_answered():
    """0..3 behind a busy turn and one of another client: runs with 3, and once for the other."""

    class Busy(Model):
        def inference(self):
            while True:
                if not self.log:
                    self.log.append("busy")
                    self.rig.arrived += self.queue
                yield FRAME

    rig = Rig(Busy)
    rig.model.rig = rig
    mine = [rig.event("look", x=n) for n in range(4)]
    other = rig.event("look", "b", x=7)
    plain = [rig.event("set_count", count=n) for n in (1, 2)]
    rig.model.queue = [*mine[:2], plain[0], other, *mine[2:], plain[1]]
    async with rig.serving():
        rig.join("a")
        rig.join("b")
        await rig.clock.play(10)
        assert rig.log == ["busy", ("a", 3), ("b", 7)]
        replies = rig.replies()
    assert [replies[e.token][1]["count"] for e in mine] == [3, 3, 3, 3]
    assert replies[other.token][1]["count"] == 7
    assert all(e.token in replies for e in plain)


@play
async def test_events_between_turns_are_not_deduplicated():
    """Only what queues while a turn runs is: a burst at an idle model is applied in full."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join()
        await rig.clock.play(10)
        for n in range(3):
            rig.send("look", x=n)
        await settle()
        assert rig.log == [("a", 0), ("a", 1), ("a", 2)]


@play
async def test_two_clients_set_one_field_and_the_order_of_both_is_told():
    """Arrival order is the order of state changes and of replies."""
    rig = Rig(Model)
    async with rig.serving():
        rig.join("a")
        rig.join("b")
        await settle()
        del rig.outlet.posted[:]
        for n, client in enumerate("abab"):
            rig.send("set_count", client, count=n)
        await settle()
        changes = [m.fields["count"] for m in rig.outlet.of(link.StateChanged)]
    assert [msgspec.msgpack.decode(c) for c in changes] == [0, 1, 2, 3]


@play
async def test_handlers_get_an_uploaded_files_bytes():
    """From the memfd to ``data``; the hook runs where it is asked for, and a drop forgets."""
    rig = Rig(Model)
    fds = [_memfd(b"pixels"), _memfd(b"more")]

    def store(upload_id, fd, announce):
        stored = link.UploadStored(upload_id, "a", "cat.png", "image/png", 6, announce)
        if upload_id == "v":
            stored = msgspec.structs.replace(stored, size=4)
        rig.host.uploads.add(stored, fd)
        rig.host.receive(stored)

    async with rig.serving():
        rig.join()
        store("u", fds[0], announce=True)
        store("v", fds[1], announce=False)
        rig.send("weigh", file={"upload_id": "u"})
        set_image = rig.send("set_image", image={"upload_id": "v"})
        rig.host.receive(link.UploadDropped("u"))
        gone = rig.send("weigh", file={"upload_id": "u"})
        await settle()
        assert rig.log == [
            ("a", "cat.png", b"pixels"),
            ("cat.png", "image/png", 6, b"pixels"),
        ]
        assert rig.model.state.image.data == b"more"
        assert rig.replies()[set_image] == ("", {})
        assert rig.replies()[gone] == "unresolved_upload"


@play
async def test_a_file_that_no_hook_wants_is_not_read():
    """Its bytes stay in their memfd until an event names it."""

    class Plain(ReactorPipeline):
        output: Out

        def inference(self):
            yield None

    rig = Rig(Plain)
    async with rig.serving():
        rig.join()
        stored, fd = link.UploadStored("u", "a", "x", "", 3), _memfd(b"abc")
        rig.host.uploads.add(stored, fd)
        rig.host.receive(stored)
        await settle()
        os.fstat(fd)
        assert rig.host.uploads.resolve("u").data == b"abc"
        with pytest.raises(OSError, match="descriptor"):
            os.fstat(fd)


@play
async def test_a_handler_with_a_gpu_fault_answers_and_gives_the_process_up():
    """Nothing that runs in this process can use the GPU again."""

    class Broken(Model):
        @event(name="fail")
        def fail(self):
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

    rig = Rig(Broken)

    async def run():
        async with rig.serving():
            rig.join()
            rig.send("fail")
            await settle()

    with pytest.raises(ActorFault):
        await run()
    assert list(rig.replies().values()) == ["internal_error"]


@play
async def test_a_cancelled_await_in_a_handler_is_an_error_of_the_handler():
    """It does not end the host."""

    class Model2(Model):
        @event(name="fail")
        async def fail(self):
            task = asyncio.ensure_future(asyncio.sleep(3600))
            task.cancel()
            await task

    rig = Rig(Model2)
    async with rig.serving():
        rig.join()
        failed, after = rig.send("fail"), rig.send("get_count")
        await settle()
        assert rig.replies()[failed] == "internal_error"
        assert after in rig.replies()


def _memfd(data: bytes) -> int:
    fd = os.memfd_create("test", os.MFD_CLOEXEC)
    os.write(fd, data)
    return fd
