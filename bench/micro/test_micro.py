"""Micro benches: ``pytest bench/micro --benchmark-enable``. Without the option each runs once."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hot_paths import HOT_PATHS

from reactor_zmq.machines.pacing import Pacing
from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.writer import FrameWriter, Stored
from reactor_zmq.wire import link
from reactor_zmq.wire.envelope import Encoding, decode, encode
from reactor_zmq_ros2 import cdr

Bench = Any


@pytest.mark.parametrize("name", HOT_PATHS)
def test_hot_path(benchmark: Bench, name: str) -> None:
    """One event, or one frame, through the project's own code."""
    assert benchmark(HOT_PATHS[name]())


@pytest.mark.parametrize("encoding", list(Encoding))
def test_envelope(benchmark: Bench, encoding: Encoding) -> None:
    """Encode an envelope and decode it."""
    data = {"prompt": "a storm over the sea", "strength": 3}

    def step() -> object:
        return decode(encode(encoding, "set_prompt", data, 7))

    assert benchmark(step)[1].type == "set_prompt"


def test_link_codec(benchmark: Bench) -> None:
    """Encode what the front end tells the actor, and decode it."""
    said = link.EventIn(1, "id1", "set_prompt", Encoding.MSGPACK, b"\x81\xa6prompt\xa1x")
    decoded = benchmark(lambda: link.decode_to_actor(link.encode_link(said)))
    assert decoded == said


def test_slots(benchmark: Bench) -> None:
    """Lead a slot through its life."""
    slots = Slots(16)
    slots.grow()

    def step() -> object:
        slot = slots.lend()
        assert slot is not None
        slots.fill(slot)
        slots.ready(slot)
        slots.fly(slot)
        slots.free(slot)
        return slot

    assert benchmark(step) is not None


def test_pacing(benchmark: Bench) -> None:
    """Reckon when the frame of a turn is due."""
    pacing = Pacing(60, 2)
    assert benchmark(lambda: pacing.finish_turn(10**9, 10**9 + 10**6, 1)) is not None


@pytest.mark.parametrize("shape", [(480, 640, 3), (1080, 1920, 3)], ids=str)
def test_ring_copies_in(benchmark: Bench, shape: tuple[int, ...]) -> None:
    """Copy a frame into the ring and give its slot back."""
    reader = RingReader()
    kept: list[Stored] = []
    rings: list[Ring] = []
    writer = FrameWriter(Slots(8), rings.append)
    picture = np.zeros(shape, np.uint8)

    def step() -> object:
        assert writer.submit(picture, kept.append)
        stored = kept.pop()
        reader.release(stored.generation, stored.slot)
        return stored

    writer.submit(picture, kept.append)
    ring = rings[0]
    reader.add(Ring.attach(os.dup(ring.fd), ring.slots, ring.slot_nbytes, ring.generation))
    assert benchmark(step)
    writer.close()
    reader.close()


def test_cdr_image(benchmark: Bench) -> None:
    """Encode a VGA image as ROS has it."""
    data = np.zeros(640 * 480 * 3, np.uint8)
    message = {"height": 480, "width": 640, "encoding": "rgb8", "step": 1920, "data": data}
    assert len(benchmark(lambda: cdr.encode("sensor_msgs/msg/Image", message))) > data.nbytes
