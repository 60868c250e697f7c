"""A recorded session's inputs, given to a model again: its state, events and published frames."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from reactor_zmq.client import Client
from reactor_zmq.errors import EventError
from reactor_zmq_recording.decoding import Decode, frame_decoder
from reactor_zmq_recording.reading import Recorded, read_recording

_BUSY_S = 0.001


@dataclass
class Replayed:
    """What was given to the model.

    Attributes:
        events: Applied again.
        refused: Events that the model did not take this time.
        skipped: Events that name an uploaded file: its bytes are not in the recording.
        frames: Published again.
        lost: Frames of tracks that this model does not have, or that could not be decoded.
        seconds: It took.
    """

    events: int = 0
    refused: int = 0
    skipped: int = 0
    frames: int = 0
    lost: int = 0
    seconds: float = 0.0
    refusals: list[str] = field(default_factory=list[str])


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
        if _names_a_file(data):
            self._done.skipped += 1
            return
        try:
            self._client.send(event, **data)
            self._done.events += 1
        except EventError as error:
            self._done.refused += 1
            self._done.refusals.append(f"{event}: {error}")

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


def _names_a_file(data: object) -> bool:
    if isinstance(data, dict):
        fields = cast("dict[str, object]", data)
        return "upload_id" in fields or any(_names_a_file(value) for value in fields.values())
    return isinstance(data, list) and any(map(_names_a_file, cast("list[object]", data)))
