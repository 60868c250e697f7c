"""A writer and its readers in processes of their own: nothing torn, nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import socket

import numpy as np
import pytest

from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.writer import FrameWriter

FRAMES = 3000
SIDE = 96
_spawn = multiprocessing.get_context("forkserver")


def receive_ring(end: socket.socket) -> Ring:
    """Take a ring from a socketpair: its descriptor and its three numbers."""
    data, fds, _, _ = socket.recv_fds(end, 64, 1)
    slots, slot_nbytes, generation = np.frombuffer(data, np.int64).tolist()
    return Ring.attach(fds[0], slots, slot_nbytes, generation)


def read_frames(end: socket.socket) -> None:
    """Release every frame that is told; answer how many were whole, in order, and right."""
    reader = RingReader()
    reader.add(receive_ring(end))
    whole = last = 0
    while told := end.recv(64):
        generation, slot, number = np.frombuffer(told, np.int64).tolist()
        pixels = np.frombuffer(reader.view(generation, slot, SIDE * SIDE * 4), np.uint32)
        whole += bool((pixels == number).all() and number > last)
        last = number
        del pixels
        reader.release(generation, slot)
    end.send(whole.to_bytes(8, "little"))


def test_no_frame_is_torn_between_processes():
    """Each frame told to another process is whole and its own, at full speed and many drops."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = _spawn.Process(target=read_frames, args=(theirs,))
    child.start()
    theirs.close()

    def announce(ring: Ring) -> None:
        numbers = np.array([ring.slots, ring.slot_nbytes, ring.generation], np.int64)
        socket.send_fds(ours, [numbers.tobytes()], [ring.fd])

    writer = FrameWriter(Slots(4), announce)
    number = told = 0
    while told < FRAMES:
        number += 1
        frame = np.full((SIDE, SIDE, 4), 0, np.uint8)
        frame.view(np.uint32)[:] = number

        def tell(stored, number=number):
            ours.send(np.array([stored.generation, stored.slot, number], np.int64).tobytes())

        told += writer.submit(frame, tell)
    ours.shutdown(socket.SHUT_WR)
    assert int.from_bytes(ours.recv(8), "little") == FRAMES
    child.join(10)
    ours.close()
    writer.close()


def observe_frames(end: socket.socket) -> None:
    """Read slots that nobody holds for us; answer how many were torn, and shown all the same."""
    ring = receive_ring(end)
    seen = refused = wrong = 0
    while seen < 2000 or not refused:
        stamp = ring.stamp(0)
        pixels = np.frombuffer(ring.view(0, SIDE * SIDE * 4), np.uint32).copy()
        if ring.intact(0, stamp):
            seen += 1
            wrong += not (pixels == pixels[0]).all()
        else:
            refused += 1
    end.send(np.array([seen, refused, wrong], np.int64).tobytes())


def test_an_observer_never_shows_a_refilled_slot():
    """A reader that holds no slot recognises each one that was refilled while it read."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = _spawn.Process(target=observe_frames, args=(theirs,))
    child.start()
    theirs.close()
    ring = Ring.create(1, SIDE * SIDE * 4, 1)
    numbers = np.array([ring.slots, ring.slot_nbytes, ring.generation], np.int64)
    socket.send_fds(ours, [numbers.tobytes()], [ring.fd])
    pixels = np.frombuffer(ring.view(0, SIDE * SIDE * 4), np.uint32)
    ours.setblocking(False)
    number = 0
    while True:
        number += 1
        ring.take(0)
        pixels[:] = number
        ring.stored(0)
        ring.release(0)
        try:
            answer = ours.recv(64)
        except BlockingIOError:
            continue
        break
    seen, refused, wrong = np.frombuffer(answer, np.int64).tolist()
    assert wrong == 0
    assert seen >= 2000
    assert refused
    child.join(10)
    del pixels
    ring.close()
    ours.close()


def die_holding(end: socket.socket) -> None:
    """Die as by kill -9 with a frame in hand."""
    ring = receive_ring(end)
    ring.view(0, 16)
    os.kill(os.getpid(), 9)


@pytest.mark.parametrize("slots", [1, 3])
def test_a_killed_reader_leaves_nothing(slots):
    """The memory goes with the last mapping; a writer that closes after a kill leaves none."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = _spawn.Process(target=die_holding, args=(theirs,))
    child.start()
    theirs.close()

    def announce(ring: Ring) -> None:
        numbers = np.array([ring.slots, ring.slot_nbytes, ring.generation], np.int64)
        socket.send_fds(ours, [numbers.tobytes()], [ring.fd])

    writer = FrameWriter(Slots(slots), announce)
    frame = np.zeros((4, 4, 3), np.uint8)
    assert writer.submit(frame, lambda stored: None)
    child.join(10)
    assert child.exitcode == -9
    assert [writer.submit(frame, lambda stored: None) for _ in range(slots)] == [True] * (
        slots - 1
    ) + [False]
    writer.close()
    ours.close()
