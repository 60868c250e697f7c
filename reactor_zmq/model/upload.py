"""A file that a client has uploaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reactor_zmq.wire.validate import UploadRef


@dataclass(frozen=True)
class UploadedFile:
    """A file as handlers see it.

    Attributes:
        name: As the client gave it; never use it as a path.
        mime_type: As the client gave it; may be empty.
        size: Length of ``data`` in bytes.
        data: The whole content; immutable, so it may be kept for as long as it is needed.
        upload_id: How clients name it; empty for a file that was not uploaded.
    """

    name: str
    mime_type: str
    size: int
    data: bytes = field(repr=False)
    upload_id: str = field(default="", kw_only=True, compare=False)


Resolve = Callable[[str], UploadedFile]
"""Finds a file by its upload id; raises KeyError when there is none."""


class UnknownUploadError(KeyError):
    """A value names a file that is not there."""


def build_upload(value: UploadRef | Mapping[str, str], find: Resolve) -> UploadedFile:
    """Return the file that a reference or a packed file names.

    Raises:
        UnknownUploadError: It is not there.
    """
    upload_id = value.upload_id if isinstance(value, UploadRef) else value["upload_id"]
    try:
        return find(upload_id)
    except KeyError as error:
        raise UnknownUploadError(upload_id) from error


def no_uploads(upload_id: str) -> UploadedFile:
    """Know no file."""
    raise KeyError(upload_id)
