"""Control words: hello, ping, bye, schema, status, state, uploads, publishing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.clients import Client, require
from reactor_zmq.machines.frontend_state import FrontEndState
from reactor_zmq.machines.frontend_vocabulary import (
    Buffer,
    DropFile,
    FileLost,
    FileRead,
    ReadFile,
    StoreInput,
    WriteFile,
)
from reactor_zmq.wire.codes import Code, State
from reactor_zmq.wire.contract import Contract, TensorContract, TrackContract
from reactor_zmq.wire.control import (
    CHUNK_NBYTES,
    Bye,
    ByeRequest,
    ClientInfo,
    ClientList,
    Download,
    Downloaded,
    Empty,
    Kick,
    Pong,
    Publish,
    Unpublish,
    Upload,
    UploadCancel,
    UploadChunk,
    UploadFinish,
)
from reactor_zmq.wire.envelope import Encoding, Envelope, decode_data
from reactor_zmq.wire.header import ITEMSIZE
from reactor_zmq.wire.link import InputClosed, UploadStored
from reactor_zmq.wire.openapi import openapi
from reactor_zmq.wire.scope import Scope

# What a client has to be allowed for each word.
SCOPE_OF: dict[str, Scope] = {
    "$ping": "view",
    "$bye": "view",
    "$status": "view",
    "$state": "view",
    "$schema": "view",
    "$upload": "steer",
    "$upload_chunk": "steer",
    "$upload_finish": "steer",
    "$upload_cancel": "steer",
    "$download": "steer",
    "$publish": "steer",
    "$unpublish": "steer",
    "$clients": "admin",
    "$kick": "admin",
}
# Samples of a frame by the kind of its track; a size of None varies.
_SAMPLES = {
    "video": TensorContract("|u1", (None, None, None)),
    "audio": TensorContract("<i2", (None, None)),
    "tensor": TensorContract("<f4"),
}
# Place of the channels, and how many there may be: as many as an output may have.
_CHANNELS = {"video": (-1, 4), "audio": (0, 32)}
_ORDER = {"video": "(height, width, channels)", "audio": "(channels, samples)"}
_ATTACHED = {"$upload_chunk": 1, "$publish": 1}


# What a word costs of a client's allowance where it makes more work than an event does.
_COST = {"$schema": 200, "$state": 20, "$status": 5, "$clients": 50, "$upload": 20, "$download": 5}
_NBYTES_AT_COST_1 = 65_536


def cost_of(word: Envelope, attachments: Sequence[Buffer]) -> float:
    """Return what a control word costs of a client's allowance."""
    nbytes = sum(len(part) for part in attachments)
    return _COST.get(word.type, 1) + nbytes / _NBYTES_AT_COST_1


class Controls:
    """Answers the control words of greeted clients."""

    def __init__(self, state: FrontEndState) -> None:
        self._state = state
        self._handlers = {
            "$ping": self._ping,
            "$bye": self._bye,
            "$status": self._status,
            "$state": self._fields,
            "$schema": self._schema,
            "$upload": self._upload,
            "$upload_chunk": self._upload_chunk,
            "$upload_finish": self._upload_finish,
            "$upload_cancel": self._upload_cancel,
            "$download": self._download,
            "$publish": self._publish,
            "$unpublish": self._unpublish,
            "$clients": self._clients,
            "$kick": self._kick,
        }

    def accept(
        self,
        client: Client,
        encoding: Encoding,
        word: Envelope,
        attachments: Sequence[Buffer],
        now: float,
    ) -> None:
        """Do what a control word asks.

        Raises:
            RemoteProtocolError: It is unknown, malformed or refused; nothing was changed.
        """
        handler = self._handlers.get(word.type)
        if handler is None:
            known = ", ".join(self._handlers)
            raise RemoteProtocolError(
                Code.UNKNOWN_EVENT, f"no control word {word.type!r}; there are $hello, {known}"
            )
        require(client, SCOPE_OF[word.type])
        expected = _ATTACHED.get(word.type, 0)
        if len(attachments) != expected:
            text = f"{word.type} takes {expected} attachments, {len(attachments)} came"
            raise RemoteProtocolError(Code.BAD_MESSAGE, text)
        client.allowance.spend(cost_of(word, attachments), now)
        handler(client, encoding, word, attachments, now)

    def _ping(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        decode_data(encoding, word.data, Empty)
        self._state.say(client, "$pong", Pong(self._state.heard_ns), word.id)

    def _bye(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        decode_data(encoding, word.data, ByeRequest)
        self._state.say(client, "$bye", Bye(), word.id)
        self._state.remove(client)

    def _status(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        decode_data(encoding, word.data, Empty)
        self._state.say(client, "$status", self._state.status(), word.id)

    def _fields(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        decode_data(encoding, word.data, Empty)
        change = self._state.state_change(self._state.session.state)
        self._state.say(client, "$state", change, word.id)

    def _schema(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        decode_data(encoding, word.data, Empty)
        self._state.say(client, "$schema", openapi(self._contract()), word.id)

    # --- administration -----------------------------------------------------------------------

    def _clients(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        decode_data(encoding, word.data, Empty)
        listed = tuple(
            ClientInfo(c.id, c.name, c.scope, c.credential, c.peer is not None, c.in_flight)
            for c in self._state.clients
        )
        self._state.say(client, "$clients", ClientList(listed), word.id)

    def _kick(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        request = decode_data(encoding, word.data, Kick)
        other = self._state.clients.get(request.client)
        if other is None:
            raise RemoteProtocolError(Code.INVALID_DATA, "there is no such client", "client")
        self._state.note("warning", "client is let go", client=other.id, by=client.id)
        self._state.say(client, "$ok", None, word.id)
        self._state.let_go(other, "kicked")

    # --- files ------------------------------------------------------------------------------

    def _upload(
        self, client: Client, encoding: Encoding, word: Envelope, _: Sequence[Buffer], now: float
    ) -> None:
        request = decode_data(encoding, word.data, Upload)
        ready = self._state.session.uploads.open(client.id, request, now)
        self._state.out.append(WriteFile(ready.upload_id, 0, b""))
        self._state.say(client, "$upload_ready", ready, word.id)

    def _upload_chunk(
        self,
        client: Client,
        encoding: Encoding,
        word: Envelope,
        attachments: Sequence[Buffer],
        now: float,
    ) -> None:
        chunk = decode_data(encoding, word.data, UploadChunk)
        data = attachments[0]
        uploads = self._state.session.uploads
        credit = uploads.chunk(client.id, chunk.upload_id, chunk.offset, data, now)
        self._state.out.append(WriteFile(chunk.upload_id, chunk.offset, data))
        self._state.say(client, "$upload_credit", credit, word.id)

    def _upload_finish(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        request = decode_data(encoding, word.data, UploadFinish)
        try:
            file = self._state.session.uploads.finish(client.id, request.upload_id)
        except RemoteProtocolError as error:
            if error.code == Code.UPLOAD_CORRUPT:
                self._state.out.append(DropFile(request.upload_id))
            raise
        done = file.stored()
        stored = UploadStored(done.upload_id, client.id, done.name, done.mime_type, done.size)
        self._state.tell(stored, file=done.upload_id)
        self._state.say(client, "$uploaded", done, word.id)

    def _upload_cancel(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        request = decode_data(encoding, word.data, UploadCancel)
        self._state.session.uploads.cancel(client.id, request.upload_id)
        self._state.out.append(DropFile(request.upload_id))
        self._state.say(client, "$ok", None, word.id)

    def _download(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        request = decode_data(encoding, word.data, Download)
        file = self._state.session.uploads.whole(request.upload_id)
        nbytes = min(CHUNK_NBYTES, file.request.size - request.offset)
        if nbytes < 0:
            text = f"offset {request.offset} of a file of {file.request.size} bytes"
            raise RemoteProtocolError(Code.UPLOAD_REFUSED, text, "offset")
        read = ReadFile(client.id, word.id, request.upload_id, request.offset, nbytes)
        self._state.out.append(read)

    def file_told(self, told: FileLost | FileRead) -> None:
        """Take what became of a file that was to be written or read."""
        if isinstance(told, FileRead):
            self._file_read(told)
            return
        self._state.note("error", "an upload can't be stored", upload=told.upload_id)
        self._state.session.uploads.lose(told.upload_id)

    def _file_read(self, read: FileRead) -> None:
        """Give a client the piece of a file that it has asked for, if both are still there."""
        client = self._state.clients.get(read.client)
        uploads = self._state.session.uploads
        if client is not None and uploads.usable(read.upload_id):
            told = uploads.whole(read.upload_id).request
            piece = Downloaded(
                read.upload_id,
                told.name,
                told.mime_type,
                told.size,
                told.sha256,
                read.offset,
                read.data,
            )
            self._state.say(client, "$downloaded", piece, read.request)

    # --- input tracks -----------------------------------------------------------------------

    def _publish(
        self,
        client: Client,
        encoding: Encoding,
        word: Envelope,
        attachments: Sequence[Buffer],
        _: float,
    ) -> None:
        frame = decode_data(encoding, word.data, Publish)
        if self._state.model.state is State.FAILED:
            raise RemoteProtocolError(Code.MODEL_UNAVAILABLE, "the model will not be started again")
        index, track = self._input(frame.track)
        _check_frame(track, frame, len(attachments[0]))
        owner = self._state.session.publishers.setdefault(index, client.id)
        if owner != client.id:
            text = f"another client publishes to {frame.track!r}"
            raise RemoteProtocolError(Code.PUBLISH_REFUSED, text, "track")
        if self._state.model.ready:
            self._state.out.append(StoreInput(index, frame, attachments[0]))

    def _unpublish(self, client: Client, encoding: Encoding, word: Envelope, *_: Any) -> None:
        request = decode_data(encoding, word.data, Unpublish)
        index, _track = self._input(request.track)
        if self._state.session.publishers.get(index) != client.id:
            text = f"this client does not publish to {request.track!r}"
            raise RemoteProtocolError(Code.PUBLISH_REFUSED, text, "track")
        del self._state.session.publishers[index]
        self._state.tell(InputClosed(index))
        self._state.say(client, "$ok", None, word.id)

    def _input(self, name: str) -> tuple[int, TrackContract]:
        tracks = self._contract().inputs
        for index, track in enumerate(tracks):
            if track.name == name:
                return index, track
        known = ", ".join(t.name for t in tracks) or "none"
        text = f"the model has no input track {name!r}; it has: {known}"
        raise RemoteProtocolError(Code.PUBLISH_REFUSED, text, "track")

    def _contract(self) -> Contract:
        if self._state.model.contract is None:
            raise RemoteProtocolError(Code.NOT_READY, "the model is still loading")
        return self._state.model.contract


def _check_frame(track: TrackContract, frame: Publish, nbytes: int) -> None:
    samples = track.tensor or _SAMPLES[track.kind]
    if not _fits(frame.shape, samples.shape):
        order = _ORDER.get(track.kind) or _order(samples)
        text = f"{track.kind} track {track.name!r} takes {order}, {frame.shape} came"
        raise RemoteProtocolError(Code.PUBLISH_REFUSED, text, "shape")
    place, most = _CHANNELS.get(track.kind, (0, math.inf))
    if frame.shape[place] > most:
        text = (
            f"{track.kind} track {track.name!r} takes at most {most} channels, {frame.shape} came"
        )
        raise RemoteProtocolError(Code.PUBLISH_REFUSED, text, "shape")
    deep = (track.kind, frame.dtype, frame.shape[-1]) == ("video", "<u2", 1)  # mono16
    if frame.dtype != samples.dtype and not deep:
        text = f"{track.kind} track {track.name!r} takes {samples.dtype}, {frame.dtype} came"
        raise RemoteProtocolError(Code.PUBLISH_REFUSED, text, "dtype")
    expected = math.prod(frame.shape) * ITEMSIZE[frame.dtype]
    if expected != nbytes:
        text = f"{frame.shape} of {frame.dtype} is {expected} bytes, {nbytes} came"
        raise RemoteProtocolError(Code.PUBLISH_REFUSED, text, "shape")


def _fits(shape: tuple[int, ...], declared: tuple[int | None, ...] | None) -> bool:
    if declared is None:
        return True
    return len(shape) == len(declared) and all(
        size in (None, came) for came, size in zip(shape, declared, strict=True)
    )


def _order(samples: TensorContract) -> str:
    sizes = ["any" if size is None else str(size) for size in samples.shape or ()]
    return f"({', '.join(sizes)})"
