"""The bridge's lane: whole frames from where they lie, and the socket where that can't be."""

from __future__ import annotations

import mmap
import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

import reactor_zmq
from reactor_zmq.memory.lease_page import LeasePage
from reactor_zmq.memory.ring import Ring
from reactor_zmq.testing.running import running
from reactor_zmq.wire.header import FrameHeader, encode_header
from reactor_zmq.wire.slot import SlotReference, encode_reference
from reactor_zmq_ros2 import viewer
from reactor_zmq_ros2.lane import MOST_FAILURES, Lane, open_lane
from reactor_zmq_ros2.link import Link
from reactor_zmq_ros2.viewer import Viewer

MODELS = Path(__file__).parents[1] / "runtime" / "models.py"


class Deaf:
    """A listener that needs to know nothing."""

    def __getattr__(self, name):
        return lambda *_: None


@pytest.fixture
def page():
    """A lease page, as a front end makes it."""
    made = LeasePage.create(2)
    yield made
    made.close()


@pytest.fixture
def ring():
    """A ring whose slot 1 is filled, as an actor does it."""
    made = Ring.create(3, 4096, 7)
    made.take(1)
    made.view(1, 4)[:] = b"abcd"
    made.stored(1)
    yield made
    made.close()


def told(page, **other):
    """Return what `$welcome` says of a lane in this process."""
    return {"endpoint": "ipc://nobody", "pid": os.getpid(), "fd": page.fd, "key": page.key, **other}


def reference(ring, slot=1, **other):
    """Return an announcement's last part."""
    found = {
        "pid": os.getpid(), "fd": ring.fd, "key": ring.key, "generation": ring.generation,
        "slots": ring.slots, "slot_nbytes": ring.slot_nbytes, "slot": slot,
        "stamp": ring.stamp(slot), "order": 1, "track": 0,
    }  # fmt: skip
    return encode_reference(SlotReference(**{**found, **other}))


def test_a_stored_slot(page, ring):
    """What the writer stored is read, until it takes the slot again."""
    lane = Lane(told(page))
    samples = lane.samples(reference(ring), 4)
    assert bytes(samples.view) == b"abcd"
    assert samples.is_whole()
    announced = reference(ring)
    ring.take(1)
    assert not samples.is_whole()
    ring.stored(1)
    assert not samples.is_whole()
    assert lane.samples(announced, 4) is None


def test_samples_outlive_ring_and_lane(page, ring):
    """What is being copied stays mapped, whatever is closed meanwhile."""
    samples = Lane(told(page)).samples(reference(ring), 4)
    ring.close()
    assert bytes(samples.view) == b"abcd"


def test_foreign_memory(page, ring):
    """What is no lease page of this key, or can't be opened, is no lane."""
    with Path(__file__).open() as other:
        for wrong in (
            {"key": page.key ^ 1},
            {"fd": ring.fd},
            {"fd": other.fileno()},
            {"pid": 2**22},
        ):
            assert open_lane(told(page, **wrong)) is None
    assert open_lane({"endpoint": "ipc://nobody"}) is None
    assert open_lane(None) is None


def test_foreign_rings(page, ring):
    """Rings that are not what was announced are gaps; too many in a row break the lane."""
    lane = Lane(told(page))
    wrongs = [
        {"key": ring.key ^ 1}, {"fd": page.fd}, {"slots": 4}, {"generation": 8},
        {"slot_nbytes": 8192}, {"pid": 2**22},
    ]  # fmt: skip
    for n in range(MOST_FAILURES):
        assert not lane.broken
        assert lane.samples(reference(ring, **wrongs[n % len(wrongs)]), 4) is None
    assert lane.broken


def test_slots_that_are_none(page, ring):
    """A slot that the ring has not, or that is too small, is refused."""
    lane = Lane(told(page))
    for part, nbytes in ((reference(ring, slot=2, slots=2), 4), (reference(ring), 4097)):
        with pytest.raises(ValueError, match="no reference to a slot"):
            lane.samples(part, nbytes)


@given(part=st.binary(max_size=64))
def test_any_bytes(part):
    """Bytes that are no reference are refused, whatever they are."""
    page = LeasePage.create(2)
    try:
        with suppress(ValueError):
            assert Lane(told(page)).samples(part, 1) is None
    finally:
        page.close()


def test_unreachable_lane(page, tmp_path, monkeypatch):
    """A lane whose socket answers nobody is left for the frames socket."""
    monkeypatch.setattr(viewer, "LIVE_S", 0.0)
    header = FrameHeader(1, 1, 0, 0, 0, 0, (1, 2, 3), "|u1", "rgb8")
    with zmq.Context() as context, context.socket(zmq.PUB) as frames:
        endpoint = f"ipc://{tmp_path}/frames"
        frames.bind(endpoint)

        def connect(to, queue_limit):
            made = context.socket(zmq.SUB)
            made.linger, made.rcvhwm = 0, queue_limit
            made.connect(to)
            return made

        watching = Viewer(connect, endpoint, told(page, endpoint=f"ipc://{tmp_path}/lane"))
        assert watching.lane
        watching.follow(frozenset({"main"}))
        shown = []
        while not shown:
            frames.send_multipart([b"frame/main/", encode_header(header), b"abcdef"])
            watching.socket.poll(20)
            shown = [(track, bytes(samples.view)) for track, _, samples in watching.recent()]
        assert (watching.lane, shown[-1]) == (None, ("main", b"abcdef"))
        watching.close()


def test_nothing_is_torn(resources, run_directory):
    """Under a model that floods, what was whole was one frame, and the right one."""
    counts = {"whole": 0, "mapped": 0, "wrong": 0, "last": -1}
    ended = threading.Event()

    def look(_track, header, samples):
        numbers = np.frombuffer(bytes(samples.view), np.uint32)
        if samples.is_whole():
            counts["whole"] += 1
            counts["mapped"] += isinstance(samples.view.obj, mmap.mmap)
            counts["wrong"] += not (numbers == header.seq).all()
            counts["wrong"] += header.seq <= counts["last"]
            counts["last"] = header.seq
        if header.seq >= 1000:
            ended.set()

    with running(f"{MODELS}:Sentinel", name="flood"):
        link = Link("flood", Deaf(), look, name="bridge")
        link.watch(frozenset({"main_video"}))
        link.start()
        try:
            with reactor_zmq.connect("flood", timeout=20) as client:
                client.wait_ready(20)
                while not ended.wait(0.05):
                    client.send("burst", count=1000, side=256)
        finally:
            link.stop()
    assert counts["wrong"] == 0
    assert counts["whole"] == counts["mapped"] > 0
