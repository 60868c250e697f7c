"""Uploaded files, by id: a memfd until somebody asks for the bytes."""

from __future__ import annotations

import os

from reactor_zmq.model.upload import UploadedFile
from reactor_zmq.wire.link import UploadStored


class UploadStore:
    """The files that events may name; belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._fds: dict[str, tuple[UploadStored, int]] = {}
        self._files: dict[str, UploadedFile] = {}

    def add(self, stored: UploadStored, fd: int) -> None:
        """Take over a file that has arrived whole, with its descriptor."""
        self.drop(stored.upload_id)
        self._fds[stored.upload_id] = (stored, fd)

    def put(self, file: UploadedFile) -> None:
        """Take over a file whose bytes are here already."""
        self.drop(file.upload_id)
        self._files[file.upload_id] = file

    def resolve(self, upload_id: str) -> UploadedFile:
        """Return a file; its bytes are read at the first call.

        Raises:
            KeyError: There is no such file.
        """
        if upload_id not in self._files:
            stored, fd = self._fds.pop(upload_id)
            try:
                data = _read(fd, stored.size)
            finally:
                os.close(fd)
            self._files[upload_id] = UploadedFile(
                stored.name, stored.mime_type, stored.size, data, upload_id=upload_id
            )
        return self._files[upload_id]

    def drop(self, upload_id: str) -> None:
        """Forget a file; whoever holds it keeps its bytes."""
        self._files.pop(upload_id, None)
        _, fd = self._fds.pop(upload_id, (None, -1))
        if fd >= 0:
            os.close(fd)

    def close(self) -> None:
        """Forget every file."""
        for upload_id in [*self._fds, *self._files]:
            self.drop(upload_id)


def _read(fd: int, size: int) -> bytes:
    chunks: list[bytes] = []
    offset = 0
    while offset < size:
        chunk = os.pread(fd, size - offset, offset)
        if not chunk:
            raise OSError(f"an uploaded file of {size} bytes ends at {offset}")
        chunks.append(chunk)
        offset += len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
