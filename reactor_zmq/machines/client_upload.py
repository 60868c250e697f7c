"""One file on its way to the front end: announced, sent in chunks as credit allows, finished."""

from __future__ import annotations

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.control import (
    Upload,
    UploadChunk,
    UploadCredit,
    UploadFinish,
    UploadReady,
)


class UploadPlan:
    """Says which chunk comes next; holds no bytes and does no I/O.

    The order is :meth:`ready` once, then :meth:`next_chunk` and :meth:`credited` as chunks leave
    and are answered, then :meth:`finish` when :attr:`delivered`.
    """

    def __init__(self, request: Upload) -> None:
        self.request = request
        self.received = 0
        self._sent = 0
        self._credit = 0
        self._ready: UploadReady | None = None

    @property
    def upload_id(self) -> str | None:
        """The front end's name for the file, once it has given one."""
        return self._ready.upload_id if self._ready is not None else None

    @property
    def delivered(self) -> bool:
        """Whether the front end has all bytes."""
        return self._ready is not None and self.received == self.request.size

    def ready(self, answer: UploadReady) -> None:
        """Take the front end's terms.

        Raises:
            RemoteProtocolError: Nothing could ever be sent under them.
        """
        if answer.chunk_nbytes < 1 or answer.credit < 1:
            text = f"chunks of {answer.chunk_nbytes} bytes and a credit of {answer.credit}"
            raise RemoteProtocolError(Code.INVALID_DATA, text)
        self._ready = answer
        self._credit = answer.credit

    def next_chunk(self) -> tuple[UploadChunk, int] | None:
        """Return the next chunk and its length, or None while there is no credit or no more."""
        if self._ready is None or self._credit < 1 or self._sent == self.request.size:
            return None
        nbytes = min(self._ready.chunk_nbytes, self.request.size - self._sent)
        chunk = UploadChunk(self._ready.upload_id, self._sent)
        self._sent += nbytes
        self._credit -= 1
        return chunk, nbytes

    def credited(self, answer: UploadCredit) -> None:
        """Take the answer to a chunk.

        Raises:
            RemoteProtocolError: It confirms bytes that were never sent, or takes some back.
        """
        if not self.received <= answer.received <= self._sent or answer.credit < 0:
            text = f"{answer.received} bytes confirmed, {self._sent} were sent"
            raise RemoteProtocolError(Code.INVALID_DATA, text, "received")
        self.received = answer.received
        self._credit += answer.credit

    def finish(self) -> UploadFinish:
        """Return the last word; all bytes are there."""
        if self._ready is None or not self.delivered:
            raise RuntimeError("an upload is finished when all of it was delivered")
        return UploadFinish(self._ready.upload_id)
