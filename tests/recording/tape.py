"""What tests of recordings share: frames made up, files written and read by others' libraries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.rosbag2.storage_mcap import McapReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from reactor_zmq.client import Frame
from reactor_zmq.wire.contract import TensorContract
from reactor_zmq.wire.control import TopicInfo
from reactor_zmq.wire.header import sample_encoding
from reactor_zmq_recording.channels import plan_track, text_message, word_plan
from reactor_zmq_recording.file import RecordingFile

SECOND_NS = 1_000_000_000
BEGAN_NS = 1_700_000_000 * SECOND_NS


def topic(name: str, kind: str, tensor: TensorContract | None = None) -> TopicInfo:
    return TopicInfo(name, kind, f"frame/{name}/", 48_000 if kind == "audio" else 0, tensor)


def frame(track: TopicInfo, array: np.ndarray[Any, Any], seq: int = 0) -> Frame:
    """Return a frame of a track, made a moment before it was received."""
    return Frame(
        array=array,
        track=track.track,
        seq=seq,
        epoch=1,
        pts_ns=seq,
        produced_ns=BEGAN_NS + seq * SECOND_NS // 50,
        sent_ns=BEGAN_NS + seq * SECOND_NS // 50,
        received_ns=BEGAN_NS + seq * SECOND_NS // 50 + 1_000_000,
        metadata=b"",
        gap=0,
        encoding=sample_encoding(track.kind, array.shape, array.dtype.str),
        rate_hz=float(track.sample_rate),
    )


def write(
    path: Path,
    track: TopicInfo,
    arrays: list[np.ndarray[Any, Any]],
    codec: Any = "raw",
    *,
    chunks: bool = False,
) -> None:
    """Write a track's frames, each into a chunk of its own if asked for, and one word."""
    file = RecordingFile(path)
    frames = [frame(track, array, seq) for seq, array in enumerate(arrays)]
    plan, encoder = plan_track("tape", track, "out", codec, frames[0])
    file.add(word_plan("tape", "state"), text_message({"n": 1}), BEGAN_NS, BEGAN_NS)
    for each in frames:
        data = encoder.encode(each)
        file.add(plan, data, each.received_ns, each.produced_ns, each.seq)
        if chunks:
            file.flush_now()
    file.close()


@dataclass(frozen=True)
class Read:
    """A message as mcap-ros2-support reads it."""

    ros_msg: Any
    publish_time_ns: int


def ros2_messages(path: Path, topic_name: str) -> list[Read]:
    """Return a topic's messages as mcap-ros2-support reads them, checksums checked."""
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        found = reader.iter_decoded_messages(topics=[topic_name])
        return [Read(each, message.publish_time) for _, _, message, each in found]


def bag_messages(path: Path, topic_name: str) -> list[tuple[int, Any]]:
    """Return the same as rosbags reads them: log time and message."""
    reader = McapReader(path)
    reader.open()
    try:
        store = get_typestore(Stores.ROS2_JAZZY)
        for connection in reader.connections:
            if connection.msgtype not in store.types:
                text = connection.msgdef.data
                store.register(get_types_from_msg(text, connection.msgtype))
        wanted = [c for c in reader.connections if c.topic == topic_name]
        return [
            (stamp, store.deserialize_cdr(data, connection.msgtype))
            for connection, stamp, data in reader.messages(wanted)
        ]
    finally:
        reader.close()
