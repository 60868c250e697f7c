"""Where the bytes of an upload come from: memory or a file."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from reactor_zmq.wire.control import Upload

Source = str | os.PathLike[str] | bytes | bytearray | memoryview
_UNKNOWN_TYPE = "application/octet-stream"
_HASHED_AT_ONCE = 2**20


class UploadSource:
    """One file's worth of bytes; a context manager that closes what it opened.

    Args:
        source: A path as text or ``PathLike``, or the bytes themselves, which must not change
            meanwhile.
        name: As the model sees it; the path's last part if there is one.
        mime_type: Guessed from the name if not given.

    Raises:
        OSError: The file can't be read.
    """

    def __init__(self, source: Source, name: str | None, mime_type: str | None) -> None:
        self._view: memoryview | None = None
        self._fd: int | None = None
        if isinstance(source, (str, os.PathLike)):
            self._fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            self.size = os.fstat(self._fd).st_size
            name = Path(source).name if name is None else name
        else:
            self._view = memoryview(source).cast("B")
            self.size = self._view.nbytes
        self.name = name or "upload"
        self.mime_type = mime_type or mimetypes.guess_type(self.name)[0] or _UNKNOWN_TYPE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def announce(self) -> Upload:
        """Read all of it once and return what the runtime is told first."""
        digest = hashlib.sha256()
        for offset in range(0, self.size, _HASHED_AT_ONCE):
            digest.update(self.read(offset, min(_HASHED_AT_ONCE, self.size - offset)))
        return Upload(self.name, self.size, digest.hexdigest(), self.mime_type)

    def read(self, offset: int, nbytes: int) -> bytes | memoryview:
        """Return exactly ``nbytes`` from ``offset``.

        Raises:
            OSError: The file can't be read, or was cut short meanwhile.
        """
        if self._view is not None:
            return self._view[offset : offset + nbytes]
        if self._fd is None:
            raise ValueError("the file is closed")
        data = os.pread(self._fd, nbytes, offset)
        if len(data) != nbytes:
            raise OSError(f"{self.name}: it was cut short while it was uploaded")
        return data
