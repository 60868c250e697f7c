"""Frames of a front end on this machine, copied from where they lie (docs/protocol.md, §3.1).

This is the protocol's simple reader: it holds nothing, and asks the slot's stamp, after it has
copied, whether that was one frame's bytes.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

from reactor_zmq_ros2.unpack import unpack

KEPT_RINGS = 2  # the newest, and the one whose last frames may still be announced
MOST_FAILURES = 8  # one ring may have gone; so many in a row mean that none can be had
_LEASES, _RING = "reactor-leases", "reactor-ring"
_LEASES_MAGIC, _RING_MAGIC = b"RZLEASE1", b"RZRING1\0"
_LINE_NBYTES, _LINE_WORDS = 64, 8
_REFERENCE = 10  # fields
_lock = threading.Lock()


class Samples:
    """One frame's samples, to be copied.

    Attributes:
        view: Their bytes. In a ring another frame's may take their place at any time.
    """

    __slots__ = ("_still", "view")

    def __init__(self, view: memoryview, still: Callable[[], bool] = lambda: True) -> None:
        self.view = view
        self._still = still

    def is_whole(self) -> bool:
        """Say whether what was read of the view before this call was this frame's alone."""
        return self._still()


class Lane:
    """The way to the rings of one front end; used by one thread.

    Args:
        told: `lane` of its `$welcome`.

    Attributes:
        broken: Whether rings can't be had, so that the socket has to serve.

    Raises:
        OSError, ValueError: Its memory can't be had from here.
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.endpoint = str(told["endpoint"])
        self.broken = False
        self._failures = 0
        self._rings: dict[tuple[int, ...], _Ring] = {}
        page = open_memory(told["pid"], told["fd"], _LEASES)
        try:
            magic, key = struct.unpack("=8sQ", os.pread(page, 16, 0))
        finally:
            os.close(page)
        if (magic, key) != (_LEASES_MAGIC, told["key"]):
            raise ValueError("this is another front end's memory")

    def samples(self, reference: bytes, nbytes: int) -> Samples | None:
        """Return what a reference names, None if it is gone.

        Raises:
            ValueError: It is no reference, or its slot can't hold so many bytes.
        """
        words = _integers(unpack(reference))
        slots, slot_nbytes, slot, stamp = words[4:8]
        if not 0 <= slot < slots or nbytes > slot_nbytes:
            raise ValueError("no reference to a slot that holds such a frame")
        ring = self._ring(tuple(words[:6]))
        return None if ring is None else ring.samples(slot, stamp, nbytes)

    def _ring(self, name: tuple[int, ...]) -> _Ring | None:
        ring = self._rings.get(name)
        if ring is None:
            try:
                ring = self._rings[name] = _Ring(*name)
            except (OSError, ValueError, OverflowError):
                self._failures += 1
                self.broken = self._failures >= MOST_FAILURES
                return None
            while len(self._rings) > KEPT_RINGS:
                del self._rings[next(iter(self._rings))]
        self._failures = 0
        return ring


def open_lane(told: Mapping[str, Any] | None) -> Lane | None:
    """Return the way to a front end's memory, None where there is none from here."""
    try:
        return Lane(told) if told else None
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


def open_memory(pid: int, fd: int, name: str) -> int:
    """Open another process's memfd for reading; the descriptor is the caller's.

    Raises:
        OSError: There is none of this name, or the kernel lets nobody in.
    """
    path = f"/proc/{pid}/fd/{fd}"
    # Looked at before it is opened: opening a device can have effects.
    _check_link(path, name)
    found = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        _check_link(f"/proc/self/fd/{found}", name)
    except BaseException:
        os.close(found)
        raise
    return found


class _Ring:
    """One mapping, which ends with the last view of it."""

    def __init__(
        self, pid: int, fd: int, key: int, generation: int, slots: int, slot_nbytes: int
    ) -> None:
        page = mmap.PAGESIZE
        if slots < 1 or slot_nbytes < 1 or slot_nbytes % page:
            raise ValueError("a ring has slots of whole pages")
        head_nbytes = -(-_LINE_NBYTES * (1 + 2 * slots) // page) * page
        body_nbytes = slots * slot_nbytes
        found = open_memory(pid, fd, _RING)
        try:
            _check_size(found, head_nbytes + body_nbytes)
            head = memoryview(mmap.mmap(found, head_nbytes, prot=mmap.PROT_READ))
            body = mmap.mmap(found, body_nbytes, prot=mmap.PROT_READ, offset=head_nbytes)
        finally:
            os.close(found)
        self._body, self._slot_nbytes = memoryview(body), slot_nbytes
        words = head.cast("Q")
        if (bytes(head[:8]), *words[1:5]) != (_RING_MAGIC, slots, slot_nbytes, generation, key):
            raise ValueError("this is another ring")
        self._stamps = words[2 * _LINE_WORDS : _LINE_WORDS * (1 + 2 * slots) : 2 * _LINE_WORDS]

    def samples(self, slot: int, stamp: int, nbytes: int) -> Samples | None:
        stamps, start = self._stamps, slot * self._slot_nbytes
        if stamps[slot] != stamp:
            return None
        _barrier()

        def still() -> bool:
            _barrier()
            return stamps[slot] == stamp

        return Samples(self._body[start : start + nbytes], still)


def _integers(reference: Any) -> list[int]:
    values: list[Any] = list(reference) if isinstance(reference, list) else []  # pyright: ignore[reportUnknownArgumentType]
    if len(values) < _REFERENCE or not all(isinstance(word, int) for word in values[:_REFERENCE]):
        raise ValueError(f"a slot's reference is an array of {_REFERENCE} integers")
    return values


def _check_link(path: str, name: str) -> None:
    found = os.readlink(path)  # noqa: PTH115 - no path of the file system
    if found != f"/memfd:{name} (deleted)":
        raise FileNotFoundError(f"{path} is {found!r}")


def _check_size(fd: int, nbytes: int) -> None:
    sealed = fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK
    if os.fstat(fd).st_size != nbytes or not sealed:
        raise ValueError(f"a ring has {nbytes} sealed bytes")


def _barrier() -> None:
    """Keep reads before this call before those after it, as two locked instructions do."""
    with _lock:
        pass
    with _lock:
        pass
