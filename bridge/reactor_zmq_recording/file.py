"""The file that is being written: MCAP, whole up to its last chunk at any moment."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from reactor_zmq.errors import ReactorError
from reactor_zmq_recording.channels import ChannelPlan
from reactor_zmq_recording.pictures import optional
from reactor_zmq_recording.seal import seal
from reactor_zmq_ros2.definitions import schema_text

CHUNK_NBYTES = 4 * 2**20
# What a kill -9 may cost of a quiet recording.
FLUSH_S = 1.0
LIBRARY = "reactor-zmq"


class RecordingFullError(ReactorError):
    """The disk, or the size allowed for a file, is full; the file was closed and is readable."""


class RecordingFile:
    """Writes messages; belongs to one thread.

    Each chunk goes to the system in one piece when it is full, and once a second. When the disk
    is full the piece that did not fit is cut off and the file is ended properly.

    Args:
        path: Must not exist yet.

    Raises:
        FileExistsError: It does.
        OSError: It can't be made.
        ConfigError: mcap is not installed.
    """

    def __init__(self, path: Path) -> None:
        mcap: Any = optional("mcap.writer", "recording")
        self.path = path
        self.nbytes = 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._flushed_at = time.monotonic()
        # Pictures are packed already, or were asked for as they are: a chunk is not compressed.
        none = mcap.CompressionType.NONE
        self._writer: Any = mcap.Writer(self, chunk_size=CHUNK_NBYTES, compression=none)
        self._writer.start(profile="ros2", library=LIBRARY)

    # --- what mcap writes to ------------------------------------------------------------------

    def write(self, data: bytes) -> int:
        """Write all of it."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        self.nbytes += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how much was written."""
        return self.nbytes

    def flush(self) -> None:
        """Nothing waits here."""

    # --- what the recorder calls --------------------------------------------------------------

    def _channel(self, plan: ChannelPlan) -> int:
        if plan.topic in self._channels:
            return self._channels[plan.topic]
        if plan.message_type not in self._schemas:
            text = schema_text(plan.message_type).encode()
            schema = self._writer.register_schema(plan.message_type, "ros2msg", text)
            self._schemas[plan.message_type] = schema
        schema = self._schemas[plan.message_type]
        found: int = self._writer.register_channel(plan.topic, "cdr", schema, plan.notes)
        self._channels[plan.topic] = found
        return found

    def note(self, name: str, facts: dict[str, str]) -> None:
        """Add a record of facts about the recording."""
        self._guard(self._writer.add_metadata, name, facts)

    def attach(self, name: str, media_type: str, data: bytes) -> None:
        """Add a file."""
        now_ns = time.time_ns()
        self._guard(self._writer.add_attachment, now_ns, now_ns, name, media_type, data)

    def add(
        self, plan: ChannelPlan, data: bytes, log_ns: int, publish_ns: int, seq: int = 0
    ) -> None:
        """Add a message to its channel, which is made for its first one.

        Raises:
            RecordingFullError: There is no room for it; the file is closed.
        """
        channel = self._guard(self._channel, plan)
        self._guard(self._writer.add_message, channel, log_ns, data, publish_ns, seq % 2**32)

    def flush_if_due(self) -> None:
        """Write what has been added, once a second.

        Raises:
            RecordingFullError: There is no room for it; the file is closed.
        """
        if time.monotonic() - self._flushed_at >= FLUSH_S:
            self.flush_now()

    def flush_now(self) -> None:
        """Write what has been added.

        Raises:
            RecordingFullError: There is no room for it; the file is closed.
        """
        self._flushed_at = time.monotonic()
        self._guard(self._writer.flush)

    def close(self) -> None:
        """End the file; a second call does nothing.

        Raises:
            RecordingFullError: There was no room for its last chunk; it is readable up to there.
        """
        if self._fd >= 0:
            self._guard(self._writer.finish)
            self._close()

    def _guard(self, deed: Any, *arguments: Any) -> Any:
        if self._fd < 0:
            raise RecordingFullError(f"{self.path} is closed")
        try:
            return deed(*arguments)
        except OSError as error:
            self._close()
            kept = seal(self.path)
            text = f"{self.path}: {error.strerror}; closed with {kept.messages} messages"
            raise RecordingFullError(text) from error

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1
