"""Frame records: the bytes of docs/bridge.md."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq_bridge.errors import BadRecordError
from reactor_zmq_bridge.record import (
    HEADER,
    Codec,
    Flag,
    Kind,
    Record,
    decode_record,
    encode_head,
)

EXAMPLE = Record(
    kind=Kind.VIDEO,
    codec=Codec.JPEG,
    flags=Flag.KEY | Flag.DISCONTINUITY,
    track=1,
    epoch=2,
    seq=300,
    made_ms=1234.5,
    width=1280,
    height=720,
    missing=4,
    metadata=b'{"a":1}',
    payload=b"JPEG",
)
GOLDEN = bytes.fromhex(
    "37000000" "01010203" "01000000" "02000000" "2c01000000000000" "00000000004a9340"
    "00050000" "d0020000" "04000000" "07000000"
) + b'{"a":1}JPEG'  # fmt: skip

RECORDS = st.builds(
    Record,
    kind=st.sampled_from(Kind),
    codec=st.sampled_from(Codec),
    flags=st.integers(0, 3).map(Flag),
    track=st.integers(0, 65_535),
    epoch=st.integers(0, 2**32 - 1),
    seq=st.integers(0, 2**64 - 1),
    made_ms=st.floats(allow_nan=False),
    width=st.integers(0, 2**32 - 1),
    height=st.integers(0, 2**32 - 1),
    missing=st.integers(0, 2**32 - 1),
    metadata=st.binary(max_size=64),
    payload=st.binary(max_size=64),
)


def test_golden_bytes():
    """The bytes of a record are those that docs/bridge.md shows, and mean the same."""
    assert encode_head(EXAMPLE) + bytes(EXAMPLE.payload) == GOLDEN
    assert decode_record(GOLDEN) == EXAMPLE
    assert HEADER.size == 48


@given(RECORDS)
def test_round_trip(record: Record):
    """What was encoded is decoded as it was."""
    assert decode_record(encode_head(record) + record.payload) == record


@given(st.binary(max_size=120) | st.binary(max_size=80).map(lambda tail: GOLDEN[:40] + tail))
def test_any_bytes(data: bytes):
    """Any bytes decode, or are refused as no record."""
    with suppress(BadRecordError):
        decode_record(data)


@pytest.mark.parametrize("change", [(4, b"\x02"), (5, b"\x09"), (6, b"\x09"), (10, b"\x01")])
def test_one_byte_wrong(change: tuple[int, bytes]):
    """A version, kind, codec or reserved field that is not known is refused."""
    place, byte = change
    with pytest.raises(BadRecordError):
        decode_record(GOLDEN[:place] + byte + GOLDEN[place + 1 :])
