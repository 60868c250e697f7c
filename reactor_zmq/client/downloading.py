"""A file that the runtime has, fetched piece by piece."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from reactor_zmq.client.messages import Reply
from reactor_zmq.errors import EventError, RemoteProtocolError
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.control import Download, Downloaded


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A file of the session, whoever has uploaded it.

    Attributes:
        name: A label, never a path.
        sha256: Of the data, in hex; checked.
    """

    upload_id: str
    name: str
    mime_type: str
    sha256: str
    data: bytes


class Downloading:
    """The course of a download, for clients that block and clients that await.

    Args:
        upload_id: The runtime's name for the file.
        most_nbytes: A larger file is not fetched.
    """

    def __init__(self, upload_id: str, most_nbytes: int | None) -> None:
        self._upload_id = upload_id
        self._most_nbytes = most_nbytes
        self._data = bytearray()

    @property
    def wanted(self) -> Download:
        """The next piece to ask for."""
        return Download(self._upload_id, len(self._data))

    def take(self, reply: Reply) -> DownloadedFile | None:
        """Take a piece; return the file when it is whole.

        Raises:
            EventError: ``too_large``.
            RemoteProtocolError: What came is not what was asked for.
        """
        try:
            piece = msgspec.convert(reply.data, Downloaded)
        except msgspec.ValidationError as error:
            raise RemoteProtocolError(Code.INVALID_DATA, f"{reply.type}: {error}") from error
        if self._most_nbytes is not None and piece.size > self._most_nbytes:
            text = f"{piece.name} has {piece.size} bytes, {self._most_nbytes} are the most"
            raise EventError(Code.TOO_LARGE, text)
        self._data += piece.data
        if len(self._data) < piece.size and piece.data:
            return None
        if hashlib.sha256(self._data).hexdigest() != piece.sha256:
            raise RemoteProtocolError(Code.UPLOAD_CORRUPT, f"{piece.name} came in other bytes")
        return DownloadedFile(
            piece.upload_id, piece.name, piece.mime_type, piece.sha256, bytes(self._data)
        )
