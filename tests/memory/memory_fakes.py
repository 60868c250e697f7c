"""A writer with its reader, and fakes of a GPU whose memory is plain memory."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.device import Copied, DeviceArray
from reactor_zmq.memory.libcuda import CudaError
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.memory.writer import FrameWriter, Stored


def held() -> list[str]:
    """Return this process's memfds and its mappings of memfds."""
    gc.collect()
    found: list[str] = []
    for entry in os.scandir("/proc/self/fd"):
        try:
            found.append(str(Path(entry.path).readlink()))
        except FileNotFoundError:  # the descriptor of this very scan
            continue
    maps = Path("/proc/self/maps").read_text().splitlines()
    return sorted(line for line in found + maps if "memfd:reactor-" in line)


def attached(ring: Ring) -> Ring:
    """Return the other side's mapping of a ring."""
    return Ring.attach(os.dup(ring.fd), ring.slots, ring.slot_nbytes, ring.generation)


class Pair:
    """A writer and the reader that its rings are announced to."""

    def __init__(self, slots: int = 4, **writer_options: object) -> None:
        self.reader = RingReader()
        self.announced: list[int] = []
        self.stored: list[Stored] = []
        self.writer = FrameWriter(Slots(slots), self._announce, **writer_options)

    def _announce(self, ring: Ring) -> None:
        self.announced.append(ring.generation)
        self.reader.add(attached(ring))

    def submit(self, array: np.ndarray | DeviceArray) -> bool:
        return self.writer.submit(array, self.stored.append)

    def read(self, stored: Stored) -> np.ndarray:
        """Return a copy of a stored frame, as the other side sees it."""
        dtype = np.dtype(stored.dtype)
        nbytes = int(np.prod(stored.shape)) * dtype.itemsize
        view = self.reader.view(stored.generation, stored.slot, nbytes)
        return np.frombuffer(view, dtype).reshape(stored.shape).copy()

    def take(self) -> np.ndarray:
        """Read the oldest stored frame and release its slot."""
        stored = self.stored.pop(0)
        frame = self.read(stored)
        self.reader.release(stored.generation, stored.slot)
        return frame

    def close(self) -> None:
        self.writer.close()
        self.reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def on_device(array: np.ndarray, stream: int | None = None) -> DeviceArray:
    """Return host memory dressed as a device array, contents as they are when it is copied."""
    packed = np.ascontiguousarray(array)
    pointer = packed.ctypes.data
    return DeviceArray(packed, "fake array on cuda:0", pointer, packed.shape, packed.dtype, stream)


@dataclass
class Begun:
    """A copy that the fake copier was asked for."""

    array: DeviceArray
    slot: memoryview
    done: Copied


class FakeCopier:
    """A ``DeviceCopier`` that copies when the test says so."""

    def __init__(self) -> None:
        self.begun: list[Begun] = []
        self.seen: list[int] = []
        self.forgotten: list[int] = []
        self.refuse: CudaError | None = None
        self.closed = False

    def copy(self, array: DeviceArray, slot: memoryview, done: Copied) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.seen.append(address(slot))
        self.begun.append(Begun(array, slot, done))

    def finish(self, index: int = 0, error: CudaError | None = None) -> None:
        """End the copy at this place of ``begun``."""
        begun = self.begun.pop(index)
        if error is None:
            ctypes.memmove(address(begun.slot), begun.array.pointer, begun.array.nbytes)
        begun.done(error, 0)

    def forget(self, slot: memoryview) -> None:
        self.forgotten.append(address(slot))

    def close(self) -> None:
        while self.begun:
            self.finish()
        self.closed = True


def address(slot: memoryview) -> int:
    """Return where a writable view begins."""
    return np.frombuffer(slot, np.uint8).ctypes.data


class FakeDriver:
    """A CUDA driver with one device: streams are lists of work that ``advance`` does in order.

    With ``gated`` set, nothing on a stream happens before ``open_gate``.
    """

    def __init__(self, gated: bool = False) -> None:
        self._handles = itertools.count(100)
        self._gate = threading.Event()
        if not gated:
            self._gate.set()
        self._lock = threading.Lock()
        self._work: dict[int, list[tuple[int, int, int]]] = {}
        self._events: dict[int, tuple[int, list[tuple[int, int, int]]]] = {}
        self.log: list[str] = []
        self.registered: dict[int, int] = {}
        self.refuse_register = False
        self.fail_synchronize = False
        self.fail_copy = False
        self.alive: dict[int, object] = {}  # handle -> what it is; empty when all was given back

    def open_gate(self) -> None:
        self._gate.set()

    def _new(self, kind: str) -> int:
        handle = next(self._handles)
        self.alive[handle] = kind
        return handle

    def device_of(self, pointer: int) -> int:
        return 0

    def retain_context(self, ordinal: int) -> int:
        assert ordinal == 0
        self._new("context")
        return 7

    def release_context(self, ordinal: int) -> None:
        assert ordinal == 0
        del self.alive[next(h for h, kind in self.alive.items() if kind == "context")]

    @contextlib.contextmanager
    def current(self, context: int) -> Iterator[None]:
        assert context == 7
        yield

    def register(self, address: int, nbytes: int) -> None:
        if self.refuse_register:
            raise CudaError("cuMemHostRegister_v2", 801, "operation not supported")
        assert address % 4096 == 0
        assert address not in self.registered
        self.registered[address] = nbytes

    def unregister(self, address: int) -> None:
        del self.registered[address]

    def allocate(self, nbytes: int) -> int:
        memory = ctypes.create_string_buffer(nbytes)
        self.alive[ctypes.addressof(memory)] = memory
        return ctypes.addressof(memory)

    def free(self, address: int) -> None:
        del self.alive[address]

    def stream(self) -> int:
        return self._new("stream")

    def destroy_stream(self, stream: int) -> None:
        del self.alive[stream]

    def event(self) -> int:
        return self._new("event")

    def destroy_event(self, event: int) -> None:
        del self.alive[event]

    def record(self, event: int, stream: int) -> None:
        self.log.append(f"record {stream}")
        with self._lock:
            self._events[event] = (stream, list(self._work.get(stream, [])))

    def wait(self, stream: int, event: int) -> None:
        self.log.append(f"wait for {self._events[event][0]}")

    def synchronize(self, event: int) -> None:
        self._gate.wait(10)
        if self.fail_synchronize:
            raise CudaError("cuEventSynchronize", 700, "an illegal memory access")
        with self._lock:
            for address, pointer, nbytes in self._events[event][1]:
                ctypes.memmove(address, pointer, nbytes)
            self._work.clear()

    def copy_to_host(self, address: int, pointer: int, nbytes: int, stream: int) -> None:
        if self.fail_copy:
            raise CudaError("cuMemcpyDtoHAsync_v2", 1, "invalid argument")
        self.log.append("copy")
        with self._lock:
            self._work.setdefault(stream, []).append((address, pointer, nbytes))
