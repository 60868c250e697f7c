"""Uploaded files: descriptors in, bytes out, nothing left open."""

from __future__ import annotations

import os

import pytest

from reactor_zmq.actor.uploads import UploadStore
from reactor_zmq.wire.link import UploadStored


def memfd(data: bytes) -> int:
    fd = os.memfd_create("test", os.MFD_CLOEXEC)
    os.write(fd, data)
    return fd


def stored(upload_id="u", size=3):
    return UploadStored(upload_id, "a", "x.bin", "application/x", size)


def test_bytes_are_read_once_when_somebody_asks(resources):
    """The same file each time; its descriptor is closed."""
    store = UploadStore()
    store.add(stored(), memfd(b"abc"))
    file = store.resolve("u")
    assert (file.name, file.mime_type, file.size, file.data) == (
        "x.bin",
        "application/x",
        3,
        b"abc",
    )
    assert file.upload_id == "u"
    assert store.resolve("u") is file


def test_a_dropped_file_is_unknown(resources):
    """Read or not, its descriptor is closed; dropping twice is harmless."""
    store = UploadStore()
    for upload_id in "uv":
        store.add(stored(upload_id), memfd(b"abc"))
    kept = store.resolve("u")
    for upload_id in "uvv":
        store.drop(upload_id)
        with pytest.raises(KeyError):
            store.resolve(upload_id)
    assert kept.data == b"abc"


def test_a_file_that_ends_too_early_is_an_error(resources):
    """Never fewer bytes than were promised."""
    store = UploadStore()
    store.add(stored(size=9), memfd(b"abc"))
    with pytest.raises(OSError, match="9 bytes ends at 3"):
        store.resolve("u")


def test_close_forgets_everything(resources):
    """An empty file is a file too."""
    store = UploadStore()
    store.add(stored("u", size=0), memfd(b""))
    assert store.resolve("u").data == b""
    store.add(stored("v"), memfd(b"abc"))
    store.close()
    with pytest.raises(KeyError):
        store.resolve("v")
