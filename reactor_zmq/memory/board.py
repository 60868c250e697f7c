"""One page that both processes of a run see: the actor's pulse, and which tracks have viewers."""

from __future__ import annotations

import fcntl
import mmap
import os

_NBYTES = 4096
_WORD_NBYTES = 8
_FIRST_TRACK = 64  # the pulse keeps its cache line to itself
MAX_TRACKS = _NBYTES - _FIRST_TRACK


class Board:
    """A small memfd, mapped by the front end and the actor.

    The actor beats, the front end writes what is wanted: every byte has one writing process. Any
    thread may call any method; a value is seen by the other process without a call into the
    kernel. The board goes with its last mapping, so a kill leaves nothing behind.

    Attributes:
        fd: The memfd, owned by the board; pass it on, never close it.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._bytes = memoryview(mmap.mmap(fd, _NBYTES))
        self._pulse = self._bytes[:_WORD_NBYTES].cast("Q")

    @classmethod
    def create(cls) -> Board:
        """Make a board; nothing is wanted and the tick is 0."""
        fd = os.memfd_create("reactor-board", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, _NBYTES)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        return cls(fd)

    @classmethod
    def attach(cls, fd: int) -> Board:
        """Map a board that the other process made; it owns ``fd`` from here on.

        Raises:
            ValueError: The descriptor is no board; it stays the caller's.
        """
        size = os.fstat(fd).st_size
        if size != _NBYTES:
            raise ValueError(f"a board has {_NBYTES} bytes, this descriptor has {size}")
        return cls(fd)

    def beat(self) -> None:
        """Show that the caller's process makes progress."""
        self._pulse[0] = (self._pulse[0] + 1) % 2**64

    @property
    def tick(self) -> int:
        """How often the actor has beaten; it wraps at 2^64."""
        return self._pulse[0]

    def set_wanted(self, track: int, wanted: bool) -> None:
        """Say whether anybody looks at the output track with this index.

        Raises:
            IndexError: There is no such place on the board.
        """
        self._bytes[_place(track)] = wanted

    def wanted(self, track: int) -> bool:
        """Return whether anybody looks at the output track with this index.

        Raises:
            IndexError: There is no such place on the board.
        """
        return self._bytes[_place(track)] != 0

    def close(self) -> None:
        """Unmap it and close the descriptor; a second call does nothing."""
        if self.fd < 0:
            return
        self._pulse.release()
        self._bytes.release()
        os.close(self.fd)
        self.fd = -1


def _place(track: int) -> int:
    if not 0 <= track < MAX_TRACKS:
        raise IndexError(f"track {track} is not within 0..{MAX_TRACKS - 1}")
    return _FIRST_TRACK + track
