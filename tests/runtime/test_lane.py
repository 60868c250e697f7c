"""The same-host lane, in real runs: whole, rightly labelled, and harmless whoever reads."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

import reactor_zmq
from reactor_zmq.client import Client, Frame
from reactor_zmq.errors import ConfigError

READER = Path(__file__).with_name("lane_reader.py")


class Reader:
    """A reader in a process of its own, live."""

    def __init__(self, file: Path, hz: float, kind: str, end: int) -> None:
        command = [sys.executable, str(READER), str(file), str(hz), kind, str(end)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._line() == "live\n"

    def shows(self) -> None:
        """Return when it shows its first frame."""
        assert self._line() == "shown\n"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def report(self) -> dict[str, int | str]:
        """Return what it saw, once it has come to its end."""
        found = json.loads(self._line())
        self.close()
        return found

    def done(self) -> bool:
        """Whether it reports, after a moment."""
        return bool(select.select([self.process.stdout], [], [], 0.05)[0])

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def reader() -> Iterator[Callable[..., Reader]]:
    """Start readers by rate and kind; they end with the test."""
    started: list[Reader] = []

    def start(client: Client, hz: float = 0, kind: str = "newest", end: int = 10**9) -> Reader:
        found = Reader(client.file, hz, kind, end)  # type: ignore[attr-defined]
        started.append(found)
        return found

    yield start
    for each in started:
        each.close()


@pytest.fixture
def serve(run) -> Iterator[Callable[..., Client]]:
    """Start a model and connect to it; the client knows its run and connection file."""
    clients: list[Client] = []

    def start(model: str, *options: str) -> Client:
        served = run(model, *options)
        client = reactor_zmq.connect(served.connection_file)
        clients.append(client)
        client.wait_ready(20)
        client.file, client.run = served.connection_file, served  # type: ignore[attr-defined]
        return client

    yield start
    for client in clients:
        client.close()


def number(frame: Frame) -> int:
    """Return what a Sentinel frame says of itself, if all of it says the same."""
    numbers = frame.array.view(np.uint32)
    assert (numbers == numbers.flat[0]).all()
    return int(numbers.flat[0])


def made(client: Client) -> int:
    """Return how many frames the model has made."""
    return client.send("made").count


@pytest.mark.parametrize(
    ("count", "side"), [(1500, 128), pytest.param(10_000, 256, marks=pytest.mark.slow)]
)
def test_nothing_is_torn_or_mislabelled(serve, reader, wait_until, count, side):
    """Readers at 10, 30 and 60 Hz, one of every frame and a stopped one see no wrong frame."""
    client = serve("Sentinel", "--model.pause_s=0.0005")
    kinds = [(10, "newest"), (30, "newest"), (60, "newest"), (0, "every"), (0, "newest")]
    readers = [reader(client, hz, kind, count) for hz, kind in kinds]
    stopped = [reader(client, 0, "every", count), reader(client, 60, "newest", count)]
    client.send("burst", count=20, side=side)
    for each in (*readers, *stopped):
        each.shows()
    for each in stopped:
        each.process.send_signal(signal.SIGSTOP)
    client.send("burst", count=count, side=side)
    wait_until(lambda: made(client) >= count, "the frames", 60)
    for each in stopped:
        each.process.send_signal(signal.SIGCONT)
    # One at a time, since any frame may be a reader's gap.
    for _ in range(200):
        client.send("burst", count=1, side=side)
        if all(each.done() for each in (*readers, *stopped)):
            break
    reports = [each.report() for each in (*readers, *stopped)]
    wrong = [(r["torn"], r["mislabelled"], r["changed"], r["transport"]) for r in reports]
    assert set(wrong) == {(0, 0, 0, "lane")}
    assert all(r["frames"] for r in reports)
    assert all(r["frames"] + r["gaps"] == r["last"] - r["first"] + 1 for r in reports)


def test_lane_readers_alone_cost_no_payload(serve, viewer, context):
    """With lane readers only, nothing goes out under ``frame/``; a socket viewer changes that."""
    client = serve("Page")
    with client.frames(transport="lane") as frames:
        assert next(frames).array.shape == (48, 64, 3)
        assert frames.transport == "lane"
        watch = viewer(client.run)
        header, payload = watch.next()
        assert set(payload) == {header.seq % 251}
        assert next(frames).seq >= 0


def test_views_stay_as_they_are_and_more_of_them_are_copies(serve):
    """Arrays that a reader keeps never change, however many it keeps and whatever it closes."""
    client = serve("Sentinel", "--model.pause_s=0.0005")
    with client.frames(every=True, timeout=10) as frames:
        client.post("burst", count=500)
        kept = [next(frames) for _ in range(40)]
        views = [frame for frame in kept if frame.array.base is not None]
        for frame in frames:
            if frame.seq > 450:
                break
    client.close()
    assert len(views) == 2
    assert [number(frame) for frame in kept] == [frame.seq for frame in kept]
    assert not any(frame.array.flags.writeable for frame in kept)


def test_killed_readers_leave_nothing(serve, reader, wait_until):
    """The leases of readers that were killed while they showed frames are taken back."""
    client = serve("Sentinel", "--model.pause_s=0.0005")
    killed = [reader(client, 0.1) for _ in range(5)]
    client.send("burst", count=10)
    for each in killed:
        each.shows()
        each.process.kill()
        each.process.wait()
    with client.frames(every=True, timeout=10, transport="lane") as frames:
        page = frames._feed._lane._holder._page
        client.post("burst", count=300)
        first = next(frames)
        assert first.array.base is not None
        wait_until(lambda: len(page.rows()) == 1, "the end of the dead readers' leases")
        for frame in frames:
            assert number(frame) == frame.seq
            if frame.seq >= first.seq + 150:
                break


def test_frames_that_grow_come_through_new_rings(serve):
    """A resolution that grows mid-stream opens new rings, and every frame fits its header."""
    client = serve("Sentinel", "--model.pause_s=0.001")
    with client.frames(every=True, timeout=10, transport="lane") as frames:
        for side in (16, 64, 256, 128, 400):
            client.post("burst", count=60, side=side)
            for frame in frames:
                assert number(frame) == frame.seq
                if frame.array.shape == (side, side, 4):
                    break
        assert frames.transport == "lane"


def test_actor_restarts_under_a_lane_reader(serve, wait_until):
    """After kill -9 of the actor its frames stay whole, and those of the next epoch come."""
    client = serve("Sentinel", "--model.pause_s=0.001")
    with client.frames(timeout=20, transport="lane") as frames:
        client.post("burst", count=1000)
        kept = next(frames)
        client.run.kill_actor()
        wait_until(lambda: client.epoch == 2 and client.status.state == "ready", "the restart")
        client.post("burst", count=1000)
        for frame in frames:
            assert number(frame) == frame.seq
            if frame.epoch == 2:
                break
        assert number(kept) == kept.seq
        assert (kept.epoch, frames.transport) == (1, "lane")


def test_single_frame_is_seen(serve):
    """A reader that is live misses no frame, be it the only one."""
    client = serve("Sentinel")
    with client.frames(timeout=10, transport="lane") as frames:
        for n in range(5):
            client.send("burst", count=1)
            frame = next(frames)
            assert (frame.seq, frame.gap, number(frame)) == (n, 0, n)


def test_async_frames_come_through_the_lane(serve):
    """The asyncio client takes the same way, and its arrays keep the same promise."""
    client = serve("Sentinel", "--model.pause_s=0.0005")

    async def some() -> list[Frame]:
        kept: list[Frame] = []
        async with (
            reactor_zmq.aio.connect(client.file, transport="lane") as other,
            other.frames(every=True, timeout=10) as frames,
        ):
            client.post("burst", count=300)
            async for frame in frames:
                assert number(frame) == frame.seq
                kept.append(frame)
                if len(kept) == 20:
                    assert frames.transport == "lane"
                    break
        return kept

    kept = asyncio.run(some())
    assert [number(frame) for frame in kept] == [frame.seq for frame in kept]


def elsewhere(client: Client, **changes: object) -> None:
    """Let the client believe that the front end's memory is somewhere else."""
    with client.frames():  # by then the last welcome has come
        welcome = client._driver.welcome
    assert welcome is not None
    assert welcome.lane is not None
    lane = msgspec.structs.replace(welcome.lane, **changes)
    client._driver.welcome = msgspec.structs.replace(welcome, lane=lane)


@pytest.mark.parametrize("changes", [{"pid": 2**31 - 1}, {"fd": 10**6}, {"key": 1}, {"fd": 0}])
def test_memory_that_is_not_there_is_not_asked_for(serve, changes):
    """Another machine, another process, another page: the socket serves; insisting is refused."""
    client = serve("Page")
    elsewhere(client, **changes)
    with client.frames(timeout=10) as frames:
        assert next(frames).array.shape == (48, 64, 3)
        assert frames.transport == "socket"
    with pytest.raises(ConfigError, match="no same-host lane"):
        client.frames(transport="lane")


def test_lane_that_does_not_answer_is_left(serve, run_directory):
    """Where memory can be mapped and the lane's endpoint not be reached, the socket serves."""
    client = serve("Page")
    elsewhere(client, endpoint=f"ipc://{run_directory}/nobody")
    with client.frames(timeout=10) as frames:
        assert frames.transport == "socket"
        assert next(frames).array.shape == (48, 64, 3)


def test_rings_that_can_not_be_opened_are_left(serve, monkeypatch):
    """A reader that can't map rings goes over to the socket while it iterates, with a gap."""
    client = serve("Page")
    monkeypatch.setattr("reactor_zmq.client.lane._observe", lambda _: None)
    with client.frames(timeout=10) as frames:
        assert frames.transport == "lane"
        frame = next(frames)
        assert frames.transport == "socket"
        assert set(frame.array.flat) == {frame.seq % 251}
        assert next(frames).seq > frame.seq


def test_transports_have_names(serve):
    """A transport that there is not is named with those that there are."""
    client = serve("Page")
    with pytest.raises(ConfigError, match="'auto', 'socket' or 'lane', not 'pigeon'"):
        client.frames(transport="pigeon")
    with client.frames(transport="socket") as frames:
        assert frames.transport == "socket"


def test_raw_subscribers_of_everything_get_no_references(serve, viewer):
    """References are told on the lane's own endpoint, so that payload viewers never see one."""
    client = serve("Page")
    watch = viewer(client.run, "")
    with client.frames(transport="lane") as frames:
        next(frames)
        for _ in range(10):
            watch.next()


def test_front_end_killed_leaves_views_whole(serve):
    """What a reader shows when the run is killed stays as it is."""
    client = serve("Sentinel", "--model.pause_s=0.001")
    with client.frames(timeout=10, transport="lane") as frames:
        client.post("burst", count=2000)
        kept = next(frames)
        os.kill(client.run.process.pid, signal.SIGKILL)
        client.run.process.wait(10)
        assert number(kept) == kept.seq
    client.run.connection_file.unlink()
    folder = client.run.connection_file.parent
    for left in ("lock", "lane.ipc"):
        (folder / "test" / left).unlink()
    (folder / "test").rmdir()
    folder.rmdir()
