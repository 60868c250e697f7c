"""The course of an upload, for clients that block and clients that await."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from reactor_zmq.client.messages import Reply, UploadReference
from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.client_upload import UploadPlan
from reactor_zmq.machines.client_words import Buffer
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.control import UploadCredit, Uploaded, UploadReady

Report = Callable[[int, int], object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Begin:
    """Send a control word; the answer to this step is a handle to await it by."""

    kind: str
    data: Struct
    attachments: tuple[Buffer, ...] = ()


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for what was begun; the answer to this step is the reply."""

    handle: Any


@dataclass(frozen=True, slots=True)
class Read:
    """Read a piece of the source; the answer to this step is the bytes."""

    offset: int
    nbytes: int


Step = Begin | Await | Read


def steps(plan: UploadPlan, report: Report | None) -> Generator[Step, Any, UploadReference]:
    """Yield the steps of an upload and return the reference to the file.

    Args:
        plan: Fresh.
        report: Called with the bytes that have arrived and their total.

    Raises:
        EventError: The runtime refused the file, or what it received is not what was announced.
        RemoteProtocolError: The runtime's answers make no sense.
    """
    plan.ready(_as((yield Await((yield Begin("$upload", plan.request)))), UploadReady))
    under_way: deque[Any] = deque()
    while not plan.delivered:
        while (chunk := plan.next_chunk()) is not None:
            data = yield Read(chunk[0].offset, chunk[1])
            under_way.append((yield Begin("$upload_chunk", chunk[0], (data,))))
        if not under_way:
            raise RemoteProtocolError(Code.INVALID_DATA, "no credit is left to send more")
        plan.credited(_as((yield Await(under_way.popleft())), UploadCredit))
        if report is not None:
            report(plan.received, plan.request.size)
    done = _as((yield Await((yield Begin("$upload_finish", plan.finish())))), Uploaded)
    return UploadReference(done.upload_id, done.name, done.mime_type, done.size)


def _as(reply: Reply, kind: type[T]) -> T:
    try:
        return msgspec.convert(reply.data, kind)
    except msgspec.ValidationError as error:
        text = f"{reply.type}: {error}"
        raise RemoteProtocolError(Code.INVALID_DATA, text) from error
