"""The bytes of docs/protocol.md, pinned: a change here is a change of the protocol."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.wire.codes import Code, State
from reactor_zmq.wire.contract import TensorContract
from reactor_zmq.wire.control import Hello, TopicInfo, Upload, UploadCredit, UploadReady
from reactor_zmq.wire.envelope import (
    Encoding,
    decode,
    decode_data,
    encode,
    encode_packed,
)
from reactor_zmq.wire.header import (
    FrameHeader,
    decode_header,
    encode_header,
    frame_topic,
    video_encoding,
)
from reactor_zmq.wire.slot import SlotReference, decode_reference, encode_reference, slot_topic

HEADER = FrameHeader(
    version=1,
    epoch=2,
    seq=3,
    pts_ns=4_000_000,
    produced_ns=1_700_000_000_000_000_000,
    sent_ns=1_700_000_000_001_000_000,
    shape=(480, 640, 3),
    dtype="|u1",
    encoding="rgb8",
    metadata=b'{"a":1}',
)
HEADER_HEX = (
    "9b010203ce003d0900cf17979cfe362a0000cf17979cfe3639424093cd01e0cd028003"
    "a37c7531a472676238c4077b2261223a317dcb0000000000000000"
)

REFERENCE = SlotReference(
    pid=4711,
    fd=36,
    key=2_928_663_636_748_121,
    generation=1_048_577,
    slots=16,
    slot_nbytes=925_696,
    slot=5,
    stamp=24,
    order=7,
    track=0,
)
REFERENCE_HEX = "9acd126724cf000a679aa3bc2759ce0010000110ce000e200005180700"

ENVELOPES = [
    (
        "$hello",
        Hello(protocol=1),
        1,
        b'{"type":"$hello","data":{"protocol":1},"id":1}',
        "83a474797065a62468656c6c6fa46461746181a870726f746f636f6c01a2696401",
    ),
    (
        "set_prompt",
        {"prompt": "a storm"},
        2,
        b'{"type":"set_prompt","data":{"prompt":"a storm"},"id":2}',
        "83a474797065aa7365745f70726f6d7074a46461746181a670726f6d7074a7612073746f726da2696402",
    ),
    (
        "$ok",
        None,
        2,
        b'{"type":"$ok","data":{},"id":2}',
        "83a474797065a3246f6ba46461746180a2696402",
    ),
    (
        "$upload_ready",
        UploadReady("u1", 262144, 4),
        3,
        b'{"type":"$upload_ready","data":{"upload_id":"u1","chunk_nbytes":262144,"credit":4},"id":3}',
        None,
    ),
    (
        "$upload_credit",
        UploadCredit("u1", 262144, 1),
        None,
        b'{"type":"$upload_credit","data":{"upload_id":"u1","received":262144,"credit":1}}',
        None,
    ),
]


@pytest.mark.parametrize(("kind", "data", "id_", "json", "packed"), ENVELOPES)
def test_envelope_bytes(kind, data, id_, json, packed):
    """Envelopes have these bytes in JSON and in MessagePack, and decode to themselves."""
    assert encode(Encoding.JSON, kind, data, id_) == json
    part = encode(Encoding.MSGPACK, kind, data, id_)
    if packed:
        assert part.hex() == packed
    for encoding, bytes_ in ((Encoding.JSON, json), (Encoding.MSGPACK, part)):
        found, envelope = decode(bytes_)
        assert (found, envelope.type, envelope.id) == (encoding, kind, id_)


TENSOR_HEADER = FrameHeader(
    version=1,
    epoch=2,
    seq=3,
    pts_ns=20_000_000,
    produced_ns=1_700_000_000_000_000_000,
    sent_ns=1_700_000_000_001_000_000,
    shape=(16, 7),
    dtype="<f4",
    encoding="tensor",
)
TENSOR_HEADER_HEX = (
    "9b010203ce01312d00cf17979cfe362a0000cf17979cfe36394240921007a33c6634"
    "a674656e736f72c400cb0000000000000000"
)
TENSOR_TOPIC = TopicInfo(
    "actions",
    "tensor",
    "frame/actions/",
    tensor=TensorContract("<f4", (16, None), ("base", "grip"), "position"),
)
TENSOR_TOPIC_JSON = (
    b'{"track":"actions","kind":"tensor","topic":"frame/actions/","sample_rate":0,'
    b'"tensor":{"dtype":"<f4","shape":[16,null],"names":["base","grip"],"quantity":"position"}}'
)


def test_tensor_bytes():
    """A numeric track's frame has this header, and is told of in these words."""
    assert encode_header(TENSOR_HEADER).hex() == TENSOR_HEADER_HEX
    assert decode_header(bytes.fromhex(TENSOR_HEADER_HEX), 16 * 7 * 4) == TENSOR_HEADER
    assert msgspec.json.encode(TENSOR_TOPIC) == TENSOR_TOPIC_JSON
    assert msgspec.json.decode(TENSOR_TOPIC_JSON, type=TopicInfo) == TENSOR_TOPIC


def test_readers_let_kinds_pass_that_they_do_not_know():
    """A track of a kind that was invented later does not keep a client out."""
    told = msgspec.json.decode(b'{"track":"t","kind":"smell","topic":"frame/t/"}', type=TopicInfo)
    assert told.kind == "smell"


def test_header_bytes():
    """A frame header has these bytes."""
    assert encode_header(HEADER).hex() == HEADER_HEX
    assert decode_header(bytes.fromhex(HEADER_HEX), 480 * 640 * 3) == HEADER


def test_reference_bytes():
    """A slot reference has these bytes, and its topic these."""
    assert encode_reference(REFERENCE).hex() == REFERENCE_HEX
    assert decode_reference(bytes.fromhex(REFERENCE_HEX), HEADER.nbytes) == REFERENCE
    assert slot_topic("main_video") == b"slot/main_video/"


def test_reference_may_grow_at_its_end():
    """A reference with fields of a later package is read."""
    fields = msgspec.msgpack.decode(bytes.fromhex(REFERENCE_HEX))
    longer = msgspec.msgpack.encode([*fields, "later", 1])
    assert decode_reference(longer, HEADER.nbytes) == REFERENCE


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [(0, 0, "int >= 1"), (6, 16, "0..15"), (5, 4096, "can't hold 921600"), (2, 2**53, "int <=")],
)
def test_reference_that_can_not_be_is_refused(place, value, text):
    """Slots beyond the ring, too small for the frame, or of nobody are refused with the bound."""
    fields = msgspec.msgpack.decode(bytes.fromhex(REFERENCE_HEX))
    fields[place] = value
    with pytest.raises(RemoteProtocolError) as caught:
        decode_reference(msgspec.msgpack.encode(fields), HEADER.nbytes)
    assert text in str(caught.value)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_reference_or_refused(part):
    """Whatever comes is decoded or refused, never anything else."""
    with contextlib.suppress(RemoteProtocolError):
        decode_reference(part, 1)


def test_header_may_grow_at_its_end():
    """A header with fields of a later package is read, and a short one takes the defaults."""
    fields = msgspec.msgpack.decode(bytes.fromhex(HEADER_HEX))
    longer = msgspec.msgpack.encode([*fields, "later", 1])
    assert decode_header(longer, HEADER.nbytes) == HEADER
    short = decode_header(msgspec.msgpack.encode(fields[:9]), HEADER.nbytes)
    assert (short.metadata, short.rate_hz) == (b"", 0.0)


def test_header_that_lies_about_its_payload_is_refused():
    """Size and shape have to agree."""
    with pytest.raises(RemoteProtocolError, match="921600 bytes, 5 came"):
        decode_header(bytes.fromhex(HEADER_HEX), 5)


def test_header_of_another_version_is_refused():
    """A viewer says which versions met."""
    fields = [7, *msgspec.msgpack.decode(bytes.fromhex(HEADER_HEX))[1:]]
    with pytest.raises(RemoteProtocolError, match="protocol 7"):
        decode_header(msgspec.msgpack.encode(fields), HEADER.nbytes)


def test_topic_is_terminated():
    """A subscription to one track never matches another whose name begins alike."""
    assert frame_topic("main") == b"frame/main/"
    assert not frame_topic("main_video").startswith(frame_topic("main"))


@pytest.mark.parametrize(
    ("shape", "dtype", "name"),
    [
        ((4, 4, 3), "|u1", "rgb8"),
        ((4, 4, 4), "|u1", "rgba8"),
        ((4, 4, 1), "|u1", "mono8"),
        ((4, 4, 1), "<u2", "mono16"),
        ((4, 4, 2), "|u1", "raw"),
        ((4, 4, 3), "<f4", "raw"),
    ],
)
def test_encodings_have_ros_names(shape, dtype, name):
    """Layouts that ROS knows are called as ROS calls them."""
    assert video_encoding(shape, dtype) == name


def test_ints_stay_ints_when_packed_data_becomes_json():
    """Transcoding for a JSON peer keeps every number's type."""
    packed = msgspec.msgpack.encode({"step": 3, "share": 3.0})
    part = encode_packed(Encoding.JSON, "progress", packed)
    assert part == b'{"type":"progress","data":{"step":3,"share":3.0}}'


def test_missing_data_is_an_empty_map():
    """Control words without arguments need no data."""
    _, envelope = decode(b'{"type":"$upload"}')
    with pytest.raises(RemoteProtocolError) as caught:
        decode_data(Encoding.JSON, envelope.data, Upload)
    assert (caught.value.code, caught.value.field) == ("invalid_data", "name")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "f", "size": -1, "sha256": "0" * 64}, "size"),
        ({"name": "f", "size": 1, "sha256": "short"}, "sha256"),
        ({"name": "f" * 256, "size": 1, "sha256": "0" * 64}, "name"),
        ({"name": "f", "size": 1, "sha256": "0" * 64, "x": 1}, "x"),
    ],
)
def test_refusals_name_the_field(data, field):
    """A control word's bad field is named."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode_data(Encoding.JSON, msgspec.json.encode(data), Upload)
    assert caught.value.field == field


def test_page_and_code_agree_on_words():
    """Every error code of the code stands in the protocol page."""
    page = Path(__file__).parents[2].joinpath("docs", "protocol.md").read_text()
    assert [c for c in [*Code, *State] if f"`{c.value}`" not in page] == []


def test_digest_in_the_example_is_a_sha256():
    """The announcement's digest is SHA-256 in lower-case hex."""
    Upload(name="f", size=0, sha256=hashlib.sha256(b"").hexdigest())
