"""An actor-model runtime for real-time interactive models on ZeroMQ sockets."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from reactor_zmq.errors import BufferClosed, CommandError, EventError
from reactor_zmq.model.client import ClientInfo
from reactor_zmq.model.events import event
from reactor_zmq.model.fields import InputField, MessageField
from reactor_zmq.model.hooks import (
    connected,
    disconnected,
    file_uploaded,
    session_ended,
    session_started,
)
from reactor_zmq.model.idle import Idle
from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.model.pipeline import ReactorModel, ReactorPipeline
from reactor_zmq.model.port import ReadMode
from reactor_zmq.model.state import InputState
from reactor_zmq.model.tensor import Tensor
from reactor_zmq.model.tracks import Audio, Input, Output, TrackPayload, Video
from reactor_zmq.model.upload import UploadedFile

if TYPE_CHECKING:
    from reactor_zmq import aio
    from reactor_zmq.client import Client, Frame, connect
    from reactor_zmq.memory.to_video import to_video
    from reactor_zmq.testing import PipelineExecutor

__version__ = "0.1.0"

__all__ = [
    "Audio",
    "BufferClosed",
    "Client",
    "ClientInfo",
    "CommandError",
    "EventError",
    "Frame",
    "Idle",
    "Input",
    "InputField",
    "InputState",
    "MessageField",
    "ModelMessage",
    "Output",
    "PipelineExecutor",
    "ReactorModel",
    "ReactorPipeline",
    "ReadMode",
    "Tensor",
    "TrackPayload",
    "UploadedFile",
    "Video",
    "aio",
    "connect",
    "connected",
    "disconnected",
    "event",
    "file_uploaded",
    "session_ended",
    "session_started",
    "to_video",
]

# A model's file needs no client, and importing it has to be quick and free of zmq.
_LAZY = {
    "Client": "reactor_zmq.client",
    "Frame": "reactor_zmq.client",
    "connect": "reactor_zmq.client",
    "PipelineExecutor": "reactor_zmq.testing",
    "to_video": "reactor_zmq.memory.to_video",
}


def __getattr__(name: str) -> Any:
    if name == "aio":
        return importlib.import_module("reactor_zmq.aio")
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
