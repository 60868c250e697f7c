"""What ``from reactor_zmq import …`` offers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import reactor_zmq

AUTHORING = (
    "InputField InputState ModelMessage MessageField Output Input ReactorPipeline ReactorModel "
    "UploadedFile Video Audio TrackPayload event session_started session_ended connected "
    "disconnected file_uploaded ClientInfo Idle ReadMode BufferClosed EventError CommandError"
)


@pytest.mark.parametrize("name", AUTHORING.split())
def test_authoring_names_are_there(name: str) -> None:
    """Every name of the authoring API is exported at the top."""
    assert getattr(reactor_zmq, name)
    assert name in reactor_zmq.__all__


@pytest.mark.parametrize("name", ["PipelineExecutor", "connect", "Client", "Frame", "aio"])
def test_names_beyond_authoring_come_when_asked_for(name: str) -> None:
    """Client and executor are offered at the top as well, and listed."""
    assert name in reactor_zmq.__all__
    assert getattr(reactor_zmq, name)


def test_command_error_is_event_error() -> None:
    """Both names raise the same."""
    assert reactor_zmq.CommandError is reactor_zmq.EventError


def test_unknown_names_are_attribute_errors() -> None:
    """A typo is told as in any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Inputt'"):
        _ = reactor_zmq.Inputt  # type: ignore[attr-defined]


def test_importing_does_not_import_zmq_or_numpy() -> None:
    """A model's file needs neither sockets nor arrays to be read."""
    code = "import reactor_zmq, sys; print([m for m in ('zmq', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
