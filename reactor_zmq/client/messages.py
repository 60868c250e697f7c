"""What clients receive and what they give: messages, replies, references to uploaded files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec
import numpy as np

from reactor_zmq.errors import LocalProtocolError


class Message:
    """One message of the model: its type and its fields.

    Fields are read as ``message.data["prompt"]``, ``message["prompt"]`` or ``message.prompt``;
    the first two also where a field has the name of an attribute of this class.
    """

    __slots__ = ("data", "type")

    def __init__(self, type: str, data: Mapping[str, Any]) -> None:  # noqa: A002 - the wire's word
        self.type = type
        self.data = data

    def __getitem__(self, field: str) -> Any:
        return self.data[field]

    def __getattr__(self, field: str) -> Any:
        if not field.startswith("__"):
            try:
                return self.data[field]
            except KeyError:
                pass
        known = ", ".join(self.data) or "none"
        raise AttributeError(f"{self.type!r} has no field {field!r}; it has: {known}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return (self.type, self.data) == (other.type, other.data)

    __hash__ = None  # pyright: ignore[reportAssignmentType] - as all that compares by content

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.type!r}, {dict(self.data)!r})"


class Reply(Message):
    """The answer to one event: the message that its handler returned, or ``$ok``."""

    __slots__ = ()


class UploadReference:
    """A file that the runtime has; give it as an argument of an event that takes a file.

    Attributes:
        upload_id: The runtime's name for it; the only thing that travels with an event.
        name: As given to ``upload``.
        mime_type: As given to ``upload``, or guessed from the name.
        size: In bytes.
    """

    # Not a dataclass: msgspec would send it with all its fields, at any depth.
    __slots__ = ("mime_type", "name", "size", "upload_id")

    def __init__(self, upload_id: str, name: str, mime_type: str, size: int) -> None:
        self.upload_id = upload_id
        self.name = name
        self.mime_type = mime_type
        self.size = size

    def __repr__(self) -> str:
        return f"UploadReference({self.upload_id!r}, {self.name!r}, {self.size} bytes)"


def pack(data: object) -> bytes:
    """Return data for the wire.

    Enums go by value, dataclasses and Structs as maps, numpy scalars as the numbers they are.

    Raises:
        LocalProtocolError: Some value has no form on the wire.
    """
    try:
        return _encoder.encode(data)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LocalProtocolError(f"this can't be sent: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, UploadReference):
        return {"upload_id": value.upload_id}
    if isinstance(value, np.generic):
        return cast("np.generic[object]", value).item()
    raise TypeError(f"{type(value).__name__} values have no form on the wire")


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
