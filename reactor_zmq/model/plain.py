"""Authors' values as plain ones: None, bool, int, float, str, bytes, list and dict."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from reactor_zmq.model.upload import UploadedFile

ShowUpload = Callable[[UploadedFile], Any]


def show_upload(file: UploadedFile) -> dict[str, Any]:
    """Return what peers may know of a file."""
    return {
        "upload_id": file.upload_id,
        "name": file.name,
        "mime_type": file.mime_type,
        "size": file.size,
    }


def to_plain(value: Any, upload: ShowUpload = show_upload) -> Any:
    """Return a plain copy of a value; what has no plain form is left as it is.

    Args:
        value: What an author made.
        upload: How a file is shown.
    """
    if value is None or isinstance(value, (bool, bytes)):
        return value
    if isinstance(value, enum.Enum):
        return to_plain(value.value, upload)
    if isinstance(value, UploadedFile):
        return upload(value)
    if isinstance(value, Mapping):
        return {k: to_plain(v, upload) for k, v in value.items()}  # type: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [to_plain(v, upload) for v in value]  # type: ignore[reportUnknownVariableType]
    if isinstance(value, msgspec.Struct):
        return {
            f.encode_name: to_plain(getattr(value, f.name), upload)
            for f in msgspec.structs.fields(value)
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name), upload) for f in dataclasses.fields(value)}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    """Return an int, float or str as exactly that type; numpy's and torch's scalars too."""
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        return item()
    return value


def pack_plain(value: Any, what: str) -> bytes:
    """Return a value as MessagePack.

    Args:
        value: What an author made.
        what: Its name, for the error's text.

    Raises:
        TypeError: It, or something in it, has no form on the wire.
    """
    try:
        return msgspec.msgpack.encode(to_plain(value))
    except (TypeError, OverflowError, RecursionError) as error:
        raise TypeError(f"{what}: a {type(value).__name__} can't be sent: {error}") from error
