"""A recording, read from its beginning: also one that was never ended, up to its last chunk."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from reactor_zmq_recording.channels import TEXT, ChannelPlan
from reactor_zmq_recording.scan import Scan, messages
from reactor_zmq_ros2.decode import decode


@dataclass(frozen=True)
class Recorded:
    """One message of a recording; times are Unix."""

    plan: ChannelPlan
    data: bytes
    log_ns: int
    publish_ns: int
    seq: int

    @cached_property
    def values(self) -> dict[str, Any]:
        """Its fields; of a text, what its JSON says."""
        found = decode(self.plan.message_type, self.data)
        return msgspec.json.decode(found["data"]) if self.plan.message_type == TEXT else found


def read_recording(path: Path) -> Iterator[Recorded]:
    """Yield the messages, ordered by the time at which they came within each chunk.

    Raises:
        NotARecordingError: It is no MCAP file.
        OSError: It can't be read.
    """
    with path.open("rb", buffering=0) as file:
        scan = Scan(file)
        plans: dict[int, ChannelPlan] = {}
        for chunk in scan.chunks():
            for message in sorted(messages(chunk), key=lambda found: found.log_ns):
                if message.channel not in plans:
                    plans[message.channel] = _plan(scan, message.channel)
                stamps = (message.log_ns, message.publish_ns, message.sequence)
                yield Recorded(plans[message.channel], message.data, *stamps)


def _plan(scan: Scan, channel: int) -> ChannelPlan:
    body = scan.channels.get(channel)
    if body is None:  # it was told in a chunk that has rotted
        return ChannelPlan("", "", {})
    (schema,) = struct.unpack_from("<H", body, 2)
    topic, at = _text(body, 4)
    _, at = _text(body, at)
    name, _ = _text(scan.schemas.get(schema, bytes(6)), 2)
    return ChannelPlan(topic, name, _notes(body[at + 4 :]))


def _notes(body: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(body):
        key, at = _text(body, at)
        found[key], at = _text(body, at)
    return found


def _text(body: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from("<I", body, at)
    end = at + 4 + size
    return body[at + 4 : end].decode(), end
