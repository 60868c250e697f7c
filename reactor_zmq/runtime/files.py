"""The bytes of uploads: a sealed memfd each, which leaves nothing behind."""

from __future__ import annotations

import fcntl
import os

from reactor_zmq.machines.frontend_vocabulary import DropFile, FileRead, ReadFile, WriteFile

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


class Files:
    """Descriptors of uploads by id; they belong to this object."""

    def __init__(self) -> None:
        self._fds: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._fds)

    def carry_out(self, instruction: WriteFile | DropFile) -> bool:
        """Write or drop; return False when the system has no room: the file is forgotten then."""
        match instruction:
            case WriteFile(upload_id, offset, data):
                return self.write(upload_id, offset, data)
            case DropFile(upload_id):
                self.drop(upload_id)
                return True

    def write(self, upload_id: str, offset: int, data: bytes | memoryview) -> bool:
        """Put bytes into a file, which is made when it is first named.

        Returns:
            False when the system has no room for it: the file is forgotten then.
        """
        try:
            self._write(upload_id, offset, data)
        except OSError:
            self.drop(upload_id)
            return False
        return True

    def _write(self, upload_id: str, offset: int, data: bytes | memoryview) -> None:
        fd = self._fds.get(upload_id)
        if fd is None:
            flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
            fd = self._fds[upload_id] = os.memfd_create("reactor-upload", flags)
        view = memoryview(data)
        while view:
            written = os.pwrite(fd, view, offset)
            view, offset = view[written:], offset + written

    def sealed(self, upload_id: str) -> int:
        """Return the descriptor of a whole file, which nobody can change any more."""
        fd = self._fds[upload_id]
        if not fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
        return fd

    def read(self, wanted: ReadFile) -> FileRead:
        """Read a piece of a file; of one that has gone there is nothing."""
        fd = self._fds.get(wanted.upload_id)
        data = b"" if fd is None else os.pread(fd, wanted.nbytes, wanted.offset)
        return FileRead(wanted.client, wanted.request, wanted.upload_id, wanted.offset, data)

    def drop(self, upload_id: str) -> None:
        """Forget a file."""
        fd = self._fds.pop(upload_id, None)
        if fd is not None:
            os.close(fd)

    def close(self) -> None:
        """Forget all files."""
        for upload_id in tuple(self._fds):
            self.drop(upload_id)
