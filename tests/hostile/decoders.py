"""Every decoder that bytes of a peer reach, each with samples of what it accepts.

Its property: it returns, or raises what its docstring says, and nothing else. It is held by
seeded mutations in the tests and guided by coverage in ``make fuzz``.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec

from reactor_zmq.errors import ConfigError, RemoteProtocolError
from reactor_zmq.machines.access import Grant
from reactor_zmq.machines.frontend import FrontEnd
from reactor_zmq.machines.frontend_state import FrontEndSettings
from reactor_zmq.machines.frontend_vocabulary import (
    ActorSaid,
    ActorStarted,
    PeerArrived,
    PeerGone,
    PeerSaid,
)
from reactor_zmq.wire import control, http, link
from reactor_zmq.wire.connection_file import decode_connection_file
from reactor_zmq.wire.contract import (
    Contract,
    EventContract,
    ParamSpec,
    TrackContract,
    TypeSpec,
    encode_contract,
)
from reactor_zmq.wire.envelope import Encoding, decode, decode_data
from reactor_zmq.wire.header import FrameHeader, decode_header, encode_header
from reactor_zmq.wire.slot import SlotReference, decode_reference, encode_reference
from reactor_zmq.wire.validate import EventValidator
from reactor_zmq_bridge import words
from reactor_zmq_bridge.errors import BadMessageError
from reactor_zmq_bridge.record import BadRecordError, Kind, Record, decode_record, encode_head
from reactor_zmq_bridge.words import decode_fields, decode_text, decode_word

SHA = "ab" * 32


@dataclass(frozen=True)
class Target:
    """A decoder under attack.

    Attributes:
        name: For the report.
        take: Decodes, and returns whether it accepted.
        samples: What it accepts.
    """

    name: str
    take: Callable[[bytes], bool]
    samples: tuple[bytes, ...]


def refusing(
    decoder: Callable[[bytes], Any], refusal: type[Exception] = RemoteProtocolError
) -> Callable[[bytes], bool]:
    """Return whether a decoder accepts, where refusing means this error."""

    def take(data: bytes) -> bool:
        try:
            decoder(data)
        except refusal:
            return False
        return True

    return take


def both(value: Any) -> tuple[bytes, bytes]:
    """Return a value in JSON and in MessagePack."""
    return msgspec.json.encode(value), msgspec.msgpack.encode(value)


def _data_target(kind: type[Any], **sample: Any) -> Target:
    packed = both(sample)

    def read(data: bytes) -> object:
        encoding = Encoding.JSON if data[:1] == b"{" else Encoding.MSGPACK
        return decode_data(encoding, data, kind)

    return Target(f"data of {kind.__name__}", refusing(read), packed)


EVENT = EventContract(
    "all_kinds",
    (
        ParamSpec("prompt", TypeSpec("str", max_length=20), required=True),
        ParamSpec("count", TypeSpec("int", ge=-5, le=5), required=True),
        ParamSpec("share", TypeSpec("float", ge=0, le=1), default=0.5),
        ParamSpec("mode", TypeSpec("choice", choices=("a", 1, True)), default="a"),
        ParamSpec("flag", TypeSpec("bool"), default=False),
        ParamSpec("image", TypeSpec("upload", nullable=True)),
        ParamSpec(
            "points",
            TypeSpec("list", items=TypeSpec("dict", items=TypeSpec("float")), max_length=3),
            default=[],
        ),
    ),
)
EVENT_DATA = {
    "prompt": "a storm",
    "count": 3,
    "share": 0.25,
    "mode": 1,
    "flag": True,
    "image": {"upload_id": "u1"},
    "points": [{"x": 0.5, "y": 1e10}, {}],
}
_HEADER = FrameHeader(1, 2, 3, 4, 5, 6, (48, 64, 3), "|u1", "rgb8", b"meta", 48_000.0)
_REFERENCE = SlotReference(1, 2, 3, 4, 5, 4096, 4, 8, 9, 1)
_FILE = {
    "name": "demo", "events": "tcp://127.0.0.1:5570", "frames": "tcp://127.0.0.1:5571",
    "token": "t" * 32, "pid": 1, "actor_pid": 2, "protocol": 1,
}  # fmt: skip
_HTTP = b"GET /health/live?x=1 HTTP/1.1\r\nHost: localhost:9\r\nAccept: */*\r\n\r\n"


def _event_reader() -> Callable[[bytes], object]:
    validator = EventValidator(EVENT)

    def read(data: bytes) -> object:
        encoding = Encoding.JSON if data[:1] == b"{" else Encoding.MSGPACK
        return validator.upload_ids(validator.decode(encoding, data))

    return read


def split(data: bytes) -> list[bytes]:
    """Return the parts of a multipart that is written as ``length, part, length, part…``."""
    parts: list[bytes] = []
    while len(data) >= 2:
        size = struct.unpack_from(">H", data)[0]
        parts.append(data[2 : 2 + size])
        data = data[2 + size :]
    return parts


def join(*parts: bytes) -> bytes:
    """Return what :func:`split` takes apart."""
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def _word(kind: str, data: Any, *attached: bytes, **more: Any) -> tuple[bytes, bytes]:
    texts = both({"type": kind, "data": data, **more})
    return join(texts[0], *attached), join(texts[1], *attached)


def _whole(record: Record) -> bytes:
    return encode_head(record) + bytes(record.payload)


def _front_end() -> Callable[[bytes], object]:
    """Return the whole brain behind the events socket; nothing that a peer says raises.

    Each message comes from a client of its own, greeted before and gone afterwards.
    """
    numbers = count(1)
    brain = FrontEnd(FrontEndSettings("fuzz", "tcp://frames", 0.0), lambda: f"id{next(numbers)}")
    brain.handle(ActorStarted(1), 0.0)
    camera = TrackContract("camera", "video")
    contract = Contract("Fuzz", events=(EVENT,), inputs=(camera,))
    brain.handle(ActorSaid(link.Ready(encode_contract(contract))), 0.0)
    hello = msgspec.json.encode({"type": "$hello", "data": {"protocol": 1}})

    def hear(data: bytes) -> object:
        peer = b"%d" % next(numbers)
        brain.handle(PeerArrived(peer, Grant("fuzz", "steer")), 0.0)
        brain.handle(PeerSaid(peer, (hello,)), 0.0)
        brain.handle(PeerSaid(peer, split(data)), 0.0)
        brain.handle(PeerGone(peer), 0.0)
        assert brain.client_count == 0
        return None

    return hear


def _browser(data: bytes) -> object:
    text = decode_text(data, 65_536)
    decode_fields(text)
    return decode_word(text, _BROWSERS_WORDS[text.type]) if text.type in _BROWSERS_WORDS else text


_BROWSERS_WORDS = {"$hello": words.Hello, "$view": words.View, "$ack": words.Ack}
_BROWSER = (
    msgspec.json.encode({"type": "$hello", "data": {"version": 1, "token": "t"}, "id": 1}),
    msgspec.json.encode({"type": "$view", "data": {"tracks": {"main": {"max_width": 640}}}}),
    msgspec.json.encode({"type": "set_prompt", "data": {"prompt": "x"}, "id": "a"}),
)
_RECORD = _whole(Record(kind=Kind.VIDEO, track=1, seq=2, width=2, height=1, payload=bytes(8)))
WORDS = (
    *_word("$hello", {"protocol": 1, "name": "x", "resume": "id1"}, id=1),
    *_word("all_kinds", EVENT_DATA, id="two", seq=1),
    *_word("$upload", {"name": "x", "size": 3, "sha256": SHA}, id=3),
    *_word("$upload_chunk", {"upload_id": "id3", "offset": 0}, b"abc"),
    *_word("$publish", {"track": "camera", "shape": [2, 2, 3], "pts_ns": 0}, bytes(12)),
    *_word("$schema", {}, id=4),
)

TARGETS = (
    Target(
        "envelope",
        refusing(decode),
        (
            *both({"type": "set_prompt", "data": {"prompt": "a storm"}, "id": 2, "seq": 1}),
            *both({"type": "$ping", "id": "text"}),
        ),
    ),
    Target("an event's data", refusing(_event_reader()), both(EVENT_DATA)),
    _data_target(control.Hello, protocol=1, name="me", scope="view", resume="", follow_state=True),
    _data_target(control.Upload, name="cat.png", size=3, sha256=SHA, mime_type="image/png"),
    _data_target(control.UploadChunk, upload_id="u1", offset=0),
    _data_target(control.Publish, track="camera", shape=[2, 2, 3], dtype="|u1", pts_ns=1),
    Target("frame header", refusing(lambda d: decode_header(d, 9216)), (encode_header(_HEADER),)),
    Target(
        "slot reference",
        refusing(lambda d: decode_reference(d, 4096)),
        (encode_reference(_REFERENCE),),
    ),
    Target(
        "connection file",
        refusing(decode_connection_file, ConfigError),
        (msgspec.json.encode(_FILE),),
    ),
    Target("probe's request", refusing(http.read_request, http.HttpError), (_HTTP,)),
    Target("browser's text", refusing(_browser, BadMessageError), _BROWSER),
    Target("browser's record", refusing(decode_record, BadRecordError), (_RECORD,)),
    Target("front end", refusing(_front_end()), WORDS),
)

_ODD = (
    b"\x00", b"\xff", b"\xc1", b"\xc7\x00\x01", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff",
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", b"\xd6\xff",
    b"1e999", b"NaN", b"9" * 400, b'"\\ud800"', b"[" * 200, b"\x91" * 200, b"{", b"}", b"null",
    b"-0", b"\xed\xa0\x80", b"\\u0000",
)  # fmt: skip


def mutate(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return the data with one to four things wrong."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(6):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(out):
                out[at] = rng.randrange(256)
            case 2:
                del out[at : at + rng.choice((1, 2, 8))]
            case 3:
                out[at:at] = rng.choice(_ODD)
            case 4:
                out[at:] = other[rng.randrange(len(other) + 1) :]
            case _:
                out[at:at] = out[at : at + 16]
    return bytes(out)
