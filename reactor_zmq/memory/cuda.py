"""From a CUDA device into a slot: the copy engine writes the very bytes that are sent."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections import deque
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from reactor_zmq.memory.device import Copied, DeviceArray, DeviceCopier
from reactor_zmq.memory.libcuda import CudaError, LibCuda

_log = logging.getLogger(__name__)


class Driver(Protocol):
    """What the copier needs of the CUDA driver; told in ``libcuda.LibCuda``."""

    def device_of(self, pointer: int) -> int: ...  # noqa: D102 - told where it is implemented
    def retain_context(self, ordinal: int) -> int: ...  # noqa: D102
    def release_context(self, ordinal: int) -> None: ...  # noqa: D102
    def current(self, context: int) -> AbstractContextManager[None]: ...  # noqa: D102
    def register(self, address: int, nbytes: int) -> None: ...  # noqa: D102
    def unregister(self, address: int) -> None: ...  # noqa: D102
    def allocate(self, nbytes: int) -> int: ...  # noqa: D102
    def free(self, address: int) -> None: ...  # noqa: D102
    def stream(self) -> int: ...  # noqa: D102
    def destroy_stream(self, stream: int) -> None: ...  # noqa: D102
    def event(self) -> int: ...  # noqa: D102
    def destroy_event(self, event: int) -> None: ...  # noqa: D102
    def record(self, event: int, stream: int) -> None: ...  # noqa: D102
    def wait(self, stream: int, event: int) -> None: ...  # noqa: D102
    def synchronize(self, event: int) -> None: ...  # noqa: D102
    def copy_to_host(  # noqa: D102
        self, address: int, pointer: int, nbytes: int, stream: int
    ) -> None: ...


@dataclass(frozen=True, eq=False)
class _Device:
    """A device in use: its context, the copy stream, and events to reuse.

    ``made`` is recorded again for each array: a stream's wait keeps the state that it saw.
    """

    ordinal: int
    context: int
    stream: int
    made: int
    spare: deque[int] = field(default_factory=deque[int])


@dataclass(frozen=True, eq=False)
class _Staging:
    """Page-locked memory beside the ring."""

    address: int
    nbytes: int


@dataclass(frozen=True, eq=False)
class _Copy:
    """A copy under way; it keeps both ends alive."""

    device: _Device
    event: int
    array: DeviceArray
    slot: memoryview
    staging: _Staging | None
    done: Copied


def open_copier() -> DeviceCopier:
    """Return a copier on this machine's CUDA driver.

    Raises:
        CudaError: There is none.
    """
    return CudaCopier(LibCuda())


class CudaCopier:
    """Copies on a stream of its own, and a thread that waits for them.

    ``copy``, ``forget`` and ``close`` belong to one thread. Where page-locking a slot is refused
    (a limit on locked memory, a system without it), frames go through page-locked staging memory
    and one more copy by the processor, which is said once in the log.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._devices: dict[int, _Device] = {}
        self._locked: dict[int, bool] = {}  # address of a slot -> whether it is page-locked
        self._spare_staging: deque[_Staging] = deque()
        self._copies: SimpleQueue[_Copy | None] = SimpleQueue()
        self._warned = False
        self._thread = threading.Thread(target=self._run, name="reactor-device-copy", daemon=True)
        self._thread.start()

    def copy(self, array: DeviceArray, slot: memoryview, done: Copied) -> None:
        """See ``DeviceCopier``."""
        device = self._device(self._driver.device_of(array.pointer))
        with self._driver.current(device.context):
            staging = None if self._lock(slot) else self._staging(slot.nbytes)
            event = device.spare.popleft() if device.spare else self._driver.event()
            copy = _Copy(device, event, array, slot, staging, done)
            try:
                self._begin(copy)
            except CudaError:
                self._put_back(copy)
                raise
        self._copies.put(copy)

    def forget(self, slot: memoryview) -> None:
        """See ``DeviceCopier``."""
        self._unlock(_address(slot))

    def close(self) -> None:
        """See ``DeviceCopier``; a second call does nothing."""
        self._copies.put(None)
        self._thread.join()
        for address in list(self._locked):
            self._unlock(address)
        for device in self._devices.values():
            self._give_back(device)
        self._devices.clear()

    def _device(self, ordinal: int) -> _Device:
        device = self._devices.get(ordinal)
        if device is None:
            context = self._driver.retain_context(ordinal)
            with self._driver.current(context):
                device = _Device(ordinal, context, self._driver.stream(), self._driver.event())
            self._devices[ordinal] = device
        return device

    def _begin(self, copy: _Copy) -> None:
        array, device = copy.array, copy.device
        if array.stream is not None:
            self._driver.record(device.made, array.stream)
            self._driver.wait(device.stream, device.made)
        target = copy.staging.address if copy.staging else _address(copy.slot)
        self._driver.copy_to_host(target, array.pointer, array.nbytes, device.stream)
        self._driver.record(copy.event, device.stream)

    def _put_back(self, copy: _Copy) -> None:
        copy.device.spare.append(copy.event)
        if copy.staging is not None:
            self._spare_staging.append(copy.staging)

    def _lock(self, slot: memoryview) -> bool:
        """Page-lock a slot when it is seen first; return whether it is."""
        address = _address(slot)
        locked = self._locked.get(address)
        if locked is None:
            locked = self._locked[address] = self._register(address, slot.nbytes)
        return locked

    def _register(self, address: int, nbytes: int) -> bool:
        try:
            self._driver.register(address, nbytes)
        except CudaError as error:
            if not self._warned:
                _log.warning("frames from the GPU take one more copy: %s", str(error))
            self._warned = True
            return False
        return True

    def _unlock(self, address: int) -> None:
        if not self._locked.pop(address, False):
            return
        device = next(iter(self._devices.values()))
        with self._driver.current(device.context):
            self._driver.unregister(address)

    def _staging(self, nbytes: int) -> _Staging:
        while self._spare_staging:
            staging = self._spare_staging.pop()
            if staging.nbytes >= nbytes:
                return staging
            self._driver.free(staging.address)  # slots only ever grow, so it is of no more use
        return _Staging(self._driver.allocate(nbytes), nbytes)

    def _give_back(self, device: _Device) -> None:
        with self._driver.current(device.context):
            while self._spare_staging:
                self._driver.free(self._spare_staging.pop().address)
            for event in (*device.spare, device.made):
                self._driver.destroy_event(event)
            self._driver.destroy_stream(device.stream)
        self._driver.release_context(device.ordinal)

    def _run(self) -> None:
        while (copy := self._copies.get()) is not None:
            try:
                copy.done(self._end(copy), copy.array.nbytes if copy.staging else 0)
            except Exception:  # noqa: BLE001 - the thread serves every frame that follows
                _log.exception("a frame from the GPU could not be passed on")
            del copy  # the author's array must not live on until the next frame comes

    def _end(self, copy: _Copy) -> CudaError | None:
        try:
            with self._driver.current(copy.device.context):
                self._driver.synchronize(copy.event)
            if copy.staging is not None:
                ctypes.memmove(_address(copy.slot), copy.staging.address, copy.array.nbytes)
        except CudaError as error:
            return error
        finally:
            self._put_back(copy)
        return None


def _address(slot: memoryview) -> int:
    return int(np.frombuffer(slot, np.uint8).ctypes.data)
