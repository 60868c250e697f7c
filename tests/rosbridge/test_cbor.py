"""CBOR as clients read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq_bridge.rosbridge.cbor import encode_cbor


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1000, "1903e8"),
        (1000000, "1a000f4240"),
        (1000000000000, "1b000000e8d4a51000"),
        (-1, "20"),
        (-1000, "3903e7"),
        (1.1, "fb3ff199999999999a"),
        (False, "f4"),
        (None, "f6"),
        (b"\1\2\3\4", "4401020304"),
        ("ü", "62c3bc"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    ],
)
def test_examples_of_the_standard(value, expected):
    """RFC 8949's own examples, appendix A."""
    assert encode_cbor(value).hex() == expected


@given(st.integers(-(2**64), 2**64 - 1))
def test_integers_have_a_form(value):
    """Every integer of 64 bits does."""
    assert encode_cbor(value)


def test_refused():
    """What is no plain data is refused."""
    with pytest.raises(TypeError, match="object has no form"):
        encode_cbor(object())
    with pytest.raises(OverflowError):
        encode_cbor(2**64)
