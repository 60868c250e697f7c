"""What a viewer was sent in the last second."""

from __future__ import annotations

import time

from reactor_zmq_bridge.viewer import Viewer


class Meter:
    """Reads a viewer's counters and tells rates; read it about once a second."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._read_at = time.monotonic()
        self._before: dict[int, tuple[int, int]] = {}

    def read(self, viewers: int) -> dict[str, object]:
        """Return the data of ``$stats``; rates are since the last call."""
        now = time.monotonic()
        passed_s, self._read_at = max(now - self._read_at, 1e-3), now
        return {
            "track": {
                showing.track.name: self._track(index, passed_s)
                for index, showing in self._viewer.showing.items()
            },
            "viewers": viewers,
        }

    def _track(self, index: int, passed_s: float) -> dict[str, float]:
        flow = self._viewer.flow.tracks[index]
        sent, nbytes = self._before.get(index, (0, 0))
        if sent > flow.sent:
            sent = nbytes = 0
        self._before[index] = (flow.sent, flow.nbytes)
        return {
            "fps": round((flow.sent - sent) / passed_s, 1),
            "drops": flow.dropped,
            "nbytes_per_s": round((flow.nbytes - nbytes) / passed_s),
            "encode_ms": round(self._viewer.encode_ms(index), 2),
        }
