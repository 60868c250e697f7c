"""The connection file's content."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.errors import ConfigError
from reactor_zmq.wire.connection_file import (
    MAX_NBYTES,
    ConnectionFile,
    decode_connection_file,
    encode_connection_file,
)

FILE = ConnectionFile("demo", "tcp://127.0.0.1:5570", "tcp://127.0.0.1:5571", "secret", 4711)


def test_content_is_json_with_all_that_clients_read():
    """Any language can read it, the actor's pid and the protocol included."""
    assert json.loads(encode_connection_file(FILE)) == {
        "name": "demo", "events": "tcp://127.0.0.1:5570", "frames": "tcp://127.0.0.1:5571",
        "token": "secret", "pid": 4711, "actor_pid": 0, "protocol": 1,
    }  # fmt: skip


def test_it_is_read_as_it_was_written():
    """Encoding and decoding are each other's inverse."""
    assert decode_connection_file(encode_connection_file(FILE)) == FILE


def test_unknown_fields_are_ignored():
    """A newer runtime may say more."""
    content = json.dumps({**json.loads(encode_connection_file(FILE)), "mood": "fine"}).encode()
    assert decode_connection_file(content) == FILE


def test_the_token_is_not_printed():
    """Logs and tracebacks show what an object's text shows."""
    assert "secret" not in repr(FILE)


@pytest.mark.parametrize(
    "change", [{"protocol": 2}, {"events": "here"}, {"pid": -1}, {"token": None}, {"name": 5}]
)
def test_what_does_not_fit_is_refused(change: dict[str, object]):
    """A file that can't be followed says so."""
    content = json.dumps({**json.loads(encode_connection_file(FILE)), **change}).encode()
    with pytest.raises(ConfigError):
        decode_connection_file(content)


@given(st.binary())
def test_any_bytes_are_a_file_or_a_config_error(content: bytes):
    """Nothing else ever comes out."""
    with suppress(ConfigError):
        decode_connection_file(content)


def test_a_huge_file_is_not_decoded():
    """Whatever that is, it is no connection file."""
    with pytest.raises(ConfigError, match=str(MAX_NBYTES)):
        decode_connection_file(b" " * (MAX_NBYTES + 1))
