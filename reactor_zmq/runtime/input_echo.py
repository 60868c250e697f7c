"""What clients publish, shown to whoever subscribes: recorders, and viewers of a camera."""

from __future__ import annotations

import time
from dataclasses import dataclass

from reactor_zmq.machines.frontend_vocabulary import Buffer
from reactor_zmq.sockets.xpub import FramesSocket
from reactor_zmq.wire.contract import Contract, TrackContract
from reactor_zmq.wire.control import Publish
from reactor_zmq.wire.envelope import PROTOCOL_VERSION
from reactor_zmq.wire.header import FrameHeader, encode_header, input_topic, sample_encoding


@dataclass(slots=True)
class _Input:
    contract: TrackContract
    topic: bytes
    wanted: bool = False
    seq: int = 0


class InputEcho:
    """Sends published frames on, by copy; belongs to the front end's thread."""

    def __init__(self, socket: FramesSocket) -> None:
        self._socket = socket
        self._inputs: list[_Input] = []
        self._epoch = 0

    def actor_started(self, epoch: int) -> None:
        """Count anew."""
        self._epoch = epoch
        for track in self._inputs:
            track.seq = 0

    def model_loaded(self, contract: Contract) -> None:
        """Take over the model's input tracks."""
        self._inputs = [_Input(track, input_topic(track.name)) for track in contract.inputs]

    def mark_wanted(self) -> None:
        """Take note of what is subscribed to."""
        for track in self._inputs:
            track.wanted = self._socket.wants(track.topic)

    def show(self, index: int, frame: Publish, payload: Buffer) -> None:
        """Send a published frame to those who subscribed to its track."""
        track = self._inputs[index]
        seq, track.seq = track.seq, track.seq + 1
        if not track.wanted:
            return
        now_ns = time.time_ns()
        header = FrameHeader(
            version=PROTOCOL_VERSION,
            epoch=self._epoch,
            seq=seq,
            pts_ns=frame.pts_ns,
            produced_ns=now_ns,
            sent_ns=now_ns,
            shape=frame.shape,
            dtype=frame.dtype,
            encoding=sample_encoding(track.contract.kind, frame.shape, frame.dtype),
            metadata=frame.metadata,
            rate_hz=float(track.contract.sample_rate),
        )
        self._socket.begin(track.topic, drop=True)
        self._socket.finish(encode_header(header), memoryview(payload), lend=False)
