"""A run's pictures through Foxglove's own SDK: NAME raw|jpeg BACKLOG.

Prints the port. Frames are the newest, encoded by the recorder's encoders, as the bridge does.
"""

from __future__ import annotations

import sys

import foxglove  # pyright: ignore[reportMissingImports]

import reactor_zmq
from reactor_zmq_recording.channels import frame_encoder, track_plan
from reactor_zmq_ros2.definitions import schema_text


def main() -> None:
    name, codec, backlog = sys.argv[1], sys.argv[2], int(sys.argv[3])
    server = foxglove.start_server(port=0, message_backlog_size=backlog or None)
    print(server.port, flush=True)
    with reactor_zmq.connect(name, timeout=20) as client:
        client.wait_ready(20)
        track = client.tracks[0]
        plan, encoder = track_plan(client.model, track, "out", codec), frame_encoder(track, codec)
        text = schema_text(plan.message_type).encode()
        schema = foxglove.Schema(name=plan.message_type, encoding="ros2msg", data=text)
        channel = foxglove.Channel(plan.topic, schema=schema, message_encoding="cdr")
        for frame in client.frames(track.track):
            if channel.has_sinks():
                channel.log(encoder.encode(frame), log_time=frame.received_ns)


main()
