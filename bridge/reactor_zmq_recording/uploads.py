"""Files that clients uploaded: into a recording as attachments, and out of it again."""

from __future__ import annotations

import hashlib
import logging
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from reactor_zmq.client import Client
from reactor_zmq.errors import EventError, RemoteProtocolError
from reactor_zmq_recording.scan import Scan

MOST_NBYTES = 128 * 2**20
NOTE = "reactor_zmq upload"
_log = logging.getLogger("reactor_zmq.recording")


@dataclass(frozen=True)
class Attachment:
    """A file for the recording; ``upload_id`` is what its events name it by."""

    upload_id: str
    name: str
    media_type: str
    sha256: str
    data: bytes

    @property
    def title(self) -> str:
        """What it is called in the recording: names alone need not differ."""
        return f"uploads/{self.upload_id}/{self.name}"

    @property
    def facts(self) -> dict[str, str]:
        """What the recording says of it."""
        return {
            "upload_id": self.upload_id,
            "name": self.name,
            "media_type": self.media_type,
            "size": str(len(self.data)),
            "sha256": self.sha256,
            "attachment": self.title,
        }


def upload_ids(data: object) -> Iterator[str]:
    """Yield the files that an event's data, or the state, names."""
    if isinstance(data, dict):
        fields = cast("dict[str, object]", data)
        if isinstance(found := fields.get("upload_id"), str):
            yield found
        for value in fields.values():
            yield from upload_ids(value)
    elif isinstance(data, list | tuple):
        for value in cast("list[object]", data):
            yield from upload_ids(value)


def replaced(data: Any, known: Callable[[str], object]) -> Any:
    """Return data in which each file named is what ``known`` has for it."""
    if isinstance(data, dict):
        fields = cast("dict[str, Any]", data)
        if isinstance(found := fields.get("upload_id"), str):
            return known(found)
        return {name: replaced(value, known) for name, value in fields.items()}
    if isinstance(data, list | tuple):
        return [replaced(value, known) for value in cast("list[Any]", data)]
    return data


class Fetching:
    """Fetches each file that is named, once; all together no more than so many bytes."""

    def __init__(self, client: Client, most_nbytes: int) -> None:
        self.left_out = 0
        self._client = client
        self._left_nbytes = most_nbytes
        self._known: set[str] = set()

    def new_ones(self, data: object) -> Iterator[Attachment]:
        """Yield the files that this data names and no data before it did.

        Raises:
            ConnectionLost: The run has ended.
        """
        if not self._left_nbytes:
            return
        for upload_id in upload_ids(data):
            if upload_id in self._known:
                continue
            self._known.add(upload_id)
            try:
                found = self._client.download(upload_id, self._left_nbytes)
            except (EventError, RemoteProtocolError) as error:
                self.left_out += 1
                _log.warning("upload %s is left out of the recording: %s", upload_id, error)
                continue
            self._left_nbytes -= len(found.data)
            yield Attachment(upload_id, found.name, found.mime_type, found.sha256, found.data)


class Kept:
    """The files in a recording, by the id that its events name; read when they are asked for.

    Raises:
        NotARecordingError: It is no MCAP file.
        OSError: It can't be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb", buffering=0) as file:
            scan = Scan(file)
            for _ in scan.chunks():
                pass
        notes = (_note(body) for body in scan.metadata)
        self._facts = {facts["upload_id"]: facts for name, facts in notes if name == NOTE}
        self._places = scan.attached

    def get(self, upload_id: str) -> Attachment | None:
        """Return a file; None where the recording has none, or its bits have rotted."""
        facts = self._facts.get(upload_id)
        if facts is None:
            return None
        for start, end in self._places:
            name, data = self._read(start, end)
            if name == facts["attachment"] and hashlib.sha256(data).hexdigest() == facts["sha256"]:
                told = (facts["name"], facts["media_type"], facts["sha256"])
                return Attachment(upload_id, *told, data)
        return None

    def _read(self, start: int, end: int) -> tuple[str, bytes]:
        with self._path.open("rb") as file:
            file.seek(start)
            body = file.read(end - start)
        name, at = _text(body, 16)
        _, at = _text(body, at)
        (nbytes,) = struct.unpack_from("<Q", body, at)
        return name, body[at + 8 : at + 8 + nbytes]


def _note(body: bytes) -> tuple[str, Mapping[str, str]]:
    name, at = _text(body, 0)
    facts: dict[str, str] = {}
    at += 4
    while at < len(body):
        key, at = _text(body, at)
        facts[key], at = _text(body, at)
    return name, facts


def _text(body: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from("<I", body, at)
    end = at + 4 + size
    return body[at + 4 : end].decode(errors="replace"), end
