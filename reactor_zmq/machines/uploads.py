"""Files on their way in: announced, filled in order, checked, kept for the session."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from reactor_zmq.config import Limits
from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.control import (
    CHUNK_NBYTES,
    UPLOAD_CREDIT,
    Upload,
    UploadCredit,
    Uploaded,
    UploadReady,
)


@dataclass(slots=True, eq=False)
class File:
    """One file; ``whole`` once its size and SHA-256 were checked."""

    id: str
    client_id: str
    request: Upload
    touched_at: float
    received: int = 0
    whole: bool = False
    digest: Any = field(default_factory=hashlib.sha256)

    def stored(self) -> Uploaded:
        """Return what the client is told about a whole file."""
        return Uploaded(self.id, self.request.name, self.request.mime_type, self.request.size)


class Uploads:
    """All files of one session, with their caps."""

    def __init__(self, limits: Limits, new_id: Callable[[], str]) -> None:
        self._limits = limits
        self._new_id = new_id
        self._files: dict[str, File] = {}

    def __iter__(self) -> Iterator[File]:
        return iter(tuple(self._files.values()))

    def open(self, client_id: str, request: Upload, now: float) -> UploadReady:
        """Reserve room for a file.

        Raises:
            RemoteProtocolError: ``upload_refused``, naming the cap.
        """
        limits = self._limits
        unfinished = sum(f.client_id == client_id and not f.whole for f in self._files.values())
        reserved = sum(f.request.size for f in self._files.values())
        if request.size > limits.upload_nbytes:
            raise _refused(f"size {request.size}, at most {limits.upload_nbytes} bytes a file")
        if reserved + request.size > limits.session_upload_nbytes:
            raise _refused(f"the session's files may have {limits.session_upload_nbytes} bytes")
        if len(self._files) >= limits.session_uploads:
            raise _refused(f"the session may have {limits.session_uploads} files")
        if unfinished >= limits.open_uploads:
            raise _refused(f"{unfinished} uploads are unfinished, that is the most")
        file = File(self._new_id(), client_id, request, now)
        self._files[file.id] = file
        return UploadReady(file.id, CHUNK_NBYTES, UPLOAD_CREDIT)

    def chunk(
        self, client_id: str, upload_id: str, offset: int, data: bytes | memoryview, now: float
    ) -> UploadCredit:
        """Take the next chunk of a file.

        Raises:
            RemoteProtocolError: ``upload_refused``; the file stands as it was.
        """
        file = self._unfinished(client_id, upload_id)
        if offset != file.received:
            raise _refused(f"offset {offset}, the next chunk begins at {file.received}", "offset")
        if not 0 < len(data) <= CHUNK_NBYTES:
            raise _refused(f"a chunk of {len(data)} bytes, 1 to {CHUNK_NBYTES} are allowed")
        if file.received + len(data) > file.request.size:
            raise _refused(f"more bytes than the {file.request.size} that were announced")
        file.digest.update(data)
        file.received += len(data)
        file.touched_at = now
        return UploadCredit(file.id, file.received, 1)

    def finish(self, client_id: str, upload_id: str) -> File:
        """Check a file and make it usable.

        Raises:
            RemoteProtocolError: ``upload_corrupt`` (the file is gone then) or ``upload_refused``.
        """
        file = self._unfinished(client_id, upload_id)
        if file.received < file.request.size:
            raise _refused(f"{file.received} of {file.request.size} bytes have arrived")
        if file.digest.hexdigest() != file.request.sha256:
            del self._files[upload_id]
            text = "the bytes do not have the SHA-256 that was announced"
            raise RemoteProtocolError(Code.UPLOAD_CORRUPT, text, "sha256")
        file.whole = True
        return file

    def cancel(self, client_id: str, upload_id: str) -> None:
        """Forget an unfinished file.

        Raises:
            RemoteProtocolError: ``upload_refused``: there is no such file.
        """
        del self._files[self._unfinished(client_id, upload_id).id]

    def lose(self, upload_id: str) -> None:
        """Forget a file whose bytes could not be stored."""
        self._files.pop(upload_id, None)

    def usable(self, upload_id: str) -> bool:
        """Whether events may name this file."""
        file = self._files.get(upload_id)
        return file is not None and file.whole

    def whole(self, upload_id: str) -> File:
        """Return a file that events may name, whoever has sent it.

        Raises:
            RemoteProtocolError: ``upload_refused``: there is none.
        """
        file = self._files.get(upload_id)
        if file is None or not file.whole:
            raise _refused("there is no such file in this session", "upload_id")
        return file

    def abandoned(self, now: float) -> list[str]:
        """Forget unfinished files that nobody touches any more; return their ids."""
        idle_s = self._limits.upload_idle_s
        return self._drop(lambda f: not f.whole and now - f.touched_at >= idle_s)

    def left_by(self, client_id: str) -> list[str]:
        """Forget the unfinished files of a client that left; return their ids."""
        return self._drop(lambda f: not f.whole and f.client_id == client_id)

    def clear(self) -> list[str]:
        """Forget all files; return their ids."""
        return self._drop(lambda _: True)

    def _drop(self, gone: Callable[[File], bool]) -> list[str]:
        ids = [f.id for f in self if gone(f)]
        for upload_id in ids:
            del self._files[upload_id]
        return ids

    def _unfinished(self, client_id: str, upload_id: str) -> File:
        file = self._files.get(upload_id)
        if file is None or file.client_id != client_id:
            raise _refused("no such upload of this client", "upload_id")
        if file.whole:
            raise _refused("the upload is finished", "upload_id")
        return file


def _refused(text: str, field: str | None = None) -> RemoteProtocolError:
    return RemoteProtocolError(Code.UPLOAD_REFUSED, text, field)
