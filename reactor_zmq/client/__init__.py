"""Python clients, sync (here) and asyncio (:mod:`reactor_zmq.client.aio`)."""

from reactor_zmq.client.connecting import connect
from reactor_zmq.client.discovery import running
from reactor_zmq.client.frame import Frame
from reactor_zmq.client.frames import Frames
from reactor_zmq.client.messages import Message, Reply, UploadReference
from reactor_zmq.client.sync import Client

__all__ = [
    "Client",
    "Frame",
    "Frames",
    "Message",
    "Reply",
    "UploadReference",
    "connect",
    "running",
]
