"""The private socketpair between the front end and the actor.

``SOCK_SEQPACKET`` keeps datagrams whole and in order, passes descriptors, ends the moment a side
dies, and nobody else can connect to it (docs/adr/0002-seqpacket-link.md).
"""

from __future__ import annotations

import array
import errno
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from reactor_zmq.errors import ActorGone
from reactor_zmq.wire.link import FromActor, ToActor, encode_link

# A datagram has to fit the kernel's buffer, which an unprivileged process can't always raise;
# larger ones travel in a memfd.
INLINE_NBYTES = 96 * 1024
_WANTED_BUFFER = 4 * 2**20
_RIGHTS_SPACE = socket.CMSG_SPACE(2 * array.array("i").itemsize)
_CLOSE_ON_EXEC = int(socket.MSG_CMSG_CLOEXEC)
_CUT_SHORT = int(socket.MSG_CTRUNC)
# The kernel has no room at this moment: for the datagram, or for descriptors under way.
_NOT_NOW = (errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.ETOOMANYREFS)
_OVERSIZE = b"\xc1"  # never used by MessagePack, so no datagram begins with it

M = TypeVar("M", bound="ToActor | FromActor")
_Pending = tuple[bytes, list[int]]


def link_pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a new link; each is non-blocking and closed on exec."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _WANTED_BUFFER)
    return ends


class Link(Generic[M]):
    """One end of the link.

    ``send`` may be called from any thread and keeps the order of calls; ``receive`` belongs to
    one thread. Neither blocks: what the kernel does not take waits in ``backlog`` until
    ``flush``.
    """

    def __init__(self, end: socket.socket, decode: Callable[[bytes], M]) -> None:
        self._socket = end
        self._decode = decode
        self._backlog: deque[_Pending] = deque()
        self._lock = threading.Lock()
        self._buffer = bytearray(INLINE_NBYTES + 4096)

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._socket.fileno()

    @property
    def backlog(self) -> int:
        """Datagrams that wait for the other side to read."""
        return len(self._backlog)

    def send(self, message: ToActor | FromActor, fd: int | None = None) -> None:
        """Send one datagram, with a duplicate of ``fd`` where the message carries one.

        Raises:
            ActorGone: The other end has closed, or no descriptor is left for what has to wait: a
                link that can't carry a message is of no use any more.
        """
        data = encode_link(message)
        with self._lock:
            try:
                if fd is None and self._sent(data):
                    return
                self._take(data, fd)
            except OSError as error:
                raise ActorGone(f"the link can't carry a message: {error.strerror}") from error
            self._flush()

    def _sent(self, data: bytes) -> bool:
        """Send a datagram if that can be done at this moment; most can."""
        if self._backlog or len(data) > INLINE_NBYTES:
            return False
        try:
            self._socket.send(data)
        except OSError:  # told by the next try
            return False
        return True

    def _take(self, data: bytes, fd: int | None) -> None:
        """Put a datagram into the backlog, or send it where that saves a descriptor."""
        if fd is not None and not self._backlog and len(data) <= INLINE_NBYTES:
            with suppress(OSError):  # told by the next try
                _send(self._socket, data, [fd])
                return
        fds = [] if fd is None else [os.dup(fd)]
        if len(data) > INLINE_NBYTES:
            try:
                data, fds = _OVERSIZE, [_spill(data), *fds]
            except OSError:
                _close_all(fds)
                raise
        self._backlog.append((data, fds))

    def flush(self) -> bool:
        """Hand waiting datagrams to the kernel; return whether none is left.

        Raises:
            ActorGone: The other end has closed.
        """
        with self._lock:
            self._flush()
            return not self._backlog

    def _flush(self) -> None:
        while self._backlog:
            data, fds = self._backlog[0]
            try:
                _send(self._socket, data, fds)
            except OSError as error:
                if error.errno in _NOT_NOW:
                    return
                raise ActorGone(f"the link has closed: {error.strerror}") from error
            self._backlog.popleft()
            _close_all(fds)

    def receive(self) -> tuple[M, int | None] | None:
        """Return the next message and its descriptor, or None when nothing waits.

        The descriptor belongs to the caller.

        Raises:
            ActorGone: The other end has closed and everything it sent was received, or no
                descriptor was left for what it sent.
        """
        try:
            size, fds, whole = _receive(self._socket, self._buffer)
        except OSError as error:
            if error.errno in _NOT_NOW:
                return None
            raise ActorGone(f"the link has closed: {error.strerror}") from error
        if size == 0:
            raise ActorGone("the link has closed")
        if not whole:
            _close_all(fds)
            raise ActorGone("a descriptor could not be received: none is left")
        data = bytes(memoryview(self._buffer)[:size])
        if data == _OVERSIZE:
            data = _slurp(fds.pop(0))
        return self._decode(data), (fds[0] if fds else None)

    def close(self) -> None:
        """Close this end and drop what waits."""
        with self._lock:
            for _, fds in self._backlog:
                _close_all(fds)
            self._backlog.clear()
            self._socket.close()


def _send(end: socket.socket, data: bytes, fds: list[int]) -> None:
    if fds:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
        end.sendmsg([data], [rights])
    else:
        end.send(data)


def _close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _receive(end: socket.socket, buffer: bytearray) -> tuple[int, list[int], bool]:
    size, ancillary, flags, _ = end.recvmsg_into([buffer], _RIGHTS_SPACE, _CLOSE_ON_EXEC)
    fds: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found = array.array("i")
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
            fds.extend(found)
    return size, fds, not flags & _CUT_SHORT


def _spill(data: bytes) -> int:
    fd = os.memfd_create("reactor-datagram", os.MFD_CLOEXEC)
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError:
        os.close(fd)
        raise
    return fd


def _slurp(fd: int) -> bytes:
    try:
        size = os.fstat(fd).st_size
        return os.pread(fd, size, 0)
    finally:
        os.close(fd)
