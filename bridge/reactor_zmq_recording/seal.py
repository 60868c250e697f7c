"""Broken recordings made readable again: whole up to the last chunk, and ended properly.

What a crash or a full disk leaves at the end is cut off. A chunk whose bits have rotted becomes a
record of a private kind, which every reader skips. The file is mended where it lies.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from reactor_zmq_recording.scan import (
    CHANNEL,
    CHUNK_INDEX,
    DATA_END,
    FOOTER,
    INDEX,
    MAGIC,
    OPENING,
    PRIVATE,
    SCHEMA,
    STATISTICS,
    Chunk,
    Scan,
    messages,
)


@dataclass(frozen=True)
class Sealed:
    """What was found, and done.

    Attributes:
        messages: In whole chunks.
        chunks: Whole ones.
        rotten: Chunks that were not what their checksum says; readers skip them.
        cut_nbytes: Cut off at the end, an old summary not counted.
        was_whole: Nothing had to be done.
    """

    messages: int
    chunks: int
    rotten: int
    cut_nbytes: int
    was_whole: bool


def seal(path: Path) -> Sealed:
    """Mend a recording where it lies, so that every reader takes it.

    A file that is whole is not touched.

    Raises:
        NotARecordingError: It does not begin as an MCAP file does.
        OSError: It can't be read or written.
    """
    with path.open("r+b", buffering=0) as file:
        scan = Scan(file)
        found = [_Kept.of(chunk) for chunk in scan.chunks()]
        whole = scan.finished and not scan.rotten
        cut_nbytes = 0 if scan.finished else scan.size - scan.end
        if not whole:
            _mend(file.fileno(), scan, found)
        total = sum(kept.counts.total() for kept in found)
        return Sealed(total, len(found), len(scan.rotten), cut_nbytes, whole)


@dataclass(frozen=True)
class _Kept:
    """What the summary says of a chunk; ``times`` are log time and place of its messages."""

    chunk: Chunk
    nbytes: int
    times: dict[int, list[tuple[int, int]]]

    @classmethod
    def of(cls, chunk: Chunk) -> _Kept:
        times: dict[int, list[tuple[int, int]]] = {}
        for message in messages(chunk):
            times.setdefault(message.channel, []).append((message.log_ns, message.offset))
        light = Chunk(chunk.at, chunk.end, chunk.start_ns, chunk.end_ns, b"", chunk.indexes)
        return cls(light, len(chunk.data), times)

    @property
    def counts(self) -> Counter[int]:
        return Counter({channel: len(entries) for channel, entries in self.times.items()})


def _mend(fd: int, scan: Scan, found: list[_Kept]) -> None:
    for at in scan.rotten:
        os.pwrite(fd, bytes([PRIVATE]), at)
    end = scan.end
    while True:
        try:
            os.ftruncate(fd, end)
            end = _complete_indexes(fd, end, found)
            _write(fd, end, _ending(end, scan, found))
        except OSError:
            # Not even the summary fits: the last chunk makes room for it.
            if not found:
                raise
            end = found.pop().chunk.at
        else:
            return


def _complete_indexes(fd: int, end: int, found: list[_Kept]) -> int:
    """Write the indexes behind the last chunk if some are missing; return where they end."""
    if not found or found[-1].chunk.indexes.keys() == found[-1].times.keys():
        return end
    last = found[-1]
    last.chunk.indexes.clear()
    at = last.chunk.end
    for channel, entries in last.times.items():
        listed = b"".join(struct.pack("<QQ", *entry) for entry in entries)
        record = _record(INDEX, struct.pack("<HI", channel, len(listed)) + listed)
        _write(fd, at, record)
        last.chunk.indexes[channel] = (at, at + len(record))
        at += len(record)
    return at


def _ending(end: int, scan: Scan, found: list[_Kept]) -> bytes:
    """Return all that stands behind the data: its end, the summary, the footer."""
    data_end = _record(DATA_END, bytes(4))
    parts = [_record(SCHEMA, body) for body in scan.schemas.values()]
    parts += [_record(CHANNEL, body) for body in scan.channels.values()]
    parts.append(_record(STATISTICS, _statistics(scan, found)))
    parts += [_record(CHUNK_INDEX, _chunk_index(kept)) for kept in found]
    summary = b"".join(parts)
    footer = OPENING.pack(FOOTER, 20) + struct.pack("<QQ", end + len(data_end), 0)
    crc = zlib.crc32(footer, zlib.crc32(summary))
    return data_end + summary + footer + struct.pack("<I", crc) + MAGIC


def _statistics(scan: Scan, found: list[_Kept]) -> bytes:
    counts = sum((kept.counts for kept in found), Counter[int]())
    filled = [kept.chunk for kept in found if kept.times]
    figures = struct.pack(
        "<QHIIIIQQ",
        counts.total(),
        len(scan.schemas),
        len(scan.channels),
        len(scan.attached),
        len(scan.metadata),
        len(found),
        min((chunk.start_ns for chunk in filled), default=0),
        max((chunk.end_ns for chunk in filled), default=0),
    )
    return figures + _sized(b"".join(struct.pack("<HQ", *pair) for pair in sorted(counts.items())))


def _chunk_index(kept: _Kept) -> bytes:
    chunk = kept.chunk
    index_nbytes = sum(end - at for at, end in chunk.indexes.values())
    offsets = b"".join(struct.pack("<HQ", c, at) for c, (at, _) in chunk.indexes.items())
    return (
        struct.pack("<QQQQ", chunk.start_ns, chunk.end_ns, chunk.at, chunk.end - chunk.at)
        + _sized(offsets)
        + struct.pack("<QIQQ", index_nbytes, 0, kept.nbytes, kept.nbytes)
    )


def _record(opcode: int, body: bytes) -> bytes:
    return OPENING.pack(opcode, len(body)) + body


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def _write(fd: int, at: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        done = os.pwrite(fd, rest, at)
        rest, at = rest[done:], at + done
