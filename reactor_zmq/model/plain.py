"""Authors' values as plain ones: None, bool, int, float, str, bytes, list and dict."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import msgspec

from reactor_zmq.model.upload import UploadedFile

_PLAIN = frozenset({type(None), bool, bytes, int, float, str})

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

    Raises:
        TypeError: A map has keys that are neither texts nor numbers.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, enum.Enum):
        return to_plain(value.value, upload)
    if isinstance(value, UploadedFile):
        return upload(value)
    if isinstance(value, list | tuple):
        return [to_plain(item, upload) for item in cast("list[Any]", value)]
    members = _members(value)
    if members is not None:
        return {_key(key): to_plain(item, upload) for key, item in members}
    return _scalar(value)


def _members(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """Return the entries of a map, dataclass or Struct by their wire names, None of all else."""
    if isinstance(value, Mapping):
        return cast("Mapping[Any, Any]", value).items()
    fields = _fields(cast("Any", type(value)))
    return None if fields is None else [(shown, getattr(value, name)) for name, shown in fields]


@functools.cache
def _fields(cls: Any) -> tuple[tuple[str, str], ...] | None:
    """Return each field's name and its name on the wire; None where the class has no fields."""
    if issubclass(cls, msgspec.Struct):
        return tuple((field.name, field.encode_name) for field in msgspec.structs.fields(cls))
    if dataclasses.is_dataclass(cls):
        return tuple((field.name, field.name) for field in dataclasses.fields(cls))
    return None


def _key(key: Any) -> Any:
    """Return a map's key in the forms that JSON has for it as well as MessagePack.

    Raises:
        TypeError: It has none.
    """
    if type(key) is str:
        return key
    plain = _scalar(key.value if isinstance(key, enum.Enum) else key)
    if not isinstance(plain, (str, int, float)):
        raise TypeError(f"a map's keys are texts or numbers, not {type(plain).__name__}")
    return plain


def _scalar(value: Any) -> Any:
    """Return an int, float or str as exactly that type; numpy's and torch's scalars too."""
    if isinstance(value, bytes):
        return bytes(value)
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
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise TypeError(f"{what}: a {type(value).__name__} can't be sent: {error}") from error
