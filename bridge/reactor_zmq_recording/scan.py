"""An MCAP file, gone through from its beginning, however it ends."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO

from reactor_zmq.errors import ReactorError

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, INDEX = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
CHUNK_INDEX, ATTACHMENT, STATISTICS, METADATA, DATA_END = 0x08, 0x09, 0x0B, 0x0C, 0x0F
PRIVATE = 0x80  # of a kind that every reader skips
OPENING = struct.Struct("<BQ")
_CHUNK_HEAD = struct.Struct("<QQQII")
_MESSAGE_HEAD = struct.Struct("<HIQQ")
_ENDING_NBYTES = OPENING.size + 20 + len(MAGIC)  # the footer and the closing magic
_IN_DATA = (HEADER, SCHEMA, CHANNEL, MESSAGE, CHUNK, INDEX, ATTACHMENT, METADATA, DATA_END, PRIVATE)


class NotARecordingError(ReactorError):
    """It does not begin as an MCAP file does."""


@dataclass(frozen=True)
class Chunk:
    """A chunk that is whole.

    Attributes:
        at: Where its record begins.
        end: Where its record ends.
        start_ns: Log time of its first message, Unix.
        end_ns: Log time of its last message.
        data: Its records.
        indexes: Where the index of each channel's messages begins, and where it ends.
    """

    at: int
    end: int
    start_ns: int
    end_ns: int
    data: bytes
    indexes: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])


@dataclass(frozen=True)
class Record:
    """A message as it stands in a chunk, and where."""

    channel: int
    sequence: int
    log_ns: int
    publish_ns: int
    data: bytes
    offset: int = 0


class Scan:
    """A file, gone through once.

    Attributes:
        schemas: Bodies of the schemas' records by id.
        channels: The same of the channels.
        metadata: Bodies of the metadata records.
        attached: Where the body of each attachment begins and ends.
        rotten: Where chunks stand that are not what their checksum says.
        end: Where the last whole record of the data ends.
        finished: Whether summary and closing magic follow.
    """

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        self.schemas: dict[int, bytes] = {}
        self.channels: dict[int, bytes] = {}
        self.metadata: list[bytes] = []
        self.attached: list[tuple[int, int]] = []
        self.rotten: list[int] = []
        self.end = len(MAGIC)
        self.finished = False

    def chunks(self) -> Iterator[Chunk]:
        """Yield the whole chunks, each with its indexes, in the order of the file.

        Raises:
            NotARecordingError: It does not begin as it should.
        """
        self._file.seek(0)
        if self._file.read(len(MAGIC)) != MAGIC:
            raise NotARecordingError(f"{self._file.name} is no MCAP file")
        self._read_summary()
        waiting: Chunk | None = None
        while (found := self._opening(self.end)) is not None:
            opcode, body, end = found
            if opcode == INDEX and waiting is not None:
                (channel,) = struct.unpack("<H", self._file.read(2))
                waiting.indexes[channel] = (self.end, end)
            elif opcode != INDEX and waiting is not None:
                yield waiting
                waiting = None
            if opcode == CHUNK:
                waiting = self._chunk(self.end, body, end)
            elif opcode == METADATA:
                self.metadata.append(self._file.read(end - body))
            elif opcode == ATTACHMENT:
                self.attached.append((body, end))
            if opcode == DATA_END:
                self.finished = self._ends_well()
                break
            self.end = end
        if waiting is not None:
            yield waiting

    def _opening(self, at: int) -> tuple[int, int, int] | None:
        """Return a record's kind, where its body begins and ends; None where no whole one is."""
        self._file.seek(at)
        opening = self._file.read(OPENING.size)
        if len(opening) < OPENING.size:
            return None
        opcode, nbytes = OPENING.unpack(opening)
        end = at + OPENING.size + nbytes
        return (opcode, at + OPENING.size, end) if opcode in _IN_DATA and end <= self.size else None

    def _chunk(self, at: int, body: int, end: int) -> Chunk | None:
        held: bytes = self._file.read(end - body)
        if len(held) < _CHUNK_HEAD.size:
            self.rotten.append(at)
            return None
        start_ns, end_ns, size, crc, name = _CHUNK_HEAD.unpack_from(held)
        data = held[_CHUNK_HEAD.size + name + 8 :]
        if name or len(data) != size or crc not in (0, zlib.crc32(data)):
            self.rotten.append(at)
            return None
        for opcode, first, last in records(data):
            self._learn(opcode, data[first:last])
        return Chunk(at, end, start_ns, end_ns, data)

    def _learn(self, opcode: int, body: bytes) -> None:
        if opcode in (SCHEMA, CHANNEL):
            kept = self.schemas if opcode == SCHEMA else self.channels
            kept[int.from_bytes(body[:2], "little")] = body

    def _read_summary(self) -> None:
        """Learn from the end of a finished file of channels whose first chunk may have rotted."""
        if not self._ends_well() or self.size < _ENDING_NBYTES:
            return
        self._file.seek(self.size - _ENDING_NBYTES)
        opcode, _, at = struct.unpack("<BQQ", self._file.read(17))
        while opcode == FOOTER and at and (found := self._opening(at)) is not None:
            opcode_there, body, at = found
            if opcode_there not in (SCHEMA, CHANNEL):
                break
            self._file.seek(body)
            self._learn(opcode_there, self._file.read(at - body))

    def _ends_well(self) -> bool:
        self._file.seek(max(self.size - len(MAGIC), 0))
        return self._file.read() == MAGIC


def records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, and where the body begins and ends, of each record in a chunk."""
    at = 0
    while at < len(data):
        opcode, nbytes = OPENING.unpack_from(data, at)
        at += OPENING.size
        yield opcode, at, at + nbytes
        at += nbytes


def messages(chunk: Chunk) -> Iterator[Record]:
    """Yield a chunk's messages, in the order of the file."""
    for opcode, start, end in records(chunk.data):
        if opcode == MESSAGE:
            head = _MESSAGE_HEAD.unpack_from(chunk.data, start)
            body = chunk.data[start + _MESSAGE_HEAD.size : end]
            yield Record(*head, data=body, offset=start - OPENING.size)
