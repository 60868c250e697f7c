"""A recorded session's inputs, given to a model again: its state, events and published frames."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reactor_zmq.client import Client, UploadReference
from reactor_zmq.errors import EventError
from reactor_zmq_recording.decoding import Decode, frame_decoder
from reactor_zmq_recording.reading import Recorded, read_recording
from reactor_zmq_recording.uploads import Kept, replaced

_BUSY_S = 0.001


@dataclass
class Replayed:
    """What was given to the model.

    Attributes:
        events: Applied again.
        refused: Events that the model did not take this time.
        skipped: Events that name an uploaded file whose bytes are not in the recording.
        uploads: Files uploaded again.
        frames: Published again.
        lost: Frames of tracks that this model does not have, or that could not be decoded.
        seconds: It took.
    """

    events: int = 0
    refused: int = 0
    skipped: int = 0
    uploads: int = 0
    frames: int = 0
    lost: int = 0
    seconds: float = 0.0
    refusals: list[str] = field(default_factory=list[str])


class _MissingFileError(Exception):
    """An event names a file whose bytes are not in the recording."""


class Replay:
    """Plays a recording to a run; belongs to one thread.

    Args:
        client: May steer; its model has loaded.
        path: Of the recording.
        speed: 1 is the pace at which it was recorded; None goes as fast as the run takes it: each
            event is applied, and each frame is with the runtime, before the next one is given.
    """

    def __init__(self, client: Client, path: Path, speed: float | None = 1.0) -> None:
        self._client = client
        self._path = path
        self._speed = speed
        self._done = Replayed()
        self._metadata: dict[tuple[str, int], bytes] = {}
        self._decoders: dict[str, Decode] = {}
        self._first_ns: int | None = None
        self._kept: Kept | None = None
        self._uploads: dict[str, UploadReference] = {}

    def run(self, stopped: Callable[[], bool] = lambda: False) -> Replayed:
        """Play it to its end, or until ``stopped``.

        Raises:
            NotARecordingError: It is no recording.
            ConnectionLost: The run has ended.
        """
        began = time.monotonic()
        for found in read_recording(self._path):
            if stopped():
                break
            self._keep_pace(found, began)
            notes = found.plan.notes
            if notes.get("words") == "state" and found.values.get("version") == 0:
                self._set_state(found.values["fields"])
            elif notes.get("words") == "events":
                self._send(found.values["type"], found.values["data"])
            elif "metadata_of" in notes:
                self._metadata[notes["metadata_of"], found.seq] = _metadata(found.values)
            elif notes.get("direction") == "in":
                self._publish(found)
        self._done.seconds = time.monotonic() - began
        return self._done

    def _keep_pace(self, found: Recorded, began: float) -> None:
        if self._speed is None:
            return
        self._first_ns = self._first_ns or found.log_ns
        due = began + (found.log_ns - self._first_ns) / 1e9 / self._speed
        if (left_s := due - time.monotonic()) > 0:
            time.sleep(left_s)

    def _set_state(self, fields: dict[str, Any]) -> None:
        """Begin with the state with which the recording began."""
        paths = self._client.schema()["paths"]
        for event, operation in ((p.removeprefix("/events/"), o["post"]) for p, o in paths.items()):
            name = operation.get("x-reactor-sets", "")
            if name in fields and fields[name] != self._client.state.get(name):
                self._send(event, {name: fields[name]})

    def _send(self, event: str, data: dict[str, Any]) -> None:
        try:
            given = replaced(data, self._uploaded)
        except _MissingFileError:
            self._done.skipped += 1
            return
        try:
            self._client.send(event, **given)
            self._done.events += 1
        except EventError as error:
            self._done.refused += 1
            self._done.refusals.append(f"{event}: {error}")

    def _uploaded(self, upload_id: str) -> UploadReference:
        """Return a file of the recording as this run knows it, which has it once."""
        if upload_id not in self._uploads:
            self._kept = self._kept or Kept(self._path)
            file = self._kept.get(upload_id)
            if file is None:
                raise _MissingFileError(upload_id)
            self._uploads[upload_id] = self._client.upload(
                file.data, name=file.name, mime_type=file.media_type
            )
            self._done.uploads += 1
        return self._uploads[upload_id]

    def _publish(self, found: Recorded) -> None:
        track = found.plan.notes["track"]
        if track not in self._client.inputs:
            self._done.lost += 1
            return
        metadata = self._metadata.pop((track, found.seq), None)
        if found.plan.topic not in self._decoders:
            self._decoders[found.plan.topic] = frame_decoder(found.plan)
        for array in self._decoders[found.plan.topic](found.values):
            while not self._client.publish(track, array, metadata):
                if self._speed is not None:
                    self._done.lost += 1
                    return
                time.sleep(_BUSY_S)
            self._done.frames += 1
            if self._speed is None:
                self._client.refresh_status()


def _metadata(values: dict[str, Any]) -> bytes:
    return values["text"].encode() if "text" in values else base64.b64decode(values["base64"])
