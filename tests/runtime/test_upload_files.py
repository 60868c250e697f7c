"""The bytes of uploads: sealed when whole, forgotten when there is no room."""

from __future__ import annotations

import os
import resource

import pytest

from reactor_zmq.runtime.files import Files


def test_whole_file_is_sealed(resources):
    """Nobody can change a file that the model was given."""
    files = Files()
    assert files.write("u", 0, b"hello")
    fd = files.sealed("u")
    assert os.pread(fd, 10, 0) == b"hello"
    with pytest.raises(PermissionError):
        os.pwrite(fd, b"x", 0)
    files.close()


def test_no_descriptor_left_is_no_disaster(resources):
    """A file for which the system has no room is forgotten, and the others stay."""
    files = Files()
    files.write("kept", 0, b"kept")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(entry.name) for entry in os.scandir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
    try:
        assert [files.write(f"u{n}", 0, b"x") for n in range(used + 1)][-1] is False
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert os.pread(files.sealed("kept"), 10, 0) == b"kept"
    assert files.write("again", 0, b"x")
    files.close()
